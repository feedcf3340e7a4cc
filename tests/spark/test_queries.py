"""Every query, over its examples, finds on Spark what it finds in DuckDB: one engine is asked all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine import Choice, Engine, open_engine
from tests.pipeline.queries.cases import Case, cases, lake_of
from tests.spark.close import close
from tests.spark.cluster import SPARK

pytestmark = SPARK


@pytest.fixture(scope="module")
def engine(cluster: Choice, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    place: Path = tmp_path_factory.mktemp("queries")
    return open_engine(lake_of(str(place), []), cluster)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_query_finds_on_spark_what_it_finds_in_duckdb(case: Case, engine: Engine) -> None:
    assert case.found_by(engine, case.rows) == close(case.found(case.rows))
