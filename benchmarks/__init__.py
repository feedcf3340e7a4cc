"""Measurements. `make bench` runs them; results are ratios within one run, dated, in benchmarks/results/."""
