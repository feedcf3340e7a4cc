"""
Rows to people and programs: `-o table|json|ndjson|csv`, and of SQL's results `parquet` and `arrow` as well.

Logs are attacker-written, so no form lets a character through that a terminal could obey: JSON escapes it its own way,
the table and CSV as \\x or \\u. CSV also puts an apostrophe before text that a spreadsheet would run as a formula.
"""

import csv
import math
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TextIO

import orjson

from echo.clientip import printable
from echo.record import json_printable

Row = Mapping[str, Any]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV Injection"
PIPE_WIDTH = 160  # of a table in a pipe, which has no width of its own, unless COLUMNS says another
MIN_WIDTH = 40  # below, columns have no room for a word
# Z is for moments: what SQL has moved to another zone has no zone any more, and is not UTC
JSON_OPTIONS = orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z
MAX_INTEGER = 1 << 63  # orjson writes 64 bits; most readers of JSON take no more
SHORT_CELL, CELL_GAP = 40, 2  # of a table's column: the longest IPv6 address is 39 wide; two blanks stand between
LEAST_COLUMN = 8  # narrower, a column is read letter by letter
GROUPED = 10_000  # from here on digits are in groups of three: 2026 is a year, and 443 and 8080 are ports
MAX_PLAIN_FLOAT = 1e16  # beyond, its digits are no longer its own
LEAST_SENTENCE = 24  # of a last column with long texts: narrower, it stands below its row, over the whole width
INDENT = "    "  # of what stands below a row
MAX_CELL_CHARS = 500  # of a cell in a table for people; the other formats are whole


def write_rows(
    rows: Sequence[Row],
    columns: Sequence[str],
    form: str | None,
    out: TextIO | None = None,
    *,
    table_columns: Sequence[str] | None = None,
) -> None:
    """
    Write rows in the form named; without one a table on a terminal and NDJSON in a pipe.

    table_columns  what of columns a table shows, where all would not fit a terminal
    """
    stream = out if out is not None else sys.stdout
    form = form or default_form(stream)
    FORMS[form](rows, table_columns or columns if form == "table" else columns, stream)


def default_form(stream: TextIO) -> str:
    """Return the form for a stream whose user named none."""
    return "table" if stream.isatty() else "ndjson"


