"""
Measure how good and how fast `whofrom logins` is; write benchmarks/results/DATE-logins.md.

    python -m benchmarks.logins [--seed N] [--users N] [--days N] [--fast-logins N] [--output FILE]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

import pyarrow as pa

from benchmarks.ingest import report as ingest_report
from benchmarks.logins import report
from benchmarks.logins.anomalies import Planted, plant
from benchmarks.logins.networks import Net, World
from benchmarks.logins.people import Login, staff, year
from benchmarks.logins.score import Score, score
from echo.clientip import classify, parse_address
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of, rows_of
from pipeline.lake.mark import Mark
from pipeline.logins import NUMBERS, Settings, find
from pipeline.logins.settings import classes_of
from pipeline.rows import REJECT_SCHEMA, ROW_SCHEMA

RESULTS = Path(__file__).parents[1] / "results"
START = datetime(2025, 1, 1, tzinfo=UTC)
DEFAULTS = {name: one.default for name, one in NUMBERS.items()}


class Setting(NamedTuple):
    """What is measured: a geo database, and what [logins] says."""

    name: str
    wrong: tuple[float, float] = (0.05, 0.30)
    claims: bool = False
    settings: Settings = Settings()


def _with(**numbers: float) -> Settings:
    return Settings({**DEFAULTS, **numbers})


SETTINGS = (
    Setting("defaults"),
    Setting("a perfect geo database", (0.0, 0.0)),
    Setting("a database that claims radii", claims=True),
    Setting("least_km = 1000", settings=_with(least_km=1000.0)),
    Setting("default_radius_km = 300", settings=_with(default_radius_km=300.0)),
    Setting("no learning", settings=_with(learning_logins=0)),
    Setting("a history of 5 logins or 7 days", settings=_with(history_logins=5, history_days=7.0)),
    Setting("no class is silent", settings=Settings(DEFAULTS, (), {})),
    Setting("VPNs alone are silent", settings=Settings(DEFAULTS, (), classes_of(("vpn", "relay")))),
    Setting("no network is shared", settings=_with(shared_users=100_000)),
)


class Drawn(NamedTuple):
    """A year: people's logins by name, all of them as rows, and what was planted."""

    logins: Mapping[str, Sequence[Login]]
    rows: pa.Table
    planted: Sequence[Planted]


def draw(seed: int, users: int, days: int, wrong: tuple[float, float], *, claims: bool) -> Drawn:
    """Draw a year."""
    random = Random(seed)
    world = World(random, *wrong, claims)
    people = staff(random, world, users)
    logins = {one.name: sorted(year(random, world, one, START, days)) for one in people}
    attacks, planted = plant(random, world, people, logins, START, days)
    return Drawn(logins, rows([*(one for each in logins.values() for one in each), *attacks]), planted)


def rows(logins: Iterable[Login]) -> pa.Table:
    """Return logins as rows of a lake."""
    listed = sorted(logins, key=lambda one: (one.ts, one.user))
    texts = [one.net.address(one.host) for one in listed]
    known = {text: parse_address(text) for text in set(texts)}
    packed = {text: address.packed for text, address in known.items() if address is not None}
    classes = {text: classify(one) for text, one in packed.items()}
    nets: list[Net] = [one.net for one in listed]
    columns = {
        "ts": [one.ts for one in listed], "user": [one.user for one in listed], "client_ip": texts,
        "login": ["success" if one.success else "failure" for one in listed],
        "status": [200 if one.success else 401 for one in listed],
        "client_ip_num": [packed[text] for text in texts], "client_class": [classes[text] for text in texts],
        "country": [net.shown.country for net in nets], "region": [net.shown.region for net in nets],
        "city": [net.shown.name for net in nets], "latitude": [net.shown.latitude for net in nets],
        "longitude": [net.shown.longitude for net in nets], "accuracy_km": [net.radius for net in nets],
        "asn": [net.asn for net in nets], "date": [one.ts.date() for one in listed],
        "source": ["benchmark"] * len(listed), "source_offset": list(range(len(listed))),
    }  # fmt: skip
    arrays = {
        field.name: pa.array(columns[field.name], field.type)
        if field.name in columns
        else pa.nulls(len(listed), field.type)
        for field in ROW_SCHEMA
    }
    return rows_of(arrays)


def engine_of(table: pa.Table, folder: str) -> Engine:
    """Return an engine over a lake that holds rows."""
    lake = Lake(folder)
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table), rejects, "benchmark", Mark(1, 0), None)
    return Engine(lake)


def main() -> None:
    """Measure and write the report."""
    options = _options()
    scores: dict[str, Score] = {}
    first: Drawn | None = None
    for wrong, claims in dict.fromkeys((one.wrong, one.claims) for one in SETTINGS):
        drawn = draw(options.seed, options.users, options.days, wrong, claims=claims)
        first = first or drawn
        with tempfile.TemporaryDirectory() as folder:
            engine = engine_of(drawn.rows, f"{folder}/lake")
            for setting in SETTINGS:
                if (setting.wrong, setting.claims) == (wrong, claims):
                    alerts = find(engine, setting.settings)
                    scores[setting.name] = score(alerts, drawn.planted, drawn.logins)
                    print(f"{setting.name}: {len(alerts)} findings", flush=True)
    assert first is not None
    fast = speed(first.rows, options.fast_logins)
    head = ingest_report.head(datetime.now(UTC), "none: drawn", None).replace(", ingest", ", logins", 1)
    ordered = [(one.name, scores[one.name]) for one in SETTINGS]
    text = report.written(head, options, first, ordered, fast)
    options.output.write_text(text, encoding="utf-8")
    print(text)


class Speed(NamedTuple):
    """Of one run over a lake: logins, seconds on the clock and of CPU, findings; the process' most memory, MiB."""

    logins: int
    seconds: float
    cpu: float
    found: int
    peak: float


def speed(table: pa.Table, logins: int) -> list[Speed]:
    """Time runs over the year, and over as many copies of it, other users each, as make so many logins."""
    found = []
    for copies in (1, -(-logins // table.num_rows)):
        place = table.schema.get_field_index("user")
        field = table.schema.field(place)
        parts = []
        for number in range(copies):
            users = pa.array([f"{one}x{number}" for one in table.column("user").to_pylist()], pa.string())
            parts.append(table.set_column(place, field, users))
        whole = pa.concat_tables(parts)
        with tempfile.TemporaryDirectory() as folder:
            engine = engine_of(whole, f"{folder}/lake")
            clock, cpu = time.perf_counter(), time.process_time()
            alerts = find(engine, Settings())
            took = time.perf_counter() - clock, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found.append(Speed(whole.num_rows, *took, len(alerts), peak))
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--fast-logins", type=int, default=1_000_000)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    parser.add_argument("--output", type=Path, default=RESULTS / f"{today}-logins.md")
    options = parser.parse_args()
    assert timedelta(days=options.days) >= timedelta(days=100), "anomalies are planted after the 60th day"
    return options


if __name__ == "__main__":
    main()
