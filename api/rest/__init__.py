"""JSON for integrations: one module per thing the calls are about."""
