"""
Log formats: one file each, all of one shape.

A format takes lines and gives a batch of `RECORD_SCHEMA`, the index of the line that each row came from, and the lines
that it refuses, each with a reason that tells a person what is wrong. It never raises for what a line holds, and
every line is a row or a reject.
"""

from pipeline.sources.combined import COMBINED
from pipeline.sources.format import Format, Parsed
from pipeline.sources.ndjson import NDJSON

FORMATS: dict[str, Format] = {form.name: form for form in (NDJSON, COMBINED)}
SNIFFED_LINES = (100, 10_000)  # first lines that a format is chosen by: a few, then, if all of them are odd, many


def sniff(lines: list[bytes]) -> Format | None:
    """Return the format that takes the most of the first lines, or None if none takes any."""
    filled = [line for line in lines[: SNIFFED_LINES[-1]] if line.strip()]
    for number in SNIFFED_LINES:
        counts = {form.name: form.parse(filled[:number]).batch.num_rows for form in FORMATS.values()}
        best = max(counts, key=lambda name: counts[name])
        if counts[best]:
            return FORMATS[best]
    return None


__all__ = ["FORMATS", "Format", "Parsed", "sniff"]
