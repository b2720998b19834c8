"""Relapsed or refractory high-risk neuroblastoma: Figure 1 of the review, as tables."""
