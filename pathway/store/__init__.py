"""The only package that knows the database: what was recorded, kept durably and never amended."""
