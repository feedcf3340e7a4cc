"""Spark: a cluster of several processes on this machine, and what runs on it."""
