"""Lengths of time, as `7d`, and moments, as `--since` takes them. All times are UTC unless they carry a zone."""

import re
from datetime import UTC, datetime, timedelta

from echo.clientip import quote
from pipeline.errors import UsageFault

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGO = re.compile(r"([0-9]{1,9})([smhdw])")
HELP = "30m, 24h, 7d, 2w ago; or 2026-11-22, 2026-11-22T20:00, 2026-11-22T20:00:00Z (UTC unless a zone is given)"


def length_of(text: str) -> timedelta | None:
    """Return the length of time that `30m` or `7d` stands for; None if it is none, or longer than can be told."""
    found = AGO.fullmatch(text)
    try:
        return timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
    except OverflowError:
        return None


def parse_moment(text: str, now: datetime, option: str) -> datetime:
    """Return the moment in UTC. Raises UsageFault naming the option."""
    ago = length_of(text.strip())
    try:
        if ago is not None:
            return now - ago
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageFault(f"{quote(text)} is no time", option, f"write {HELP}") from None
