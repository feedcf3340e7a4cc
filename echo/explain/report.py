"""
An explanation as text of 80 columns and as JSON.

Everything that came from the client is made printable and cut: the text is read on terminals.
"""

import textwrap
from collections.abc import Iterable
from urllib.parse import unquote_plus

import orjson

from echo.clientip import STRATEGIES, Policy
from echo.clientip.faults import printable
from echo.clientip.strategies import CHAIN
from echo.explain.judge import Explanation, HopView, spelled
from echo.explain.others import Other
from echo.request import Request

JSON_VERSION = 1
WIDTH = 80
MAX_SHOWN = 45  # an IPv6 address with a port in brackets; a hop that is longer is no address
MAX_ASKED = 60  # of the request line, to recognise one's own request
MAX_SENT = 80  # of a header that another program hands on
NAME_WIDTH = 40  # of a dialect with its argument; few are longer
MAX_RANGES = 6  # of the trusted ranges; a CDN's are dozens

# role of a hop -> words
ROLES = {
    "client": "the client",
    "trusted": "trusted proxy",
    "claim": "claim, ignored",
    "passed": "passed over",
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


def asked_names(request: Request) -> str:
    """Return what the query's `as=` names: the dialects to ask as well."""
    found = [pair.removeprefix(b"as=") for pair in request.query.split(b"&") if pair.startswith(b"as=")]
    return ",".join(unquote_plus(value.decode("latin-1"), errors="replace") for value in found)


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
    lines += [f"  {number:>2}. this server", "", *_policy_lines(explanation), *_other_lines(explanation)]
    if explanation.asked:
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
        "others": [_other_json(other) for other in explanation.others],
        "policy": {
            "id": policy.id,
            "strategy": policy.strategy,
            "headers": list(policy.headers),
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


def _other_json(other: Other) -> dict[str, object]:
    return {
        "dialect": other.name,
        "meaning": other.meaning,
        "client": None if other.client is None else printable(other.client[:MAX_SHOWN]),
        "refused": printable(other.refused) or None,
        "sends": None if other.sends is None else {name: printable(value[:MAX_SENT]) for name, value in other.sends},
        "agrees": other.agrees,
        "steered_by": other.steered or None,
    }


def _other_lines(explanation: Explanation) -> list[str]:
    if not explanation.others:
        return []
    lines = ["", "Other programs, given the same request and the same trusted ranges:"]
    for other in explanation.others:
        marks = [*([] if other.agrees else ["differs"]), *(["steerable"] if other.steered else [])]
        said = _answer(other) + (f"  [{', '.join(marks)}]" if marks else "")
        name = f"  {other.name:<{NAME_WIDTH}}"
        lines += [f"{name}  {said}"] if len(name) + len(said) + 2 <= WIDTH else [name.rstrip(), f"      {said}"]
    steered: dict[str, None] = dict.fromkeys(other.steered for other in explanation.others if other.steered)
    if steered:
        lines += [
            "",
            *_paragraph("Steered", f"An outsider could choose a steerable answer by {'; or by '.join(steered)}."),
        ]
    return [*lines, ""]


def _answer(other: Other) -> str:
    if other.refused:
        return f"refuses: {_shown(other.refused, MAX_SHOWN)}"
    if other.sends is not None:
        sent = "; ".join(f"{name}: {_shown(value, MAX_SENT)}" for name, value in other.sends)
        return f"decides nothing, sends {sent or 'what it got'}"
    return "nobody" if other.client is None else _shown(other.client, MAX_SHOWN) or "(empty)"


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
    if not texts and policy.headers:
        trusted = f"No range is trusted: {_headers(policy)} of whoever connects is believed"
    elif not texts:
        trusted = "No range is trusted, so no header is believed"
    else:
        more = f" and {len(texts) - MAX_RANGES} more" if len(texts) > MAX_RANGES else ""
        trusted = f"Trusted: {', '.join(texts[:MAX_RANGES])}{more}; read from {_headers(policy)}"
    source = f" (from {_shown(explanation.config_path, MAX_ASKED)})" if explanation.config_path else ""
    words = f"{policy.strategy}. {_client(policy)} {trusted}{source}."
    return _paragraph("Policy", words)


def _client(policy: Policy) -> str:
    name = CHAIN if policy.is_chain else policy.steps[0].name
    return STRATEGIES[name].client


def _headers(policy: Policy) -> str:
    return ", ".join(map(spelled, policy.headers or (policy.header,)))


def _paragraph(label: str, words: str) -> list[str]:
    return textwrap.wrap(words, WIDTH, initial_indent=f"{label + ':':<9}", subsequent_indent=" " * 9)


def _shown(text: str, most: int) -> str:
    shown = printable(text[:most])
    return f"{shown[:most]}…" if len(text) > most or len(shown) > most else shown
