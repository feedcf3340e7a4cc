"""
Tables of values, each with its reason, as TOML text.

The standard library reads TOML and does not write it; what is needed of writing is here: texts, whole numbers, lists of
texts, and comments. Any text goes in, and what comes out parses.
"""

import re
import textwrap
from typing import NamedTuple

from echo.clientip import printable

WIDTH = 120  # columns of comments and of lists on one line
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
ESCAPES = {'"': '\\"', "\\": "\\\\"}


class Item(NamedTuple):
    """A text of a list; the reason behind it. One not `chosen` is written as a comment, for the reader to decide."""

    text: str
    why: str = ""
    chosen: bool = True


class Line(NamedTuple):
    """A key, its value and, above them, the reason. Without a value the reason alone is written."""

    key: str
    value: str | int | tuple[Item, ...] | None
    why: str = ""


class Table(NamedTuple):
    """A table: its header with brackets, the reason above it, its lines."""

    header: str
    why: str
    lines: tuple[Line, ...]


def write(preface: str, tables: list[Table]) -> str:
    """Return the text of a file."""
    return "\n".join(_comment(preface) + [line for table in tables for line in ["", *_table(table)]]) + "\n"


def quoted(text: str) -> str:
    """Return a basic string; what is not printable is escaped, what TOML cannot hold (half of a pair) is replaced."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in ESCAPES:
        return ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return "�"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _table(table: Table) -> list[str]:
    return _comment(table.why) + [table.header] + [text for line in table.lines for text in _line(line)]


def _line(line: Line) -> list[str]:
    above = _comment(line.why)
    if line.value is None:
        return above
    key = line.key if BARE_KEY.fullmatch(line.key) else quoted(line.key)
    if isinstance(line.value, str):
        return [*above, f"{key} = {quoted(line.value)}"]
    if isinstance(line.value, int):
        return [*above, f"{key} = {line.value}"]
    short = f"{key} = [{', '.join(quoted(item.text) for item in line.value)}]"
    if len(short) <= WIDTH and not any(item.why or not item.chosen for item in line.value):
        return [*above, short]
    return [*above, f"{key} = [", *(text for item in line.value for text in _item(item)), "]"]


def _item(item: Item) -> list[str]:
    """Return the lines of a list's item: its reason behind it, or above it where that is too long."""
    text = f"  {'' if item.chosen else '# '}{quoted(item.text)},"
    why = printable(item.why)
    if not why:
        return [text]
    line = f"{text}  # {why}"
    return [line] if len(line) <= WIDTH else [*(f"  {part}" for part in _comment(item.why)), text]


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(printable(text), WIDTH - 4, break_on_hyphens=False)]
