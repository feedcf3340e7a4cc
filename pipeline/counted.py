"""Numbers of things and lengths of time, for people."""


def counted(number: int, thing: str) -> str:
    """Return `1 row` or `2,000 rows`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Return seconds in the unit a person would use."""
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    if seconds < 1:
        return "less than a second"
    return "1 second" if seconds < 1.5 else f"{seconds:.0f} seconds"
