"""
Places as a table for a terminal, with bars, and as a map of characters.

1. What strangers wrote (names of networks, cities of a hostile database) is made printable, and cut.
2. Colours only on a terminal, and not where NO_COLOR is set; bars of blocks and shades only where the stream can write
   them, else of `#`.
3. A table is as wide as the terminal: what is least asked for is left out first (LEAST_FIRST), then bars.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TextIO

from rich.cells import cell_len, set_cell_size

from echo.clientip import printable
from pipeline.output import MIN_WIDTH, PIPE_WIDTH
from pipeline.regions.levels import TIMES
from pipeline.regions.words import HEADS, TREND_WORDS
from pipeline.report import figures
from pipeline.report.words import Words
from pipeline.world import shapes

GAP = 2
MAX_NAME = 32  # cells of a name; the rest of a long one tells nobody more
BAR_LEAST, BAR_MOST = 8, 24
LEAST_FIRST = (
    "clients_before", "users", "p50_ms", "p99_ms", "bytes", "clients", "p95_ms", "share", "error_share", "growth",
    "continent_name", "country_name",
)  # fmt: skip
BEFORE_BARS = ("users", "p50_ms", "p99_ms")  # which a bar of BAR_LEAST is worth more than
LEAST_NAME = 8  # cells, where names are all that is left to be made shorter
MAP_MOST, MAP_LEAST = 120, 40  # columns
CELL_SHAPE = 2.0  # a cell is twice as high as it is wide
EIGHTHS = " ▏▎▍▌▋▊▉█"
LAND, SHADES = "·", "░▒▓█"
PLAIN_LAND, PLAIN_SHADES = ".", "-+*#"
BAR_COLOUR, TREND_COLOURS = "36", {"grew": "31", "new": "31", "fell": "32", "gone": "32"}
SHADE_COLOURS = ("36", "32", "33", "31")
FIGURES: Mapping[str, Any] = {
    "requests": figures.number,
    "requests_before": figures.number,
    "clients": figures.number,
    "clients_before": figures.number,
    "users": figures.number,
    "difference": figures.signed,
    "bytes": figures.size,
    "share": figures.share,
    "share_before": figures.share,
    "error_share": figures.share,
    "growth": figures.change,
    **dict.fromkeys(TIMES, figures.milliseconds),
}


class Terminal(NamedTuple):
    """What a stream can show."""

    width: int
    colours: bool
    blocks: bool


def terminal_of(out: TextIO) -> Terminal:
    """Return what a stream can show."""
    width = max(MIN_WIDTH, shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)
    try:
        (EIGHTHS + SHADES + LAND).encode(out.encoding or "ascii")
        blocks = True
    except (UnicodeEncodeError, LookupError):
        blocks = False
    colours = out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Terminal(width, colours, blocks)


def write_places(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], out: TextIO, lang: str, bar: str | None = None
) -> None:
    """Write rows as a table; a bar stands behind the column `bar`."""
    if not rows:
        out.write("(no rows)\n")
        return
    terminal = terminal_of(out)
    words = Words(HEADS, TREND_WORDS, lang=lang)
    kept = [name for name in columns if not _empty(rows, name)]
    cells = {name: [words(name).replace("≈", "≈" if terminal.blocks else "~")] for name in kept}
    for name in kept:
        cells[name] += [cell(row[name], name, words) for row in rows]
    widths = {name: max(map(cell_len, texts)) for name, texts in cells.items()}
    for name in LEAST_FIRST:
        if _width(widths) > terminal.width and name in widths:
            del widths[name]
    for name in BEFORE_BARS:
        if bar is not None and terminal.width - _width(widths) - GAP < BAR_LEAST and name in widths:
            del widths[name]
    for name in sorted(widths.keys() - FIGURES.keys(), key=lambda name: -widths[name]):
        widths[name] = min(widths[name], max(LEAST_NAME, widths[name] - max(0, _width(widths) - terminal.width)))
    room = min(BAR_MOST, terminal.width - _width(widths) - GAP)
    most = max((row[bar] or 0 for row in rows), default=0) if bar else 0
    bars = bar is not None and room >= BAR_LEAST and most > 0
    for number in range(len(rows) + 1):
        pieces = []
        for name, width in widths.items():
            text = _cut(cells[name][number], width)
            blanks = " " * (width - cell_len(text))
            shown = _trend(text, rows[number - 1][name], terminal) if name == "trend" and number else text
            pieces.append(blanks + shown if name in FIGURES else shown + blanks)
            if bars and name == bar:
                drawn = drawn_bar((rows[number - 1][bar] or 0) / most, room, terminal.blocks) if number else ""
                padded = " " * (room - cell_len(drawn))
                pieces.append((_coloured(drawn, BAR_COLOUR, terminal) if drawn else "") + padded)
        out.write((" " * GAP).join(pieces).rstrip() + "\n")


def cell(value: Any, name: str, words: Words) -> str:
    """Return what a table shows of a value."""
    if name in FIGURES:
        return str(FIGURES[name](value)) if value is not None else figures.NOTHING
    if value is None:
        return figures.NOTHING
    if isinstance(value, datetime):
        return figures.moment(value, "%Y-%m-%d %H:%M")
    if name == "trend":
        return words(value)
    if name == "asn":
        return f"AS{value}"
    return _cut(printable(str(value)), MAX_NAME)


def _cut(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _empty(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Say whether a column has nothing to tell: no times were logged, nobody signs in."""
    if name in TIMES or name in ("region", "region_name", "city", "city_name"):
        return all(row[name] is None for row in rows)
    return name == "users" and not any(row[name] for row in rows)


