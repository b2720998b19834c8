"""What happened to one patient: events, the log they form, and the facts learned from them."""
