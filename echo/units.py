"""
Text → seconds and bytes, as settings and queries write them.

Durations are Go's (time.ParseDuration): `1m30s`, `1.5h`, `250ms`; what is counted in bytes takes a binary unit: `64k`,
`1MiB`. Both return None for anything else, so that the caller can name the place.
"""

import re

_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
# possessive: a million digits without a unit must not be tried a million times over
_AMOUNT = re.compile(r"(\d++\.?\d*+|\.\d++)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_DURATION = re.compile(rf"[+-]?(?:{_AMOUNT.pattern})++", re.ASCII)
_MAX_DURATION_CHARS = 256  # Go takes any; nobody writes a longer one, and each amount costs a number
_MAX_DURATION = float(1 << 63) * 1e-9  # time.Duration counts nanoseconds in 64 bits
_SIZE = re.compile(r"(\d{1,15})(?:([kmgt])i?)?b?", re.ASCII | re.IGNORECASE)
_POWERS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


def parse_duration(text: str) -> float | None:
    """Return the seconds that a Go duration says; negative ones are returned as such."""
    if len(text) > _MAX_DURATION_CHARS or not _DURATION.fullmatch(text):
        return 0.0 if text in ("0", "+0", "-0") else None
    seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in _AMOUNT.findall(text))
    if seconds >= _MAX_DURATION:
        return None
    return -seconds if text.startswith("-") else seconds


def parse_size(text: str) -> int | None:
    """Return the bytes that `4096`, `64k`, `1MiB` or `2GB` say, units of 1,024."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) << _POWERS[(found[2] or "").lower()] if found else None


def spell_size(size: int) -> str:
    """Return a size in the largest unit that it is a whole number of."""
    for unit, power in (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size and size % (1 << power) == 0:
            return f"{size >> power:,} {unit}"
    return f"{size:,} bytes"


def spell_duration(seconds: float) -> str:
    """Return seconds as a Go duration in the largest unit that it is a whole number of."""
    for unit, each in (("h", 3600.0), ("m", 60.0), ("s", 1.0)):
        if seconds >= each and seconds % each == 0:
            return f"{seconds / each:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 or not seconds else f"{seconds * 1000:g}ms"
