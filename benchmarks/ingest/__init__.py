"""
Ingest and what can be asked of the lake, measured on logs of a made-up site.

The way through the code so far: pools (what occurs in the logs) → generator (the logs).
"""
