"""The pages: what coordinators, clinicians and auditors see in a browser, on the same use cases as the other edges."""
