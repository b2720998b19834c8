"""How fast the service is, as ratios measured side by side: `make bench`."""
