"""
An explanation as text of 80 columns and as JSON.

Everything that came from the client is made printable and cut: the text is read on terminals.
"""

import textwrap
from collections.abc import Iterable

import orjson

from echo.clientip import STRATEGIES
from echo.clientip.faults import printable
from echo.explain.judge import Explanation, HopView, spelled
from echo.request import Request

JSON_VERSION = 1
WIDTH = 80
MAX_SHOWN = 45  # an IPv6 address with a port in brackets; a hop that is longer is no address
MAX_ASKED = 60  # of the request line, to recognise one's own request
MAX_RANGES = 6  # of the trusted ranges; a CDN's are dozens

# role of a hop -> words
ROLES = {
    "client": "the client",
    "trusted": "trusted proxy",
    "claim": "claim, ignored",
    "stop": "the walk stops here",
}
VERDICTS = {
    "preserved-at-socket": "PRESERVED at the socket",
    "preserved-in-header": "PRESERVED in a header",
    "untrusted-header": "UNTRUSTED HEADER",
    "ambiguous": "AMBIGUOUS",
    "lost": "LOST",
    "malformed": "MALFORMED",
}


def wants_json(request: Request) -> bool:
    """Return whether the query (`format=json`, `format=text`) or else the Accept header asks for JSON."""
    for pair in request.query.split(b"&"):
        if pair.startswith(b"format="):
            return pair == b"format=json"
    return any(
        part.partition(b";")[0].strip(b" \t").lower() == b"application/json"
        for name, value in request.fields
        if name == b"Accept"
        for part in value.split(b",")
    )


def explain_text(explanation: Explanation) -> bytes:
    """Return the explanation as text."""
    finding, resolution = explanation.finding, explanation.resolution
    client = f"{resolution.client}, {explanation.client.words}" if resolution.client else "unknown"
    lines = [
        *_paragraph("Client", client),
        *_paragraph("Verdict", f"{VERDICTS[finding.verdict]} ({finding.code})"),
        "",
        *textwrap.wrap(finding.title, WIDTH),
        "",
        *_paragraph("Why", finding.cause),
        *_paragraph("To do", finding.remedy),
        "",
        "The way of the request, from the far end to this server:",
    ]
    if explanation.hidden:
        lines.append(f"  … {explanation.hidden} more, further left")
    for number, view in enumerate(explanation.hops, 1):
        lines += _hop_lines(number, view)
    number = len(explanation.hops) + 1
    lines += [f"  {number:>2}. this server", "", *_policy_lines(explanation)]
    lines += _paragraph("Asked", _shown(explanation.asked, MAX_ASKED))
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def explain_json(explanation: Explanation) -> bytes:
    """Return the explanation as one JSON object and a newline."""
    finding, resolution, policy = explanation.finding, explanation.resolution, explanation.policy
    client = resolution.client
    document = {
        "v": JSON_VERSION,
        "verdict": finding.verdict,
        "finding": finding._asdict(),
        "client": {
            "ip": str(client) if client else None,
            "class": explanation.client.code if client else None,
            "source": resolution.source or None,
            "reason": resolution.reason.code,
            "why": resolution.reason.meaning,
        },
        "hops": [_hop_json(view) for view in explanation.hops],
        "hops_hidden": explanation.hidden,
        "policy": {
            "id": policy.id,
            "strategy": policy.strategy,
            "header": policy.header,
            "trusted": list(policy.trusted.texts),
            "config": explanation.config_path or None,
        },
    }
    return orjson.dumps(document) + b"\n"


def _hop_json(view: HopView) -> dict[str, object]:
    hop, meaning = view
    return {
        "text": printable(hop.text[:MAX_SHOWN]),
        "ip": str(hop.address) if hop.address else None,
        "source": hop.source,
        "class": meaning.code,
        "class_source": meaning.source,
        "trusted": hop.trusted,
        "role": hop.role,
    }


def _hop_lines(number: int, view: HopView) -> list[str]:
    hop, meaning = view
    where = "the connection" if hop.source in ("peer", "proxied-peer") else spelled(hop.source)
    head = f"  {number:>2}. {_shown(hop.text, MAX_SHOWN) or '(empty)'}  [{ROLES[hop.role]}]"
    trust = "trusted" if hop.trusted else "not trusted"
    detail = f"{meaning.words} ({meaning.source}); {trust}; read from {where}"
    return [head, *textwrap.wrap(detail, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)]


def _policy_lines(explanation: Explanation) -> Iterable[str]:
    policy = explanation.policy
    texts = policy.trusted.texts
    if not texts:
        trusted = "No range is trusted, so no header is believed"
    else:
        more = f" and {len(texts) - MAX_RANGES} more" if len(texts) > MAX_RANGES else ""
        trusted = f"Trusted: {', '.join(texts[:MAX_RANGES])}{more}; read from {spelled(policy.header)}"
    source = f" (from {_shown(explanation.config_path, MAX_ASKED)})" if explanation.config_path else ""
    words = f"{policy.strategy}. {STRATEGIES[policy.strategy]} {trusted}{source}."
    return _paragraph("Policy", words)


def _paragraph(label: str, words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=f"{label + ':':<9}", subsequent_indent=" " * 9)


def _shown(text: str, most: int) -> str:
    shown = printable(text[:most])
    return f"{shown[:most]}…" if len(text) > most or len(shown) > most else shown
