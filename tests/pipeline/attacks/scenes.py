"""Days of a made-up site, from a seed: visitors, and who may come beside them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
PAGES = ("/", "/search", "/cart", "/about", "/products/1", "/products/2", "/products/3")
STATICS = ("/style.css", "/logo.png", "/app.js")
AGENTS = tuple(f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/{version}.0" for version in range(100, 130))
COUNTRIES = (("DE", 64500), ("FR", 64501), ("US", 64502), ("JP", 64503))
LINKS = ("https://search.example/", "https://news.example/today", "https://friend.example/", "https://social.example/x")
Row = dict[str, Any]


def visitors(
    dice: random.Random, day: int, count: int, *, first: int = 0, spread: float = 86_400, start: float = 0
) -> Iterator[Row]:
    """
    Visitors of a day: each has a page and its statics, and goes on to some others.

    day     number of the day; start and spread are the seconds in which they come
    first   number of the first visitor's address
    """
    for number in range(count):
        who = first + number
        country, asn = COUNTRIES[who % len(COUNTRIES)]
        agent = dice.choice(AGENTS)
        at = MIDNIGHT + timedelta(days=day, seconds=start + dice.random() * spread)
        link = dice.choice(LINKS)
        for page in dice.sample(PAGES, dice.randint(1, 4)):
            for target in (page, *dice.sample(STATICS, 2)):
                yield request(
                    address(who), at, target, country=country, asn=asn, user_agent=agent,
                    headers=[("referer", [link])],
                )  # fmt: skip
                link = f"https://shop.example{page}"
                at += timedelta(seconds=dice.random() * 2)
            at += timedelta(seconds=5 + dice.random() * 30)


def request(client: str, at: datetime, target: str, **row: Any) -> Row:
    """A request that is answered."""
    return {
        "client_ip": client, "ts": at, "method": "GET", "target": target, "status": 200, "host": "shop.example",
        "response_bytes": 2000, "source": "access.log", **row,
    }  # fmt: skip


def address(number: int) -> str:
    """A visitor's address: 20.0.0.0 and on, in networks of their own."""
    return f"20.{number // 250 % 250}.{number % 250}.{1 + number // 62_500}"


def stranger(number: int) -> str:
    """An address of a botnet: scattered, one in each /24."""
    return f"{60 + number % 90}.{number * 7 % 250}.{number * 13 % 250}.{1 + number % 250}"


def numbered(rows: list[Row]) -> list[Row]:
    """Rows in the order of their times, with their places in the log."""
    return [{**row, "source_offset": place} for place, row in enumerate(sorted(rows, key=lambda row: row["ts"]))]


def week(dice: random.Random, visitors_a_day: int = 60, days: int = 8) -> list[Row]:
    """Quiet days, of which the last is the one that is looked at."""
    return [row for day in range(days) for row in visitors(dice, day, visitors_a_day, first=day * 20)]
