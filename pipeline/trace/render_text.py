"""
A story for a terminal: as wide as it is, colours by severity where it has colours, nothing that it could obey.

Text out of logs is made printable and cut before it is laid out; JSON has it whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from echo.clientip import printable
from pipeline.output import MIN_WIDTH, PIPE_WIDTH
from pipeline.trace.hops import ROLES
from pipeline.trace.stages import STAGES

STYLES = {"high": "bold red", "medium": "yellow", "low": "cyan", "info": "blue", "none": "green"}
ACTION_STYLES = {
    "block": "bold red",
    "limit": "yellow",
    "lock": "bold red",
    "check": "yellow",
    "fix": "magenta",
    "inside": "magenta",
}
DIM, HEAD = "dim", "bold"
MAX_VALUE_CHARS = 200  # of one text of a log: a line or two; JSON has all of it
MOST_SHOWN = 8  # values of a dimension
NOTHING = "–"


def moment(value: datetime | None) -> str:
    """Return a time in UTC."""
    return NOTHING if value is None else f"{value:%Y-%m-%d %H:%M:%S}"


def span(seconds: float) -> str:
    """Return how long something took, in the unit a person would use."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "<1 s"


def clean(text: object, most: int = MAX_VALUE_CHARS) -> str:
    """Return a text of a log as it may stand on a terminal."""
    if text is None:
        return NOTHING
    shown = printable(str(text)[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def count(number: int, noun: str) -> str:
    """Return `1 request`, `2,000 requests`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def run_line(run: Mapping[str, Any], *, with_client: bool) -> str:
    """Return what a run did: `37 × GET /wp-* 404 in 12 s`."""
    parts = [f"{run['requests']:,} × " if run["requests"] > 1 else ""]
    parts.append("" if run["method"] is None else f"{'' if run['method'] == '*' else clean(run['method'], 20) + ' '}")
    parts.append(clean(run["pattern"], 120) if run["pattern"] else "(no target)")
    if run["statuses"]:
        parts.append(" " + ", ".join(map(str, run["statuses"])))
    seconds = (run["ended"] - run["began"]).total_seconds()
    if run["requests"] > 1:
        parts.append(f" in {span(seconds)}")
        if run["paths"] > 1:
            parts.append(f", {run['paths']:,} paths")
    if run["users"]:
        parts.append(f", signed in: {', '.join(clean(one, 40) for one in run['users'][:MOST_SHOWN])}")
    if with_client:
        client = "several clients" if run["client"] == "*" else clean(run["client"])
        parts.insert(0, f"{client}: ")
    return "".join(parts)


def sample_line(sample: Mapping[str, Any]) -> str:
    """Return a request that shows what a stage is: `GET /.env → 200, 1,234 bytes [sensitive-env]`."""
    parts = [f"{clean(sample['method'], 20)} {clean(sample['target'])} → {clean(sample['status'])}"]
    if sample["bytes"] is not None:
        parts.append(f", {sample['bytes']:,} bytes")
    if sample["signatures"]:
        parts.append(f" [{', '.join(map(clean, sample['signatures'][:MOST_SHOWN]))}]")
    return "".join(parts)


class Page:
    """Lines of a width, written to a stream."""

    def __init__(self, out: TextIO) -> None:
        self.width = max(MIN_WIDTH, shutil.get_terminal_size((PIPE_WIDTH, 24)).columns)
        self._console = Console(file=out, width=self.width, highlight=False, soft_wrap=True)

    def line(self, *pieces: tuple[str, str] | str, indent: int = 0) -> None:
        """Write pieces, (text, style) or text, folded where they go beyond the width, at an indent."""
        text = Text(" " * indent if indent else "")
        for piece in pieces:
            text.append(*((piece,) if isinstance(piece, str) else piece))
        hang = indent + 2
        for number, part in enumerate(text.wrap(self._console, max(self.width - hang, 20))):
            shown = Text(" " * hang) + part if number else part
            shown.rstrip()
            self._console.print(shown)

    def head(self, title: str) -> None:
        """Write a title of a section."""
        self._console.print(Text(f"\n{title}", HEAD))

    def table(self, rows: Iterable[Sequence[str]], styles: Sequence[str] | None = None, indent: int = 2) -> None:
        """Write rows whose columns stand below each other; the last is folded."""
        listed = [list(row) for row in rows]
        if not listed:
            return
        wide = [max(map(cell_len, column)) for column in zip(*listed, strict=True)][:-1]
        begin = indent + sum(wide) + 2 * len(wide)
        folded = begin > self.width * 2 // 3
        for number, (*cells, last) in enumerate(listed):
            style = styles[number] if styles else ""
            head = " " * indent + "  ".join(set_cell_size(c, size) for c, size in zip(cells, wide, strict=True))
            if folded:
                for part in Text(head.rstrip(), style).wrap(self._console, self.width):
                    part.rstrip()
                    self._console.print(part)
                head = " " * (indent + 2)
            before = indent + 2 if folded else begin
            lines = Text(last, style).wrap(self._console, max(self.width - before, 20)) if last else [Text("")]
            for at, text in enumerate(lines):
                lead = Text(head if folded else head + "  ", style) if not at else Text(" " * before)
                shown = lead + text
                shown.rstrip()
                self._console.print(shown)


def write_story(story: Mapping[str, Any], out: TextIO) -> None:
    """Write a story."""
    page = Page(out)
    _top(story, page)
    if story["seen"] is None:
        _near(story, page)
        return
    for write in (_crawler, _stages, _timeline, _who, _ways, _forged, _campaign, _alerts, _advice):
        write(story, page)


def _top(story: Mapping[str, Any], page: Page) -> None:
    subject, verdict, seen = story["subject"], story["verdict"], story["seen"]
    kind = subject["class"] if subject["class"] not in (None, "public") else subject["kind"]
    style = STYLES[verdict["severity"]]
    page.line((clean(subject["text"]), HEAD), f" ({kind}) ", (f"{verdict['severity']}: {verdict['text']}", style))
    if seen is None:
        return
    page.line(
        f"{moment(seen['first'])} to {moment(seen['last'])} UTC, {count(seen['active_days'], 'day')}: "
        f"{count(seen['requests'], 'request')}, {seen['hostile']:,} of them hostile, {seen['errors']:,} errors, "
        f"{count(seen['paths'], 'path')}"
        + (f", {count(seen['hosts'], 'host')}" if seen["hosts"] else "")
        + (f", {count(seen['clients'], 'client')}" if seen["clients"] != 1 else "")
    )


def _crawler(story: Mapping[str, Any], page: Page) -> None:
    one = story["crawler"]
    if one is not None:
        page.line((crawler_line(one), STYLES["none" if one["verified"] else "medium"]))


def crawler_line(one: Mapping[str, Any]) -> str:
    """Return whether who says to be a crawler is one."""
    what = "is a crawler of" if one["verified"] else "says to be a crawler of"
    return f"{clean(one['client'])} {what} {one['operator']}: it {clean(one['why'])}"


def _near(story: Mapping[str, Any], page: Page) -> None:
    near = story["near"] or {}
    period = any(story["period"].values())
    page.line(f"no requests of it{' in this period' if period else ''}")
    for line in near_lines(near):
        page.line(line, indent=2)


def near_lines(near: Mapping[str, Any]) -> Iterator[str]:
    """Yield sentences that say where a subject without requests turns up."""
    if near.get("outside"):
        row = near["outside"]
        yield f"it has {count(row['requests'], 'request')} from {moment(row['first_ts'])} to {moment(row['last_ts'])}"
    if near.get("neighbours"):
        requests = sum(row["requests"] for row in near["neighbours"])
        yield (
            f"its network {near['network']} has {count(requests, 'request')} of "
            f"{count(len(near['neighbours']), 'client')}: "
            + ", ".join(row["client_ip"] for row in near["neighbours"][:MOST_SHOWN])
        )
    if near.get("as_peer"):
        row = near["as_peer"]
        yield (
            f"it is the peer of {count(row['requests'], 'request')} of {count(row['clients'], 'client')}: a proxy. "
            "Trace the clients behind it"
        )
    if near.get("claimed"):
        requests = sum(row["requests"] for row in near["claimed"])
        yield (
            f"it is named in X-Forwarded-For or Forwarded of {count(requests, 'request')} of other clients, who may "
            "have written it themselves: " + ", ".join(clean(row["client_ip"]) for row in near["claimed"][:MOST_SHOWN])
        )
    for kind in near.get("also", ()):
        yield f"the lake knows it as a {kind}: --as {kind}"
    for other in near.get("alike", ()):
        yield f"alike: {clean(other)}"
    if not any(near.values()):
        yield "nothing near it either: whofrom lake status says what the lake holds"


def _stages(story: Mapping[str, Any], page: Page) -> None:
    page.head("Kill chain")
    if not story["stages"]:
        page.line("no stage of it", indent=2)
        return
    for one in story["stages"]:
        seconds = (one["last"] - one["first"]).total_seconds()
        page.line(
            (one["title"], STYLES[one["severity"]]),
            f"  {moment(one['first'])}, {count(one['requests'], 'request')} in {span(seconds)}, "
            f"{count(one['paths'], 'path')}, {one['answered']:,} answered 2xx  ",
            (" ".join(one["techniques"]), DIM),
            indent=2,
        )
        if one["signatures"]:
            signs = list(one["signatures"].items())
            more = f" and {len(signs) - MOST_SHOWN} more" if len(signs) > MOST_SHOWN else ""
            page.line(
                ", ".join(f"{clean(sign, 60)} {number:,}" for sign, number in signs[:MOST_SHOWN]) + more, indent=4
            )
        for sample in one["samples"]:
            page.line(sample_line(sample), indent=4)
        if one["note"]:
            page.line((one["note"], DIM), indent=4)


def _timeline(story: Mapping[str, Any], page: Page) -> None:
    page.head("Timeline (UTC)")
    several = story["seen"]["clients"] > 1
    rows, styles = [], []
    for run in story["timeline"]:
        stage = STAGES.get(run["stage"] or "")
        rows.append((moment(run["began"]), stage.title if stage else "", run_line(run, with_client=several)))
        styles.append(STYLES[stage.severity] if stage else "")
    page.table(rows, styles)


# dimension -> title
DIMENSIONS = {
    "client": "clients",
    "place": "places",
    "network": "networks",
    "host": "hosts",
    "status": "statuses",
    "program": "programs",
    "user": "users",
    "method": "methods",
}
BRIEF = ("status", "host", "method")  # in one line each


def _who(story: Mapping[str, Any], page: Page) -> None:
    page.head("Who and where")
    values = story["values"]
    long = story["seen"]["last"] - story["seen"]["first"] > timedelta(days=3)
    pattern = "%Y-%m-%d" if long else "%m-%d %H:%M"
    for dimension, title in DIMENSIONS.items():
        found = values.get(dimension, [])
        if not found or (dimension == "client" and story["subject"]["kind"] == "ip"):
            continue
        if dimension in BRIEF:
            shown = ", ".join(f"{clean(one['value'], 80)} × {one['requests']:,}" for one in found[:MOST_SHOWN])
            page.line(f"{title}: {shown}{_more(values, dimension, len(found[:MOST_SHOWN]))}", indent=2)
            continue
        page.line(f"{title}:{_more(values, dimension, len(found[:MOST_SHOWN]))}", indent=2)
        page.table(
            [
                (
                    f"{one['requests']:,}",
                    f"{one['first']:{pattern}} – {one['last']:{pattern}}",
                    clean(one["value"]) + _detail(dimension, one),
                )
                for one in found[:MOST_SHOWN]
            ],
            indent=4,
        )


def _more(values: Mapping[str, Any], dimension: str, shown: int) -> str:
    left = values["distinct"].get(dimension, 0) - shown
    return f" and {left:,} more" if left > 0 else ""


def _detail(dimension: str, one: Mapping[str, Any]) -> str:
    if not one["detail"]:
        return ""
    if dimension == "program":
        return f"  [headers: {clean(one['detail'])}]" if one["detail"].count(",") > 1 else ""
    return f" ({clean(one['detail'])})"


def _ways(story: Mapping[str, Any], page: Page) -> None:
    page.head("Hops, left to right, the peer last")
    for way in story["ways"]:
        judged = "as the lake has it" if way["judged"] in ("row", "record") else f"under policy {way['judged']}"
        page.line(
            f"{count(way['requests'], 'request')}: the client is {_client(way)}, {judged}"
            + (f" ({way['reason']}: {way['why']})" if way["why"] else ""),
            indent=2,
        )
        if way["recorded"] != way["client"]:
            page.line(
                (f"the lake has {way['recorded'] or 'nobody'}: whofrom lake re-resolve makes it agree", "yellow"),
                indent=4,
            )
        page.table(
            [
                (clean(hop["text"], 60) or NOTHING, clean(hop["source"], 40), hop["class"], ROLES[hop["role"]])
                for hop in way["hops"]
            ],
            ["green" if hop["role"] == "client" else DIM if hop["role"] == "claim" else "" for hop in way["hops"]],
            indent=4,
        )


def _client(way: Mapping[str, Any]) -> str:
    others = f" or {way['clients'] - 1:,} more, likewise" if way["clients"] > 1 else ""
    return f"{way['client'] or 'nobody'}{others}"


def _forged(story: Mapping[str, Any], page: Page) -> None:
    if not story["forged"]:
        return
    page.head("Headers that may be forged")
    for one in story["forged"]:
        page.line(
            (one["meaning"], STYLES["medium"] if one["strong"] else ""),
            f" {count(one['requests'], 'request')}",
            indent=2,
        )
        page.line(", ".join(clean(text, 80) for text in one["samples"]), indent=4)


def _campaign(story: Mapping[str, Any], page: Page) -> None:
    campaign = story["campaign"]
    if campaign is None:
        return
    page.head("Campaign")
    page.line(f"{clean(campaign['name'])}: {clean(campaign['why'])}", indent=2)
    shown = campaign["sources"][:MOST_SHOWN]
    more = len(campaign["sources"]) - len(shown)
    page.line("with " + ", ".join(map(clean, shown)) + (f" and {more:,} more" if more else ""), indent=2)


def _alerts(story: Mapping[str, Any], page: Page) -> None:
    if not story["alerts"]:
        return
    page.head("Alerts")
    page.table(
        [(one["id"], one["severity"], one["rule"], clean(one["title"])) for one in story["alerts"][: 2 * MOST_SHOWN]],
        [STYLES[one["severity"]] for one in story["alerts"][: 2 * MOST_SHOWN]],
    )
    if len(story["alerts"]) > 2 * MOST_SHOWN:
        page.line(f"and {len(story['alerts']) - 2 * MOST_SHOWN:,} more: -o json has them", indent=2)


def _advice(story: Mapping[str, Any], page: Page) -> None:
    page.head("What to do")
    for one in story["advice"][: 2 * MOST_SHOWN]:
        page.line(
            (one["action"], ACTION_STYLES.get(one["action"], "")),
            f" {clean(one['target'])}: {clean(one['why'], 600)}" if one["target"] else f": {clean(one['why'], 600)}",
            indent=2,
        )
        for line in one["toml"].splitlines():
            page.line(line, indent=6)
    if len(story["advice"]) > 2 * MOST_SHOWN:
        page.line(f"and {len(story['advice']) - 2 * MOST_SHOWN:,} more: -o json has them", indent=2)
