"""
How well floods, slow sources, beacons, networks that guess together and campaigns are told from what looks like them.

    python -m benchmarks.floods [--seeds 20] [--honeypot LAKE]

Each seed makes logs of its own (`tests.pipeline.attacks.scenes`), of sizes, rates, times and programs by chance, in
pairs: what is to be found, and what looks like it. A scene is found if there is an alert of its rule with the right
subject; an alert of a scene that asks for none is a false one. Writes benchmarks/results/DATE-floods.md.

--honeypot takes a lake with the requests of a honeypot, and counts what is found in it: there, nobody comes for pages.
"""

from __future__ import annotations

import argparse
import platform
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from pipeline import attacks
from pipeline.alerts import Alert
from pipeline.attacks.rules import BY_CODE
from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from pipeline.signatures import catalogue_table
from tests.pipeline.attacks.scenes import AGENTS, MIDNIGHT, Row, numbered, request, stranger, visitors, week
from tests.pipeline.conftest import table_of

RESULTS = Path(__file__).parent / "results"
FLOODS = ("flood", "distributed_flood")
SLOW = ("low_and_slow", "low_and_slow_set")
CODES = (*FLOODS, "flash_crowd", *SLOW, "beaconing", "distributed_bruteforce", "campaign")
DAY = 7  # of a week before it


class Scene(NamedTuple):
    """rules: those of which one is to be told, () for none; subject: of whom, "" for anybody."""

    name: str
    rules: tuple[str, ...]
    subject: str
    rows: list[Row]


def at(dice: random.Random, day: float = DAY) -> datetime:
    """Some time of a day."""
    return MIDNIGHT + timedelta(days=day, seconds=dice.randrange(3600, 70_000))


def flood(dice: random.Random, sources: int, a_minute: float, minutes: float, agents: int = 1) -> list[Row]:
    """Requests of sources, so many a minute."""
    begin, places = at(dice), [(f"C{n % 9}", 65_000 + n % 50) for n in range(200)]
    names = dice.sample(AGENTS, agents) if agents > 1 else [f"tool/{dice.randrange(9)}"]
    return [
        request(
            stranger(n % sources) if sources > 1 else "9.9.9.9", begin + timedelta(minutes=minutes * dice.random()),
            f"/search?q={dice.randrange(10**6)}", country=places[n % 200][0], asn=places[n % 200][1],
            user_agent=names[n % len(names)], status=dice.choice([200, 200, 503]),
        )
        for n in range(int(a_minute * minutes))
    ]  # fmt: skip


def scenes(seed: int) -> Iterator[Scene]:
    """Yield the scenes of a seed."""
    dice = random.Random(seed)
    quiet = week(dice, dice.randint(20, 80))
    yield Scene("a quiet week", (), "", quiet)
    yield Scene("one source", FLOODS, "9.9.9.9", quiet + flood(dice, 1, dice.randint(700, 2000), dice.randint(2, 6)))
    yield Scene("a fast client", (), "", quiet + flood(dice, 1, dice.randint(60, 300), dice.randint(2, 6)))
    size = dice.randint(300, 2000)
    yield Scene("a botnet", FLOODS, "", quiet + flood(dice, size, dice.randint(300, 1500), dice.randint(3, 10)))
    many = flood(dice, size, dice.randint(300, 1500), dice.randint(3, 10), 9)
    yield Scene("a botnet of nine programs", FLOODS, "", quiet + many)
    crowd = visitors(dice, DAY, dice.randint(400, 1200), first=5000, spread=600, start=dice.randrange(80_000))
    yield Scene("a flash crowd", ("flash_crowd",), "", quiet + list(crowd))
    yield Scene("a busier day", (), "", quiet + list(visitors(dice, DAY, dice.randint(80, 200), first=5000)))
    yield from months(dice)


def months(dice: random.Random) -> Iterator[Scene]:
    """Yield scenes of sixty days."""
    days = range(0, 60, dice.randint(1, 3))
    sign = ["admin-docker-api"]

    def daily(ip: str, target: Callable[[int], str], **row: object) -> list[Row]:
        return [request(ip, at(dice, day), target(day), **{"user_agent": "x", "signatures": [], **row}) for day in days]

    yield Scene("slow, by signature", SLOW, "9.9.9.9", daily("9.9.9.9", lambda _: "/v1.24/info", signatures=sign))
    yield Scene("slow, by new paths", SLOW, "9.9.9.9", daily("9.9.9.9", lambda day: f"/x/{day}", status=404))
    yield Scene("a check of a path that is gone", (), "", daily("9.9.9.9", lambda _: "/health", status=404))
    yield Scene("a reader each day", (), "", daily("9.9.9.9", lambda day: f"/page/{day}"))
    turns = [row for day in days for row in [request(f"9.9.9.{day}", at(dice, day), "/", user_agent="zgrab",
                                                     signatures=["agent-portscan"])]]  # fmt: skip
    yield Scene("a network that takes turns", SLOW, "9.9.9.0/24", turns)
    yield Scene("a beacon with jitter", ("beaconing",), "9.9.9.9", beacon(dice, 0.3))
    yield Scene("chance", (), "", beacon(dice, 1.0))
    guesses = [
        request(stranger(n), MIDNIGHT + timedelta(seconds=dice.randrange(600)), "/login", method="POST", status=401,
                login="failure", user=f"user{n}", user_agent="spray", country=f"C{n % 9}", asn=65_000 + n)
        for n in range(dice.randint(30, 200))
    ]  # fmt: skip
    yield Scene("passwords from everywhere", ("distributed_bruteforce",), "spray", guesses)
    spread = [{**row, "ts": row["ts"] + timedelta(seconds=dice.randrange(86_400)), "user_agent": dice.choice(AGENTS)}
              for row in guesses[:60]]  # fmt: skip
    yield Scene("people who mistype", (), "", spread)
    kit = [f"/kit/{dice.randrange(10**6)}.php" for _ in range(5)]
    hands = [
        request(f"9.9.{n}.9", at(dice, n), target, user_agent="kit", status=404, signatures=[])
        for n in range(dice.randint(3, 9))
        for target in kit
    ]
    yield Scene("sources of one hand", ("campaign",), "", hands)
    strangers = [
        request(stranger(n * 17), at(dice, n), f"/lost/{n}/{k}", user_agent=f"x/{n}", status=404, signatures=[])
        for n in range(6)
        for k in range(6)
    ]
    yield Scene("strangers", (), "", strangers)


