"""A corpus of tokens that nobody must be let in with, and of their good variants."""