def write_table(rows: Sequence[Row], columns: Sequence[str], out: TextIO) -> None:
    """
    Write a table as wide as the terminal; nothing but a sentence where there are no rows.

    Where long texts of the last column have no room beside the others, they are written below, each behind its row.
    Where its columns have no room beside each other, rows are written below each other, a line a value.
    """
    from rich.cells import cell_len  # noqa: PLC0415  # the other forms need not wait for rich
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if not rows:
        out.write("(no rows)\n")
        return
    numeric = {name for name in columns if any(isinstance(row[name], int | float | Decimal) for row in rows)}
    width = max(MIN_WIDTH, shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)
    cells = {name: [_cell(row[name]) for row in rows] for name in columns}
    wide = {name: max(map(cell_len, (printable(name), *texts))) for name, texts in cells.items()}
    if sum(min(size, LEAST_COLUMN) + CELL_GAP for size in wide.values()) - CELL_GAP > width:
        _write_lines(cells, width, out)
        return
    short = {name for name, size in wide.items() if size <= SHORT_CELL}
    console = Console(file=out, width=width, highlight=False)
    below: Sequence[str] = ()
    left = width - sum(wide[name] + CELL_GAP for name in columns[:-1])
    if columns[-1] not in {*short, *numeric} and -CELL_GAP <= left < LEAST_SENTENCE:  # the others have a line a row
        *columns, last = columns
        below = cells.pop(last)
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    # an address or a name in two lines is hard to read: where there is room, only long texts are folded
    room = width - sum(wide[name] + CELL_GAP for name in short) - (MIN_WIDTH // 2) * (len(columns) - len(short))
    for name in columns:
        table.add_column(
            Text(printable(name)),
            justify="right" if name in numeric else "left",
            overflow="fold",
            no_wrap=name in short and room >= 0,
        )
    for texts in zip(*cells.values(), strict=True):
        table.add_row(*map(Text, texts))
    if not below:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    header, *lines = captured.get().splitlines()
    out.write(f"{header}\n")
    for line, sentence in zip(lines, below, strict=True):
        out.write(f"{line}\n")
        out.writelines(
            f"{INDENT}{part.plain.rstrip()}\n"
            for part in Text(sentence).wrap(console, width - len(INDENT), overflow="fold")
        )


def _write_lines(cells: Mapping[str, Sequence[str]], width: int, out: TextIO) -> None:
    """Write each value in a line behind its column's name, and each row behind its number."""
    from rich.cells import cell_len, chop_cells  # noqa: PLC0415

    names = {name: printable(name) for name in cells}
    before = min(max(map(cell_len, names.values())), width // 2) + CELL_GAP
    for number, texts in enumerate(zip(*cells.values(), strict=True), 1):
        out.write(f"row {number:,}\n" if number == 1 else f"\nrow {number:,}\n")
        for name, text in zip(names.values(), texts, strict=True):
            first, *rest = chop_cells(text, width - before) or [""]
            out.write(f"{name}{' ' * max(CELL_GAP, before - cell_len(name))}{first}".rstrip() + "\n")
            out.writelines(f"{' ' * before}{line}\n" for line in rest)


def write_json(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    """Write one JSON array."""
    before = "["
    for row in rows:
        out.write(before + _json(row, columns))
        before = ",\n "
    out.write("[]\n" if before == "[" else "]\n")


def write_ndjson(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    """Write one JSON object a line."""
    out.writelines(_json(row, columns) + "\n" for row in rows)


def write_csv(rows: Iterable[Row], columns: Sequence[str], out: TextIO) -> None:
    """Write RFC 4180 CSV with a header line."""
    writer = csv.writer(out)
    writer.writerow([_csv_cell(name) for name in columns])
    for row in rows:
        writer.writerow([_csv_cell(row[name]) for name in columns])


FORMS: dict[str, Callable[[Sequence[Row], Sequence[str], TextIO], None]] = {
    "table": write_table,
    "json": write_json,
    "ndjson": write_ndjson,
    "csv": write_csv,
}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return _number(value)
    if hasattr(value, "nanoseconds"):
        return _interval(value)
    return value


def _number(value: Decimal) -> int | float | str:
    """Return what SQL sums and divides to: a number where JSON's readers have one that is the same, else its digits."""
    if value == value.to_integral_value():
        return int(value) if abs(value) < MAX_INTEGER else format(value, "f")
    near = float(value)
    return near if Decimal(repr(near)) == value else format(value, "f")


def _interval(value: Any) -> str:
    """Return Arrow's MonthDayNano as DuckDB prints an INTERVAL: `1 month 2 days 03:04:05.5`."""
    units = ((int(value.months / 12), "year"), (int(math.fmod(value.months, 12)), "month"), (value.days, "day"))
    parts = [f"{number} {unit}{'' if abs(number) == 1 else 's'}" for number, unit in units if number]
    if value.nanoseconds or not parts:
        seconds, rest = divmod(abs(value.nanoseconds) // 1000, 1_000_000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}" + (
            f".{rest:06}".rstrip("0") if rest else ""
        )
        parts.append(f"-{clock}" if value.nanoseconds < 0 else clock)
    return " ".join(parts)


def _other(value: Any) -> Any:
    """Return what stands for a value that JSON lacks, inside a list or struct."""
    plain = _plain(value)
    return str(value) if plain is value else plain


def _json(row: Row, columns: Sequence[str]) -> str:
    return json_text({name: row[name] for name in columns})


def json_text(value: Any) -> str:
    """Return a value as JSON, without a character that a terminal could obey."""
    return json_printable(_text(_plain(value)))


def _text(value: Any) -> str:
    return orjson.dumps(value, default=_other, option=JSON_OPTIONS).decode()


def csv_text(value: Any) -> str:
    """Return a value as a field of CSV."""
    cell = _csv_cell(value)
    text = "" if cell is None else str(cell)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        shown = printable(value)
        return f"'{shown}" if value.startswith(FORMULA_STARTS) else shown
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int):
        return value
    plain = _plain(value)
    return printable(_text(plain)) if isinstance(plain, list | dict) else plain


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"  # for people; the other forms have the microseconds
    plain = _plain(value)
    if plain is None:
        return "–"
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if isinstance(plain, int):
        return f"{plain:,}" if abs(plain) >= GROUPED else str(plain)
    if isinstance(plain, float):
        if abs(plain) >= MAX_PLAIN_FLOAT:
            return str(plain)
        if abs(plain) < 10:
            return f"{plain:.3f}".rstrip("0").rstrip(".")
        return f"{plain:,.1f}" if abs(plain) >= GROUPED else f"{plain:.1f}"
    if isinstance(plain, list) and not any(isinstance(item, list | dict) for item in plain):
        return printable(", ".join(str(_plain(item)) for item in plain))[:MAX_CELL_CHARS]
    if isinstance(plain, list | dict):
        return printable(_text(plain))[:MAX_CELL_CHARS]
    return printable(str(plain))[:MAX_CELL_CHARS]
