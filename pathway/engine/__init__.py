"""What comes next: definitions, guards, the fold, and the recommendation. Pure functions of values."""
