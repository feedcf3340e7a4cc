"""How fine places are, and what is told of them: the columns of every answer, declared once."""

from __future__ import annotations

# level -> the columns that name a place
LEVELS: dict[str, tuple[str, ...]] = {
    "continent": ("continent",),
    "country": ("country",),
    "region": ("country", "region"),
    "city": ("country", "region", "city"),
    "asn": ("asn", "as_org"),
    "version": ("version",),
}
TOTAL = "total"  # a level of one row, for those who want the sum
PERIODS = ("hour", "day", "week")
NAMED = {name: f"{name}_name" for name in ("continent", "country", "region", "city")}  # column -> that of its name
MEASURES = ("requests", "share", "clients", "users", "bytes", "error_share", "p50_ms", "p95_ms", "p99_ms")
TIMES = ("p50_ms", "p95_ms", "p99_ms")
CHANGES = (
    "trend", "requests", "requests_before", "difference", "growth", "share", "share_before", "clients",
    "clients_before", "bytes", "bytes_before", "error_share", "error_share_before",
)  # fmt: skip
# what `trend` may be -> what it says
TRENDS = {
    "grew": "More requests than before, and more than chance makes of it.",
    "fell": "Fewer.",
    "new": "Requests, and none before.",
    "gone": "None, and requests before.",
    "steady": "The difference is one that chance makes.",
    "few": "Too few requests in both periods to tell.",
}


def columns_of(level: str, *, names: bool) -> tuple[str, ...]:
    """Return the columns that name a place, each with that of its name behind it if names are asked for."""
    columns: list[str] = []
    for name in LEVELS[level]:
        columns.append(name)
        if names and name in NAMED:
            columns.append(NAMED[name])
    return tuple(columns)
