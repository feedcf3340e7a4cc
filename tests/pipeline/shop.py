"""
The lake that docs/how-to/sql.md asks: the demo's requests, two days of them, the same on every run.

    python -m tests.pipeline.shop lake DIR    make it
    python -m tests.pipeline.shop docs        write what docs/how-to/sql.md says that its questions answer

The demo sends its requests within seconds; here they are visits spread over days, answered as a shop would, so that
there is something to ask. Countries are those that the demo checks; cities are those of the universities.
"""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

from pipeline.commands.results import write_result
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.demo import traffic
from tests.pipeline.conftest import table_of

import pyarrow as pa  # isort: skip

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "sql.md"
START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
HOURS = 46
SEED = 11
COLUMNS = 110  # of the tables in the page
MOST_LINES = 8  # of a result in the page, its head included
CUT = "…"
QUESTION = re.compile(
    r"^### (?P<title>.*?)\n(?P<words>.*?)```sql\n(?P<sql>.*?)```\n+```text\n(?P<result>.*?)```\n",
    re.DOTALL | re.MULTILINE,
)
PLACES = {
    traffic.HOME: ("Berlin", 52.52, 13.4),
    traffic.ABROAD: ("Singapore", 1.29, 103.85),
    traffic.COMMUTER_HOME: ("Paris", 48.85, 2.35),
}
SLOW = {"/search": 180_000, "/api": 35_000, "/": 12_000}
BROKEN = ("GET / HTTP/1.1 no quotes", '203.0.113.9 - - [02/Mar/2026:99:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-"')


def rows() -> list[dict[str, Any]]:
    """The rows of the lake."""
    random = Random(SEED)  # traffic, not secrets
    ordinary, logins, abroad, scan, forged = traffic.plan()
    timed = []
    for client in traffic.CLIENTS:  # each comes once, twice or three times, with one program
        visits = [START + timedelta(hours=HOURS * random.random() ** 0.9) for _ in range(random.randint(1, 3))]
        agent = random.choice(traffic.AGENTS)
        for one in ordinary:
            if one.headers["X-Forwarded-For"].startswith(f"{client},"):
                moment = random.choice(visits) + timedelta(minutes=random.expovariate(1 / 8))
                timed.append((moment, replace(one, headers={**one.headers, "User-Agent": agent})))
    # twelve logins of each, in the mornings and evenings of the first day
    timed += [(START + timedelta(hours=8, minutes=45 * (n % 12), seconds=n), one) for n, one in enumerate(logins)]
    timed += [(START + timedelta(hours=17), one) for one in abroad]
    timed += [(START + timedelta(hours=27, seconds=2 * n), one) for n, one in enumerate(scan)]
    timed += [(START + timedelta(hours=30, minutes=n), one) for n, one in enumerate(forged)]
    timed.sort(key=lambda pair: pair[0])
    return [_row(number, moment, one, random) for number, (moment, one) in enumerate(timed)]


def _row(number: int, moment: datetime, request: traffic.Request, random: Random) -> dict[str, Any]:
    chain = request.headers["X-Forwarded-For"].split(", ")
    direct = request.source == traffic.STRANGER
    client = request.source if direct else chain[-2]
    path = request.target.partition("?")[0]
    scanned = client == traffic.SCANNER
    user = re.search(r"user=(\w+)", request.target)
    city, latitude, longitude = PLACES.get(client, (None, None, None))
    return {
        "ts": moment.replace(microsecond=0),
        "peer_ip": request.source,
        "method": request.method,
        "target": request.target,
        "host": "shop.example.com",
        "protocol": "HTTP/1.1",
        "user_agent": request.headers["User-Agent"],
        "headers": [(name.lower(), [value]) for name, value in request.headers.items()],
        "client_ip": client,
        "client_source": "peer" if direct else "X-Forwarded-For",
        "client_reason": "peer-untrusted" if direct else "rightmost-untrusted",
        "status": 404 if scanned else 403 if path == "/admin" else 500 if number % 401 == 0 else 200,
        "response_bytes": 153 if scanned else random.randint(400, 40_000),
        "duration_us": round(SLOW.get(path, 3_000) * (0.5 + random.expovariate(1.5))),
        "user": user and user[1],
        "login": user and "success",
        "country": traffic.CLIENTS.get(client),
        "city": city,
        "latitude": latitude,
        "longitude": longitude,
        "source": "requests.ndjson",
        "source_offset": number * 600,
    }


def rejects() -> pa.Table:
    """What could not be read."""
    lines = [
        {
            "source": "old.log", "source_offset": 100 * n, "line": n + 1, "raw": raw,
            "reason": "no combined line" if n % 2 == 0 else "hour 99 is none", "ingested_at": START,
        }
        for n, raw in enumerate(BROKEN * 2 + BROKEN[:1])
    ]  # fmt: skip
    columns = {field.name: [one.get(field.name) for one in lines] for field in REJECT_SCHEMA}
    return rejects_of({name: pa.array(values, REJECT_SCHEMA.field(name).type) for name, values in columns.items()})


def make(folder: str) -> Lake:
    """Make the lake."""
    lake = Lake(folder)
    lake.commit(lake.write(table_of(rows())), rejects(), "shop", Mark(1, 0), None)
    return lake


class Question(NamedTuple):
    """One question of the page; `result` is what the page shows."""

    title: str
    sql: str
    result: str


def questions(page: str) -> Iterator[Question]:
    """The questions of the page."""
    for found in QUESTION.finditer(page):
        yield Question(found["title"], found["sql"], found["result"])


def answer(engine: Engine, sql: str) -> str:
    """What `whofrom sql` prints on a terminal, blanks at the ends of lines taken off."""
    out = io.StringIO()
    with patch.dict(os.environ, {"COLUMNS": str(COLUMNS)}):
        for statement in engine.statements(sql):
            write_result(engine.stream(statement), "table", out)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def shown(text: str) -> str:
    """The first lines of an answer, as the page shows them."""
    lines = text.splitlines(keepends=True)
    return text if len(lines) <= MOST_LINES else "".join(lines[:MOST_LINES]) + CUT + "\n"


def written(page: str, engine: Engine) -> str:
    """The page with the answers that its questions have now."""

    def fill(found: re.Match[str]) -> str:
        begin, end = (found.start("result") - found.start(), found.end("result") - found.start())
        return found[0][:begin] + shown(answer(engine, found["sql"])) + found[0][end:]

    return QUESTION.sub(fill, page)


if __name__ == "__main__":
    if sys.argv[1:2] == ["lake"] and len(sys.argv) == 3:
        make(sys.argv[2])
    elif sys.argv[1:] == ["docs"]:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as made:
            PAGE.write_text(written(PAGE.read_text("utf-8"), Engine(make(made + "/lake"))), encoding="utf-8")
    else:
        sys.exit(__doc__)
