"""Engines that run the queries: DuckDB on one machine. Nothing above this folder knows which one runs."""
