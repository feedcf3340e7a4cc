"""Reading what was pasted and writing what is said of it: the one module here that meets files and streams."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import IO

import click

from echo.clientip import ConfigFault, Fault, printable
from echo.explain.explanation import Explanation
from echo.explain.pasted.forms import AUTO, FORMS, read
from echo.explain.pasted.lines import MAX_BYTES, Source
from echo.explain.pasted.offline import Desk, Judged
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
Numbered = tuple[Judged, int]


def explain_pasted(file: str, format_name: str, desk: Desk, form: str, render: Render) -> bool:
    """
    Explain what a file, or standard input, holds; return whether all of it could be. Raises Fault.

    format_name  a key of FORMS, or AUTO
    form         what is written: json, text or another form of a single explanation
    render       explanation -> that form
    """
    name = "standard input" if file == STDIN else printable(file)
    summary = Summary()
    with _opened(file, name) as stream:
        source = Source(stream, name)
        judged = _judge_all(source, format_name, desk, summary)
        if form == JSON:
            for one in judged:
                sys.stdout.write(json_line(*one))
        elif form == TEXT:
            _write_text(judged, summary)
        else:
            _write_one(judged, name, form, render)
    if summary.refused > MAX_COMPLAINTS:
        _say(f"{summary.refused - MAX_COMPLAINTS:,} more could not be explained")
    if source.cut:
        _say(
            f"stopped at line {source.cut:,}: {MAX_BYTES >> 20} MiB were read, and no more is; for whole logs there is "
            "whofrom ingest"
        )
    if not summary.requests and not summary.refused:
        raise Fault("no request in it", name, f"paste one of: {', '.join(FORMS)}")
    return not summary.refused and not source.cut


def _judge_all(source: Source, format_name: str, desk: Desk, summary: Summary) -> Iterator[Numbered]:
    """Yield what can be explained, with the number of its line; say of the rest why it cannot."""
    by_line = format_name != AUTO and FORMS[format_name].shape == LINE
    for piece in pieces(source, by_line=by_line):
        try:
            pasted = read(piece, format_name)
        except NoRequest as told:
            _say(f"line {piece.number}: {told}")
            continue
        except Unlike as why:
            _refuse(summary, f"line {piece.number}: {why}")
            continue
        judged = desk.judge(pasted)
        if judged is None:
            _refuse(summary, f"line {piece.number} ({pasted.form}): {pasted.lacks}; {ADD_PEER}")
            continue
        summary.add(judged)
        yield judged, piece.number


def _write_text(judged: Iterator[Numbered], summary: Summary) -> None:
    """Write one request in full; several in a line each, and what they came to."""
    first, second = next(judged, None), next(judged, None)
    if first is None:
        return
    if second is None:
        sys.stdout.write(full_text(*first).decode())
        return
    sys.stdout.write(f"{HEAD_LINE}\n")
    for one in (first, second):
        sys.stdout.write(f"{short_line(*one)}\n")
    for one in judged:
        sys.stdout.write(f"{short_line(*one)}\n")
    sys.stdout.write("\n".join(summary.lines()) + "\n")


def _write_one(judged: Iterator[Numbered], name: str, form: str, render: Render) -> None:
    """Write one request in a form that has no room for several. Raises ConfigFault."""
    first = next(judged, None)
    if first is None:
        return
    if next(judged, None) is not None:
        raise ConfigFault(
            f"{name} holds several requests", f"-o {form}", "paste one of them, or use -o text or -o json"
        )
    sys.stdout.write(render(first[0].explanation).decode())
    for line in origin_lines(*first):
        _say(line)


def _refuse(summary: Summary, complaint: str) -> None:
    summary.refused += 1
    if summary.refused <= MAX_COMPLAINTS:
        _say(complaint)


def _say(text: str) -> None:
    click.echo(printable(text), err=True)


def _opened(file: str, name: str) -> AbstractContextManager[IO[bytes]]:
    if file == STDIN:
        if sys.stdin.isatty():
            _say("paste what you have, then press Ctrl-D on a line of its own")
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(file).open("rb")
    except OSError as error:
        why = error.strerror or str(error)
        raise Fault(f"cannot read it: {why}", name, "name a file, or - for standard input") from None