def _width(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + GAP * (len(widths) - 1)


def drawn_bar(part: float, width: int, blocks: bool) -> str:
    """Return a bar of a part of a width; what is there at all has an eighth."""
    if part <= 0:
        return ""
    if not blocks:
        return "#" * max(1, round(part * width))
    eighths = max(1, round(part * width * 8))
    return "█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()


def _trend(text: str, trend: str, terminal: Terminal) -> str:
    colour = TREND_COLOURS.get(trend)
    return _coloured(text, colour, terminal) if colour else text


def _coloured(text: str, colour: str, terminal: Terminal) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if terminal.colours else text


def write_map(requests: Mapping[str, int], out: TextIO) -> None:
    """Write a map of the world, countries shaded by their requests in steps of equal factors."""
    terminal = terminal_of(out)
    columns = min(MAP_MOST, max(MAP_LEAST, terminal.width - 1))
    rows = round(columns * (shapes.NORTH - shapes.SOUTH) / 360 / CELL_SHAPE)
    land, shades = (LAND, SHADES) if terminal.blocks else (PLAIN_LAND, PLAIN_SHADES)
    steps = limits(list(requests.values()), len(shades))
    for line in shapes.cells(columns, rows, requests):
        text = ""
        for code in line:
            count = requests.get(code or "", 0)
            if count:
                number = sum(count > limit for limit in steps)
                text += _coloured(shades[number], SHADE_COLOURS[number], terminal)
            else:
                text += " " if code is None else land
        out.write(text.rstrip() + "\n")
    if steps:
        lows = [1, *(limit + 1 for limit in steps)]
        highs = [*steps, max(requests.values())]
        key = "  ".join(
            f"{_coloured(shade, colour, terminal)} {figures.number(low)}–{figures.number(high)}"
            for shade, colour, low, high in zip(shades, SHADE_COLOURS, lows, highs, strict=True)
            if low <= high
        )
        out.write((key if terminal.blocks else key.replace("–", "-")) + "\n")


def limits(counts: Sequence[int], shades: int) -> list[int]:
    """
    Return the highest count of each shade but the last: steps of equal factors between 1 and the most.

    Requests of countries differ by factors of thousands: in equal steps, all but one would have the lightest shade.
    """
    most = max(counts, default=0)
    if most <= 0:
        return []
    return [max(number + 1, int(most ** ((number + 1) / shades))) for number in range(shades - 1)]
