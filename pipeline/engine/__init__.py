"""Engines that run the queries: DuckDB on one machine, Spark past it. Nothing above knows which one runs."""

from pipeline.engine.base import MAX_STATEMENT_CHARS, Engine, Limits, Result, Statement
from pipeline.engine.bound import bound_process
from pipeline.engine.choice import DUCKDB, ENGINES, SPARK, Choice, choose
from pipeline.engine.opening import LOCAL, open_engine, open_spread

__all__ = [
    "DUCKDB", "ENGINES", "LOCAL", "MAX_STATEMENT_CHARS", "SPARK", "Choice", "Engine", "Limits", "Result", "Statement",
    "bound_process", "choose", "open_engine", "open_spread",
]  # fmt: skip
