"""What people and systems can do with episodes: one module per verb."""
