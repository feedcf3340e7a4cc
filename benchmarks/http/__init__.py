"""
The server beside nginx and whoami: `python -m benchmarks.http`, `make bench-http`.

Needs Linux, two cores, nginx and wrk. The way through the code: traffic (what is asked) → candidates (who answers,
nginx as nginx.py configures it) → throughput, rate, idle, start (what is measured) → report (the Markdown).
"""
