"""The HTTP edge: translates requests into use cases and their answers into responses; no rule lives here."""