def beacon(dice: random.Random, jitter: float) -> list[Row]:
    """A script that is asked at intervals, each `jitter` of it off."""
    every, moment, rows = dice.randint(120, 1800), at(dice), []
    for _ in range(dice.randint(30, 80)):
        rows.append(request("9.9.9.9", moment, "/up.php", method="POST", user_agent="x", signatures=[]))
        moment += timedelta(seconds=every * (1 + jitter * (2 * dice.random() - 1)))
    return rows


def alerts_of(rows: list[Row]) -> list[Alert]:
    """Return the alerts of CODES in rows."""
    with tempfile.TemporaryDirectory() as place:
        lake = Lake(f"{place}/lake")
        rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
        lake.commit(lake.write(table_of(numbered(rows))), rejects, "benchmark", Mark(1, 0), None)
        return found_in(Engine(lake))


def found_in(engine: Engine) -> list[Alert]:
    """Return the alerts of CODES, but those of information alone."""
    engine.register("signatures_known", catalogue_table())
    alerts = attacks.find(engine, None, None, rules=[BY_CODE[code] for code in CODES])
    return [one for one in alerts if one.severity != "info" or one.rule == "flash_crowd"]


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floods", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--honeypot", type=Path)
    options = parser.parse_args()
    right: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    names: dict[str, Scene] = {}
    began = time.monotonic()
    for seed in range(options.seeds):
        for scene in scenes(seed):
            names.setdefault(scene.name, scene)
            runs[scene.name] += 1
            alerts = alerts_of(scene.rows)
            own = [one for one in alerts if one.rule in scene.rules and scene.subject in ("", one.subject)]
            right[scene.name] += bool(own) if scene.rules else not alerts
            extra[scene.name] += len([one for one in alerts if one.rule not in scene.rules and not _beside(scene, one)])
    seconds = time.monotonic() - began
    today = datetime.now(UTC).date()
    attacked = [name for name, scene in names.items() if scene.rules]
    found = sum(right[name] for name in attacked)
    of = sum(runs[name] for name in attacked)
    false = sum(extra.values())
    call = f"`python -m benchmarks.floods --seeds {options.seeds}`"
    run = f"{platform.machine()}, Python {platform.python_version()}. {call}"
    said = (
        f"**Recall {found / of:.1%} ({found} of {of} scenes that hold an attack or a crowd), precision "
        f"{found / (found + false):.1%} ({false} alerts beside).** Scenes are made by those who made the rules: "
        "this says that the rules do what they are meant to, not how they fare elsewhere.\n"
    )
    lines = [
        f"# {today}, floods and what no single bucket sees\n",
        f"{run}, {seconds:,.0f} s.\n",
        "Each seed makes logs of its own; what they are is said by `benchmarks/floods.py`.\n",
        said,
        "| scene | to be told | right | alerts beside |",
        "| --- | --- | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {', '.join(scene.rules) or 'nothing'} | {right[name]} of {runs[name]} | {extra[name]} |"
        for name, scene in names.items()
    ]
    if options.honeypot:
        lines += ["", *honeypot(options.honeypot)]
    path = RESULTS / f"{today}-floods.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def _beside(scene: Scene, alert: Alert) -> bool:
    """Return whether an alert is another true word on a scene: sources that are slow together are a campaign too."""
    return bool(scene.rules) and alert.rule in (*SLOW, "campaign", "beaconing") and scene.rules[0] not in FLOODS


def honeypot(path: Path) -> list[str]:
    """Return what is found in the lake at a path."""
    told: dict[str, set[str]] = {}
    for one in found_in(Engine(Lake(str(path)))):
        told.setdefault(one.rule, set()).add(one.subject)
    lines = ["## A honeypot\n", "| rule | subjects |", "| --- | ---: |"]
    return lines + [f"| {rule} | {len(subjects):,} |" for rule, subjects in sorted(told.items())]


if __name__ == "__main__":
    main()
