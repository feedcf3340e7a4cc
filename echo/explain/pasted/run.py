"""Reading what was pasted and writing what is said of it: the one module here that meets files and streams."""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import click

from echo.clientip import ConfigFault, Fault, printable
from echo.explain.judge import Explanation
from echo.explain.pasted.forms import AUTO, FORMS, read
from echo.explain.pasted.lines import MAX_BYTES, Source
from echo.explain.pasted.offline import Desk
from echo.explain.pasted.pasted import NoRequest, Unlike
from echo.explain.pasted.split import LINE, pieces
from echo.explain.pasted.tell import HEAD_LINE, Summary, full_text, json_line, origin_lines, short_line

STDIN = "-"
TEXT, JSON = "text", "json"
MAX_COMPLAINTS = 20  # told one by one; a file of something else entirely has millions of lines
ADD_PEER = (
    "add --peer ADDRESS, the other end of the connection as the server saw it (RemoteAddr, $realip_remote_addr, the "
    "source in tcpdump -n)"
)

Render = Callable[[Explanation], bytes]


def explain_pasted(file: str, format_name: str, desk: Desk, form: str, render: Render) -> bool:
    """
    Explain what a file, or standard input, holds; return whether all of it could be. Raises Fault.

    format_name  a key of FORMS, or AUTO
    form         what is written: json, text or another form of a single explanation
    render       explanation -> that form
    """
    name = "standard input" if file == STDIN else printable(file)
    try:
        with _opened(file) as stream:
            return _explain_all(Source(stream, name), name, format_name, desk, form, render)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise Fault(
            f"cannot read it: {error.strerror or error}", name, "name a file, or - for standard input"
        ) from None


def _explain_all(source: Source, name: str, format_name: str, desk: Desk, form: str, render: Render) -> bool:
    by_line = format_name != AUTO and FORMS[format_name].shape == LINE
    summary, held = Summary(), None
    for piece in pieces(source, by_line=by_line):
        try:
            judged = desk.judge(pasted := read(piece, format_name))
        except NoRequest as told:
            click.echo(f"line {piece.number}: {printable(str(told))}", err=True)
            continue
        except Unlike as why:
            _refuse(summary, f"line {piece.number}: {why}")
            continue
        if judged is None:
            _refuse(summary, f"line {piece.number} ({pasted.form}): {pasted.lacks}; {ADD_PEER}")
            continue
        summary.add(judged)
        if form == JSON:
            sys.stdout.write(json_line(judged, piece.number))
        elif summary.requests == 1:
            held = judged, piece.number
        elif form == TEXT:
            if held is not None:
                sys.stdout.write(f"{HEAD_LINE}\n{short_line(*held)}\n")
                held = None
            sys.stdout.write(f"{short_line(judged, piece.number)}\n")
        else:
            raise ConfigFault(
                f"{name} holds several requests", f"-o {form}", "paste one of them, or use -o text or -o json"
            )
    if held is not None and form == TEXT:
        sys.stdout.write(full_text(*held).decode())
    elif held is not None:
        sys.stdout.write(render(held[0].explanation).decode())
        for line in origin_lines(*held):
            click.echo(line, err=True)
    elif form == TEXT and summary.requests:
        sys.stdout.write("\n".join(summary.lines()) + "\n")
    if summary.refused > MAX_COMPLAINTS:
        click.echo(f"{summary.refused - MAX_COMPLAINTS:,} more could not be explained", err=True)
    if source.cut:
        click.echo(
            f"stopped at line {source.cut:,}: {MAX_BYTES >> 20} MiB were read, and no more is; for whole logs there is "
            "whofrom ingest",
            err=True,
        )
    if not summary.requests and not summary.refused:
        raise Fault("no request in it", name, f"paste one of: {', '.join(FORMS)}")
    return not summary.refused and not source.cut


def _refuse(summary: Summary, complaint: str) -> None:
    summary.refused += 1
    if summary.refused <= MAX_COMPLAINTS:
        click.echo(printable(complaint), err=True)


def _opened(file: str) -> AbstractContextManager[IO[bytes]]:
    if file != STDIN:
        return Path(file).open("rb")
    if sys.stdin.isatty():
        click.echo("paste what you have, then press Ctrl-D on a line of its own", err=True)
    return nullcontext(sys.stdin.buffer)
