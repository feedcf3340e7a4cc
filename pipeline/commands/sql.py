"""`whofrom sql`: statements over a lake, from the command line, a file or a prompt."""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from pathlib import Path

import click

from echo.clientip import printable
from pipeline.commands.ending import tidy_when_terminated
from pipeline.commands.options import engine_options, lake_option
from pipeline.commands.results import BINARY, RESULT_FORMS, destination, form_of, write_result
from pipeline.engine import MAX_STATEMENT_CHARS, Choice, Limits, bound_process, open_engine
from pipeline.errors import QueryFault, UsageFault
from pipeline.lake import Lake

SIZE = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,3})?)\s*(?P<unit>[KMGT]i?B?)", re.IGNORECASE)
UNITS = {"K": 10, "M": 20, "G": 30, "T": 40}  # powers of two, of 1024 and of 1000 alike: a limit need not be exact
COMMENT = re.compile(r"--[^=\s]*\s")
LEAST_MEMORY = 64 << 20  # DuckDB works in blocks of 256 KiB, some for each thread; with less than this nothing sorts
MOST_THREADS = 256


class WithComments(click.Command):
    """A command whose argument may begin with a comment, `-- so`, which no option looks like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; a blank before such an argument changes nothing in SQL."""
        return super().parse_args(ctx, [f" {one}" if COMMENT.match(one) else one for one in args])


@click.command(cls=WithComments)
@click.argument("statement", required=False)
@click.option("-f", "--file", "path", metavar="FILE", help="Read the statements from a file; - is standard input.")
@lake_option
@click.option(
    "-o", "--output", "form", type=click.Choice(RESULT_FORMS),
    help="Default: by the name of --output-file, else a table on a terminal and ndjson in a pipe.",
)  # fmt: skip
@click.option(
    "--output-file", "target", metavar="FILE", help="Write the result there; the file is whole or not there at all."
)
@click.option(
    "--memory",
    metavar="SIZE",
    help="Memory of a statement, as 512M or 4G; beyond it DuckDB uses TMPDIR. Default: 80 %.",
)
@click.option("--threads", type=click.IntRange(1, MOST_THREADS), help="Default: one a core.")
@click.option("--allow-files", is_flag=True, help="Let SQL read local files: FROM 'x.csv', read_parquet('*.parquet').")
@engine_options
def sql(
    statement: str | None,
    path: str | None,
    lake_path: str,
    form: str | None,
    target: str | None,
    memory: str | None,
    threads: int | None,
    allow_files: bool,
    choice: Choice,
) -> None:
    """
    Ask the lake in SQL (DuckDB's), read-only. Tables: requests, rejects, sessions.

    STATEMENT is one statement or several with ; between, @FILE reads them from a file and - from standard input.
    Without one there is a prompt, or in a pipe standard input. `DESCRIBE requests` lists the columns; see
    docs/how-to/sql.md for examples and the macros ip_in, ip_prefix, is_private, haversine_km.
    """
    limits = Limits(_bytes(memory), threads or 0, allow_files)
    if statement is not None and path is not None:
        raise UsageFault("a statement and a file", "-f", "give one of them")
    if statement is None and path is None and sys.stdin.isatty() and sys.stdout.isatty() and not (form or target):
        from pipeline.commands.prompt import Prompt  # noqa: PLC0415  # needs a terminal, and readline

        engine = open_engine(Lake(lake_path), choice, limits)
        bound_process(engine)
        Prompt(engine, lambda: open_engine(Lake(lake_path), choice, limits), printable(lake_path)).run()
        return
    tidy_when_terminated()  # not of a prompt: a signal there may wait for the next key
    text, place = _text(statement, path)
    engine = open_engine(Lake(lake_path), choice, limits)
    bound_process(engine)
    found = form_of(form, target)
    statements = engine.statements(text, place)
    if not statements:
        raise QueryFault("0 statements", place, "give one, such as SELECT count(*) FROM requests")
    if found in BINARY and len(statements) > 1:
        raise QueryFault(f"{len(statements)} statements", place, f"a file of {found} holds one result; give one")
    with destination(target) as out:
        for number, one in enumerate(statements):
            if number and found in ("table", "csv"):
                out.write("\n")
            write_result(engine.stream(one), found, out)


def _text(statement: str | None, path: str | None) -> tuple[str, str]:
    """Return the statements and what they are called in faults. Raises UsageFault."""
    if statement is not None and statement.startswith("@"):
        path = statement[1:]
    elif statement not in (None, "-"):
        return statement or "", "SQL"
    if path in (None, "-"):
        return _decoded(sys.stdin.buffer.read(4 * MAX_STATEMENT_CHARS + 1), "standard input"), "standard input"
    assert path is not None
    place = printable(path)
    try:
        with Path(path).open("rb") as file:
            return _decoded(file.read(4 * MAX_STATEMENT_CHARS + 1), place), place
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise UsageFault(f"cannot be read: {words}", place, "name a file of SQL") from None


def _decoded(data: bytes, place: str) -> str:
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8-sig")
    raise UsageFault("is not UTF-8", place, "save it as UTF-8")


def _bytes(text: str | None) -> int:
    """Return a size in bytes, 0 if none was given. Raises UsageFault."""
    if text is None:
        return 0
    found = SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageFault(f"{printable(text)[:40]!r} is no size", "--memory", "write it as 512M or 4G")
    size = int(float(found["number"]) * (1 << UNITS[found["unit"][0].upper()]))
    if size < LEAST_MEMORY:
        raise UsageFault(f"{printable(text)} is too little", "--memory", f"give {LEAST_MEMORY >> 20}M or more")
    return size
