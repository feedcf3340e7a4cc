"""Telling what was judged: one request in full, several in a line each with a summary, as text or as JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator

import orjson

from echo.clientip import printable
from echo.explain.findings import FINDINGS
from echo.explain.pasted.forms import FORMS
from echo.explain.pasted.offline import Judged
from echo.explain.pasted.pasted import NOTES, Pasted
from echo.explain.report import WIDTH, explain_json, explain_text

MAX_REQUEST = 60  # of a request, in its line
HEAD_LINE = f"{'line':>6}  {'client':<17}  {'verdict':<19}  {'finding':<28}  request"


def full_text(judged: Judged, number: int) -> bytes:
    """Return the explanation of one request, and where it was read from."""
    lines = ["", *origin_lines(judged, number), ""]
    return explain_text(judged.explanation) + "\n".join(lines).encode("utf-8", "backslashreplace")


def origin_lines(judged: Judged, number: int) -> list[str]:
    """Return where a request was read from, and what must be known of that."""
    pasted = judged.pasted
    lines = [*paragraph("Read as", f"{FORMS[pasted.form].meaning} ({pasted.form}), line {number}.")]
    logged = said(pasted)
    if logged:
        lines += paragraph("Logged", logged)
    if pasted.error:
        lines += paragraph("Error", printable(pasted.error[:WIDTH]))
    for code in judged.notes:
        lines += paragraph("Note", NOTES[code])
    return lines


# key that the JSON has beside those of an explanation -> what it holds
JSON_KEYS = {
    "pasted.form": "The form that was read, a value of `--format`.",
    "pasted.line": "Number of its first line.",
    "pasted.notes": "Codes of what must be known of where it comes from.",
    "pasted.logged": "`client` and `finding` that its writer had come to; null where it does not say.",
    "pasted.error": "Why it is no request, where a record says so.",
}


def json_line(judged: Judged, number: int) -> str:
    """Return the explanation as a line of JSON in which nothing is left that a terminal could obey."""
    pasted = judged.pasted
    document = orjson.loads(explain_json(judged.explanation))
    document["pasted"] = {
        "form": pasted.form,
        "line": number,
        "notes": list(judged.notes),
        "logged": {key: printable(text)[:WIDTH] or None for key, text in pasted.logged._asdict().items()},
        "error": printable(pasted.error)[:WIDTH] or None,
    }
    line = orjson.dumps(document).decode()
    if not line.isprintable():
        line = "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in line)
    return line + "\n"


def short_line(judged: Judged, number: int) -> str:
    """Return a request in one line."""
    finding, resolution = judged.explanation.finding, judged.explanation.resolution
    client = str(resolution.client) if resolution.client and finding.verdict not in ("lost", "malformed") else "unknown"
    if finding.verdict == "ambiguous" and resolution.client:
        client += "?"
    asked = judged.pasted.asked
    shown = printable(asked[:MAX_REQUEST])[:MAX_REQUEST] + ("…" if len(asked) > MAX_REQUEST else "")
    return f"{number:>6}  {client:<17}  {finding.verdict:<19}  {finding.code:<28}  {shown}".rstrip()


class Summary:
    """What several requests came to; its texts are those of our own tables."""

    def __init__(self) -> None:
        self.findings: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.refused = 0

    @property
    def requests(self) -> int:
        """Return how many were explained."""
        return self.findings.total()

    def add(self, judged: Judged) -> None:
        """Count a request."""
        self.findings[judged.explanation.finding.code] += 1
        self.notes.update(judged.notes)

    def lines(self) -> Iterator[str]:
        """Yield the summary."""
        total = self.requests
        yield ""
        yield f"{total:,} request{'s' if total != 1 else ''}, by finding:"
        for code, count in self.findings.most_common():
            yield f"{count:>9,}  {FINDINGS[code].verdict:<19}  {code}"
        if self.refused:
            yield f"{self.refused:>9,}  not explained"
        for code, count in self.notes.most_common():
            yield from paragraph("Note", f"{NOTES[code]} ({count:,})")
        yield from paragraph(
            "More", "give one of the lines alone for cause and remedy; docs/reference/findings.md has all."
        )


def said(pasted: Pasted) -> str:
    """Return what the writer of a line had concluded, in words."""
    client, finding = pasted.logged
    parts = (
        f"client {printable(client[:WIDTH])}" if client else "",
        f"finding {printable(finding[:WIDTH])}" if finding else "",
    )
    return ", ".join(filter(None, parts))


def paragraph(label: str, words: str) -> list[str]:
    """Return words, wrapped, behind a label as the explanation's own are."""
    return textwrap.wrap(
        words, WIDTH, initial_indent=f"{label + ':':<9}", subsequent_indent=" " * 9, break_on_hyphens=False
    )
