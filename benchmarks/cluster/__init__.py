"""
The same work on one executor and on two, and what it says of a terabyte a day: `make bench-cluster`.

The way through the code: generator (the logs) → shapes (clusters, and how Spark is set up for being measured) →
processes (CPU and memory by kind of process), events (what Spark counts of tasks), daemon (what the Python workers
take, stage by stage) → measuring (a command on a cluster) → model (numbers to a plan) → report (the Markdown).
"""
