"""The override of a hard stop takes two clinicians, over real HTTP, whatever one of them tries."""
