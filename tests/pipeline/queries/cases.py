"""Cases as folders: read them, run them through the real engine, and tell what was found as JSON."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from pipeline import query
from pipeline.attacks import stages
from pipeline.engine import LOCAL, Choice, Engine, open_engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.logins import Settings
from pipeline.logins.stages import register
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.conftest import table_of

FOLDER = Path(__file__).parent
ROWS, PARAMETERS, EXPECTED = "rows.jsonl", "parameters.json", "expected.jsonl"
SOURCE = "access.log"
NOTES = ("times", "every", "miss")  # keys of a row that are no columns
PERIOD = {"since", "until"}


class Case(NamedTuple):
    """An example of a query."""

    query: str
    name: str
    folder: Path

    def __str__(self) -> str:
        return f"{self.query}/{self.name}"

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the lines of rows.jsonl."""
        return lines(self.folder / ROWS)

    @property
    def parameters(self) -> dict[str, Any]:
        """Return the parameters as the query takes them."""
        path = self.folder / PARAMETERS
        given = json.loads(path.read_text("utf-8")) if path.exists() else {}
        timestamps = {one.name for one in query.load(self.query).parameters if one.type == "timestamp"}
        return {name: moment(value) if name in timestamps else value for name, value in given.items()}

    @property
    def relations(self) -> dict[str, pa.Table]:
        """Return the tables beside the rows, by name."""
        beside = [path for path in sorted(self.folder.glob("*.jsonl")) if path.name not in (ROWS, EXPECTED)]
        return {path.stem: pa.Table.from_pylist([typed(row) for row in lines(path)]) for path in beside}

    @property
    def expected(self) -> list[dict[str, Any]]:
        """Return the lines of expected.jsonl."""
        return self.ordered(lines(self.folder / EXPECTED))

    def ordered(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows in their order; of a query without one, in any that is always the same."""
        return rows if "\nORDER BY" in query.load(self.query).sql else sorted(rows, key=json.dumps)

    def found(self, rows: Sequence[dict[str, Any]], choice: Choice = LOCAL) -> list[dict[str, Any]]:
        """Return what the query finds in rows, as JSON has it."""
        with tempfile.TemporaryDirectory() as place:
            engine = open_engine(lake_of(place, rows), choice)
            relate(engine, self.relations)
            return self.found_by(engine)

    def found_by(self, engine: Engine) -> list[dict[str, Any]]:
        """Return what the query finds in what an engine has; stages that it has of that period are not made anew."""
        parameters = self.parameters
        read = stages.stages_read(self.query)
        stages.prepare(engine, parameters.get("since"), parameters.get("until"), read)
        for maker in (query.load(query.makers()[name]) for name in read):
            given = {one.name: parameters[one.name] for one in maker.parameters if one.name in parameters}
            if given.keys() - PERIOD:  # a stage that is asked for more than a period
                engine.materialise(maker.header["makes"], maker.sql, maker.bound(**given))
        rows = query.load(self.query).run(engine, **parameters).to_pylist()
        return self.ordered([plain(row) for row in rows])


def relate(engine: Engine, relations: Mapping[str, pa.Table]) -> None:
    """Make relations of what queries read beside requests."""
    register(engine, Settings())
    for name, table in relations.items():
        engine.register(name, table)


def cases() -> list[Case]:
    """Return all cases."""
    return [
        Case(f"{folder.parts[-3]}/{folder.parts[-2]}", folder.name, folder)
        for folder in sorted(path.parent for path in FOLDER.glob(f"*/*/*/{ROWS}"))
    ]


def lake_of(place: str, rows: Sequence[dict[str, Any]]) -> Lake:
    """Return a lake with the rows in a new folder of a place."""
    lake = Lake(f"{place}/lake")
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of(numbered(rows))), rejects, "test", Mark(1, 0), None)
    return lake


def numbered(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows that lines of rows.jsonl stand for, each with its place in the log."""
    found = (one for line in rows for one in repeated(line))
    return [{"source": SOURCE, "source_offset": number, **row} for number, row in enumerate(found)]


def repeated(line: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows that a line of rows.jsonl stands for."""
    row = typed({name: value for name, value in line.items() if name not in NOTES})
    for number in range(line.get("times", 1)):
        counted = {name: value.replace("{n}", str(number)) if isinstance(value, str) else value
                   for name, value in row.items()} if "times" in line else dict(row)  # fmt: skip
        if "ts" in row:
            counted["ts"] = row["ts"] + timedelta(seconds=number * line.get("every", 0))
        if isinstance(counted.get("headers"), dict):
            counted["headers"] = list(counted["headers"].items())
        yield counted


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its times as such."""
    return {name: moment(value) if name == "ts" or name.endswith("_ts") else value for name, value in row.items()}


def moment(text: str | None) -> datetime | None:
    """Return an ISO 8601 time, which has a zone."""
    return datetime.fromisoformat(text) if text is not None else None


def lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file with one a line."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def plain(value: Any) -> Any:
    """Return a value as JSON has it: times as ISO 8601, bytes as hex, decimals as numbers."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("+00:00") + "Z"  # Spark's times have no zone, and are UTC
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        return float(value)
    return value


def written(rows: Sequence[dict[str, Any]]) -> str:
    """Return rows as expected.jsonl has them."""
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def approximately(value: Any) -> Any:
    """Return what a value is compared with: numbers with a fraction need not agree to the last bit."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-6, abs=1e-9)
    if isinstance(value, list):
        return [approximately(one) for one in value]
    if isinstance(value, dict):
        return {name: approximately(one) for name, one in value.items()}
    return value
