"""What the three questions take over lakes of 10 and 100 million rows: `python -m benchmarks.queries`."""
