"""How many attacks the signatures find, how often they are wrong, and what they cost an ingest."""
