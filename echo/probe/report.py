"""
A judgement as text of 80 columns, the short answer first, and as JSON.

What the server and the path wrote is made printable and cut: the text is read on terminals.
"""

import textwrap
from collections.abc import Iterable, Sequence

import orjson

from echo.clientip import Fault, printable
from echo.probe.answers import WHOAMI
from echo.probe.arrival import ARRIVED, GOOD, PRESERVED
from echo.probe.connections import CONNECTIONS
from echo.probe.fates import FATES, Fate
from echo.probe.judge import Judgement
from echo.probe.outcomes import OUTCOMES
from echo.probe.paths import Path
from echo.probe.seen import same, spelled

JSON_VERSION = 1
SETTLED = "What it leaves open, this probe has settled: the address that it names is yours."
WIDTH = 80
LABEL = 15  # "Server names:"
NAME = 31  # of a canary
MAX_SHOWN = 60  # of an entry, a name
MAX_TOLD = 1500  # of a text of the server's
MAX_BY = 3  # entries that were added; a proxy adds one
MAX_PATHS = 12  # in the text; a balancer of a cloud's may have dozens of machines


def report_text(judgement: Judgement) -> str:
    """Return a judgement as text."""
    told = judgement.told
    lines = [
        *_wrapped(f"{judgement.outcome.word}: {judgement.says}"),
        *[
            line
            for note in judgement.also
            for line in ("", *_wrapped(f"Also {OUTCOMES[note.code].word}: {note.words}"))
        ],
        "",
        *_labelled("Your address", ", ".join(map(str, judgement.mine)) or "unknown"),
        *_labelled("Server names", _named(judgement)),
        *_labelled("Connected by", _connected(judgement)),
        *(_labelled("Lost at", _cut(told.lost_at, MAX_SHOWN)) if told.lost_at else []),
        *(_labelled("To do", judgement.todo) if judgement.todo else []),
        *_list("On the way:", [note.words for note in judgement.practices]),
        *_list("Note:", [note.words for note in judgement.notes]),
        *_fate_lines(judgement.fates),
        *_path_lines(judgement.paths),
        "",
        *_labelled("Connections", CONNECTIONS[judgement.connection]),
        *_labelled("Added", _added(judgement)),
        *_told_lines(judgement),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def report_json(judgement: Judgement, url: str) -> str:
    """Return a judgement as a JSON object and a newline."""
    told = judgement.told
    document = {
        **_head(url, judgement.outcome.code, judgement.says, judgement.todo),
        "also": [{"code": note.code, "words": _cut(note.words, MAX_TOLD)} for note in judgement.also],
        "requests": judgement.requests,
        "mine": [str(one) for one in judgement.mine],
        "server": {
            "kind": told.kind,
            "client": _text(told.client),
            "source": _shown(told.source) or None,
            "peer": _text(told.peer),
            "proxied": _text(told.proxied),
            "verdict": _shown(told.verdict) or None,
            "finding": _shown(told.finding) or None,
            "title": _cut(told.title, MAX_TOLD) or None,
            "cause": _cut(told.cause, MAX_TOLD) or None,
            "remedy": _cut(told.remedy, MAX_TOLD) or None,
            "lost_at": _shown(told.lost_at) or None,
        },
        "canaries": [_fate_json(fate) for fate in judgement.fates],
        "bearers": [
            {"header": _shown(one.header), "place": one.place, "steady": one.is_steady} for one in judgement.bearers
        ],
        "practices": [{"code": note.code, "words": _cut(note.words, MAX_TOLD)} for note in judgement.practices],
        "notes": [{"code": note.code, "words": _cut(note.words, MAX_TOLD)} for note in judgement.notes],
        "paths": [_path_json(path) for path in judgement.paths],
        "connections": {"code": judgement.connection, "meaning": CONNECTIONS[judgement.connection]},
        "added": [_shown(name) for name in judgement.added],
    }
    return orjson.dumps(document).decode() + "\n"


def failure_json(fault: Fault, url: str) -> str:
    """Return as JSON that nothing can be said, and why."""
    outcome = OUTCOMES["failed"]
    says = outcome.says.format_map({"why": printable(fault.fault)})
    return orjson.dumps(_head(url, outcome.code, says, fault.next_step)).decode() + "\n"


def _head(url: str, code: str, says: str, todo: str) -> dict[str, object]:
    return {
        "v": JSON_VERSION,
        "url": printable(url),
        "verdict": code,
        "exit": OUTCOMES[code].exit,
        "says": _cut(says, MAX_TOLD),
        "todo": printable(todo) or None,
    }


def _named(judgement: Judgement) -> str:
    told = judgement.told
    if told.kind == WHOAMI:
        return "nobody: a whoami judges nothing"
    if told.client is None:
        return "nobody"
    sources = {"peer": "the other end of its connection", "proxied-peer": "a PROXY header"}
    source = sources.get(told.source, f"the header {_shown(spelled(told.source))}")
    return f"{told.client}, read from {source}"


def _connected(judgement: Judgement) -> str:
    told = judgement.told
    if told.peer is None:
        return "no address (a UNIX socket)"
    if same(told.peer, judgement.mine):
        return f"{told.peer}, which is you"
    via = f", which spoke for {told.proxied} (PROXY header)" if told.proxied else ""
    return f"{told.peer}, the last hop before the server{via}"


def _added(judgement: Judgement) -> str:
    names = [_shown(name) for name in judgement.added]
    return f"Headers that the path wrote: {', '.join(names)}." if names else "The path wrote no header of its own."


def _fate_lines(fates: Sequence[Fate]) -> list[str]:
    if not fates:
        return []
    lines = ["", "Forged headers, each in a request of its own, and what the path did with them:"]
    for fate in fates:
        name = f"  {_cut(fate.canary.label, NAME):<{NAME}}  "
        lines += textwrap.wrap(
            _fate_words(fate), WIDTH, initial_indent=name, subsequent_indent=" " * len(name), break_on_hyphens=False
        )
    return lines


def _fate_words(fate: Fate) -> str:
    words = FATES[fate.code][0]
    if fate.by:
        more = f" and {len(fate.by) - MAX_BY} more" if len(fate.by) > MAX_BY else ""
        shown = ", ".join(_shown(text) for text in fate.by[:MAX_BY]) + more
        words += f" by {shown}" if fate.code == "replaced" else f": {shown}"
    if fate.copied:
        words += f"; copied into {', '.join(map(_shown, fate.copied))}"
    believers = [name for name, believes in (("a proxy", fate.taken), ("the server", fate.believed)) if believes]
    if believers:
        words += f"; BELIEVED by {' and '.join(believers)}"
    if fate.hidden:
        words += "; the server then names NOBODY"
    return words


def _path_lines(paths: Sequence[Path]) -> list[str]:
    total = sum(path.times for path in paths)
    if len(paths) == 1:
        return ["", f"All {total} requests without a forged header took the same way." if total > 1 else "One request."]
    lines = ["", f"{len(paths)} ways that {total} requests without a forged header took:"]
    for path in paths[:MAX_PATHS]:
        lines += textwrap.wrap(
            _path_words(path), WIDTH, initial_indent=f"  {path.times:>4} ×  ", subsequent_indent=" " * 9
        )
    if len(paths) > MAX_PATHS:
        lines.append(f"         and {len(paths) - MAX_PATHS} more")
    return lines


def _path_words(path: Path) -> str:
    to = f"to {_shown(path.to)}: " if path.to else ""
    if path.fault:
        return f"{to}NO ANSWER: {_cut(path.fault, MAX_TOLD)}"
    arrives = "your address arrives" if path.arrival in GOOD else f"YOUR ADDRESS IS {OUTCOMES[path.arrival].word}"
    names = f", names {_shown(path.client)} ({_shown(path.finding)})" if path.client else ""
    server = f"server {_shown(path.server)}" if path.server else "the server"
    return f"{to}{arrives}; {server}, connected by {_shown(path.peer)}{names}"


def _told_lines(judgement: Judgement) -> list[str]:
    told = judgement.told
    if told.kind == WHOAMI:
        return []
    is_settled = judgement.outcome.code == ARRIVED and not told.verdict.startswith(PRESERVED)
    return [
        "",
        *_wrapped(f"The server's own explanation ({_shown(told.verdict)}: {_shown(told.finding)}):"),
        *_wrapped(_cut(told.title, MAX_TOLD), "  "),
        *_labelled("  Why", _cut(told.cause, MAX_TOLD)),
        *_labelled("  To do", _cut(told.remedy, MAX_TOLD)),
        *(_wrapped(SETTLED) if is_settled else []),
    ]


def _fate_json(fate: Fate) -> dict[str, object]:
    return {
        "code": fate.canary.code,
        "header": printable(fate.canary.header),
        "sent": list(fate.canary.values),
        "fate": fate.code,
        "by": [_shown(text) for text in fate.by],
        "copied": [_shown(name) for name in fate.copied],
        "taken": fate.taken,
        "believed": fate.believed,
        "hidden": fate.hidden,
    }


def _path_json(path: Path) -> dict[str, object]:
    return {
        "count": path.times,
        "to": path.to or None,
        "peer": _shown(path.peer) or None,
        "client": _shown(path.client) or None,
        "finding": _shown(path.finding) or None,
        "server": _shown(path.server) or None,
        "arrival": path.arrival or None,
        "fault": _cut(path.fault, MAX_TOLD) or None,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _list(head: str, items: Iterable[str]) -> list[str]:
    lines = [
        line
        for text in items
        for line in textwrap.wrap(
            _cut(text, MAX_TOLD), WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False
        )
    ]
    return ["", head, *lines] if lines else []


def _labelled(label: str, words: str) -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=f"{label + ':':<{LABEL}}", subsequent_indent=" " * LABEL, break_on_hyphens=False
    )


def _wrapped(words: str, indent: str = "") -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def _shown(text: str) -> str:
    return _cut(text, MAX_SHOWN)


def _cut(text: str, most: int) -> str:
    shown = printable(text[:most])
    return f"{shown[: most - 1]}…" if len(text) > most or len(shown) > most else shown
