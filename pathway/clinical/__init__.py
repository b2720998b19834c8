"""Medicine as functions of values: no episodes, no states, no input or output."""
