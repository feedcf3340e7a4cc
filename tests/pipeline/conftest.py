"""Lakes out of a few rows, and the logs that the project holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from echo.clientip import classify, parse_address
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of, rows_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA, ROW_SCHEMA

DATA = Path(__file__).parent.parent / "data"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def table_of(rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows of the lake; what is not given is null, and what follows from client_ip and ts is filled in."""
    full = []
    for given in rows:
        row = {"ts": NOON, **given}
        address = parse_address(row.get("client_ip") or "")
        if address is not None:
            row |= {"client_ip_num": address.packed, "client_class": classify(address.packed)}
        full.append({**row, "date": row["ts"].date()})
    return rows_of({field.name: pa.array([row.get(field.name) for row in full], field.type) for field in ROW_SCHEMA})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def engine_of(lake: Lake) -> Callable[[Iterable[dict[str, Any]]], Engine]:
    """An engine over a lake that holds the rows given."""

    def build(rows: Iterable[dict[str, Any]]) -> Engine:
        lake.commit(
            lake.write(table_of(rows)),
            rejects_of({field.name: [] for field in REJECT_SCHEMA}),
            "test",
            Mark(1, 0),
            None,
        )
        return Engine(lake)

    return build


@pytest.fixture(scope="session")
def city_mmdb() -> str:
    return str(DATA / "mmdb" / "GeoIP2-City-Test.mmdb")
