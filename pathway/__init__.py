"""Treatment pathways for relapsed and refractory high-risk neuroblastoma; knows no HTTP."""
