"""
Every query finds on Spark what it finds in DuckDB, over all examples at once: either engine is asked all of them.

A query is asked with the parameters of each of its examples. What it reads beside requests has what all examples have
there, but for what the program has itself, as its rules.
"""

from __future__ import annotations

import json
from collections import defaultdict

import pyarrow as pa
import pytest

from pipeline.attacks.stages import TABLES
from pipeline.engine import LOCAL, Choice, Engine, open_engine
from pipeline.lake import Lake
from tests.pipeline.queries.cases import PERIOD, Case, cases, relate
from tests.spark.close import close
from tests.spark.cluster import SPARK

pytestmark = SPARK


def asked() -> list[Case]:
    """Return a case of each query and its parameters; those of a period follow each other, so that stages are kept."""

    def parameters(case: Case) -> str:
        return json.dumps(case.parameters, default=str)

    different = {(case.query, parameters(case)): case for case in reversed(cases())}
    return sorted(different.values(), key=lambda case: (bool(case.parameters.keys() - PERIOD), parameters(case)))


def beside() -> dict[str, pa.Table]:
    """Return relation -> what all cases have beside requests."""
    tables: dict[str, list[pa.Table]] = defaultdict(list)
    for case in cases():
        for name in case.relations.keys() - TABLES:
            tables[name].append(case.relations[name])
    return {name: pa.concat_tables(some, promote_options="permissive") for name, some in tables.items()}


@pytest.fixture(scope="module")
def engines(examples: Lake, cluster: Choice) -> tuple[Engine, Engine]:
    both = open_engine(examples, LOCAL), open_engine(examples, cluster)
    for engine in both:
        relate(engine, beside())
    return both


@pytest.mark.parametrize("case", asked(), ids=str)
def test_a_query_finds_on_spark_what_it_finds_in_duckdb(case: Case, engines: tuple[Engine, Engine]) -> None:
    wanted, found = (case.found_by(engine) for engine in engines)
    assert wanted
    assert found == close(wanted)
