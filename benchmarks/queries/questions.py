"""What a lake is asked: commands of whofrom, as a person types them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.ingest.candidates import WHOFROM
from benchmarks.ingest.process import Run, run

DAY, WEEK = "2026-10-29", "2026-10-25"  # the last days of the generated log begin here; it ends on 2026-11-04
AT = "2026-11-04T00:00:00Z"  # what a block list takes for now


class Question(NamedTuple):
    """One question; `{source}` in its arguments is a scanner, `{busiest}` who has the most rows."""

    name: str
    arguments: str


QUESTIONS = (
    Question("regions, by country", "regions"),
    Question("regions, by city", "regions --by city"),
    Question("regions, by network", "regions --by asn"),
    Question("regions, by day", "regions --every day"),
    Question("regions, a week beside the one before", f"regions --since {WEEK} --until 2026-11-01 --versus 7d"),
    Question("regions, the page", "regions --html -"),
    Question("logins, all rules", "logins"),
    Question("attacks, all rules, a day", f"attacks --since {DAY} --until 2026-10-30"),
    Question("attacks, all rules, all days", "attacks"),
    Question("trace of a scanner", "trace {source}"),
    Question("trace of the busiest client", "trace {busiest}"),
    Question("block list for nginx", f"blocklist nginx-deny --at {AT}"),
    Question("block list, all that was found", f"blocklist plain --since 2026-10-05 --at {AT} --severity low"),
)
SCANNER = """
SELECT client_ip FROM requests WHERE date = '2026-10-29'
GROUP BY client_ip HAVING count_if(status = 404) > 0.5 * count(*)
ORDER BY count(DISTINCT target) DESC, client_ip LIMIT 1
"""
BUSIEST = "SELECT client_ip FROM requests GROUP BY client_ip ORDER BY count(*) DESC, client_ip LIMIT 1"


class Asked(NamedTuple):
    """A question in one round; `bytes` of what it printed."""

    question: Question
    run: Run
    bytes: int


def address(lake: Path, sql: str) -> str:
    """Return the address that a statement finds."""
    said = run([str(WHOFROM), "sql", "--lake", str(lake), "-o", "ndjson", sql]).said
    return str(json.loads(said)["client_ip"])


def asked(lake: Path, rounds: int, only: Sequence[str] = ()) -> Iterator[Asked | str]:
    """Yield each question of each round; of one that fails, its name and why; `only` has parts of names."""
    names = {"source": address(lake, SCANNER), "busiest": address(lake, BUSIEST)}
    for _ in range(rounds):
        for one in QUESTIONS:
            if only and not any(part in one.name for part in only):
                continue
            words = [part.format(**names) for part in one.arguments.split()]
            try:
                taken = run([str(WHOFROM), words[0], "--lake", str(lake), *words[1:]])
            except RuntimeError as error:
                yield f"{one.name}: {error}"
            else:
                yield Asked(one, taken, len(taken.said.encode()))
