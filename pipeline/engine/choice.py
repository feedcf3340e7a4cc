"""Which engine runs: as the command line or a variable says, else as Spark has started this process."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from echo.clientip import quote
from pipeline.errors import UsageFault

DUCKDB, SPARK = "duckdb", "spark"
ENGINES = (DUCKDB, SPARK)
SUBMITTED, REMOTE = "PYSPARK_GATEWAY_PORT", "SPARK_REMOTE"  # of spark-submit, and of a client of Spark Connect
CONNECT = "sc://"
MASTER = re.compile(r"local(\[.+\])?|local-cluster\[.+\]|spark://.+|yarn|k8s://.+|sc://.+")


class Choice(NamedTuple):
    """An engine, and the master that Spark is to use; "" is what Spark's own settings say."""

    engine: str = DUCKDB
    master: str = ""

    @property
    def cluster(self) -> bool:
        """Whether work is spread over other processes."""
        return self.engine == SPARK


def choose(
    engine: str | None, master: str | None, *, said: bool = True, environ: Mapping[str, str] = os.environ
) -> Choice:
    """
    Return what runs.

    engine   None where nobody said it: Spark under spark-submit or as a client of Spark Connect, else DuckDB
    said     whether the master was said on the command line: a variable that names one is for Spark alone

    Raises UsageFault for a master that is none, or that DuckDB does not have.
    """
    name = engine or (SPARK if environ.get(SUBMITTED) or environ.get(REMOTE) else DUCKDB)
    if name != SPARK:
        if master and said:
            raise UsageFault("is Spark's, and DuckDB runs", "--master", "add --engine spark")
        return Choice(name)
    if master and MASTER.fullmatch(master) is None:
        raise UsageFault(
            f"{quote(master)} is no master",
            "--master",
            "name local[4], spark://HOST:7077, yarn, k8s://URL or sc://HOST",
        )
    if master and environ.get(REMOTE) and not master.startswith(CONNECT):
        raise UsageFault(
            f"{quote(master)} is no server of Spark Connect, and {REMOTE} names one", "--master",
            f"name sc://HOST, or unset {REMOTE}",
        )  # fmt: skip
    return Choice(name, master or "")
