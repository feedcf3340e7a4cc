"""Numbers of things, for people."""


def counted(number: int, thing: str) -> str:
    """Return `1 row` or `2,000 rows`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
