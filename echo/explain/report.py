"""
An explanation as text of 80 columns and as JSON.

Everything that came from the client is made printable and cut: the text is read on terminals.
"""

import textwrap
from urllib.parse import unquote_plus

import orjson

from echo.clientip import STRATEGIES, Policy, parse_hop
from echo.clientip.faults import printable
from echo.clientip.strategies import CHAIN
from echo.explain.explanation import PRESERVED, Explanation, HopView, spelled
from echo.explain.others import Other
from echo.request import Request

JSON_VERSION = 1
WIDTH = 80
MAX_SHOWN = 45  # an IPv6 address with a port in brackets; a hop that is longer is no address
MAX_ASKED = 60  # of the request line, to recognise one's own request
MAX_SENT = 80  # of a header that another program hands on
NAME_WIDTH = 40  # of a dialect with its argument; few are longer
MAX_RANGES = 6  # of the trusted ranges; a CDN's are dozens

# key of the JSON -> what it holds; lists with [], in their order
JSON_KEYS = {
    "v": "Version of this table.",
    "verdict": "The finding's verdict.",
    "finding.code": "Which finding it is; stable.",
    "finding.verdict": "What it says of the client's address.",
    "finding.title": "In a sentence.",
    "finding.cause": "Why.",
    "finding.remedy": "What to do.",
    "finding.manifest": "The file to apply; empty if there is none.",
    "finding.section": "Section of the article that shows it; empty if none does.",
    "finding.reference": "The document that it rests on.",
    "lost_at.ip": "The hop that put its own address in the client's place. `lost_at` is null if none did.",
    "lost_at.class": "What that address means.",
    "lost_at.class_source": "Where that is known from.",
    "candidates[].story": "Who may be behind it, where that is not certain.",
    "candidates[].words": "In words.",
    "candidates[].client": "The address that would then be the client's; null if nothing shows it.",
    "evidence[].code": "What kind of evidence it is.",
    "evidence[].words": "What was seen.",
    "evidence[].forgeable": "The client could have written it.",
    "client.ip": "The resolved client; null if there is none. Where the verdict is `lost`, what stands in its place.",
    "client.class": "What that address means.",
    "client.source": "Where it was read: peer, proxied-peer, or a header.",
    "client.reason": "Why it was taken: a code.",
    "client.why": "The same in words.",
    "hops[].text": "A hop as written, from the far end to the peer.",
    "hops[].ip": "The address; null if it is none.",
    "hops[].source": "Where it was read.",
    "hops[].class": "What the address means.",
    "hops[].class_source": "Where that is known from.",
    "hops[].trusted": "It is in a trusted range.",
    "hops[].role": "client, trusted, claim (verified by nobody), passed, or stop (the walk ended without an address).",
    "hops_hidden": "How many hops more there are, further left.",
    "others[].dialect": "Another program, asked with `?as=`.",
    "others[].meaning": "The configuration that it stands for.",
    "others[].client": "Whom it would name.",
    "others[].refused": "Why it would refuse.",
    "others[].sends": "The headers that it would hand on, where it decides nothing itself.",
    "others[].agrees": "It names our client.",
    "others[].steered_by": "How an outsider could have chosen its answer.",
    "policy.id": "A fingerprint of the policy.",
    "policy.strategy": "How the client is chosen.",
    "policy.headers": "The headers that are read.",
    "policy.trusted": "The trusted ranges.",
    "policy.config": "The TOML's path.",
    "request.method": "The request as it arrived.",
    "request.target": "Its target.",
    "request.host": "Its Host.",
    "request.headers": "[name, value] of each header, in order of arrival.",
    "request.peer": "`ip` and `port` of the other end of the connection.",
    "request.proxied": "`ip` and `port` that a PROXY header gave; null without one.",
    "request.connection": "The connection's `id` and the `request`'s number on it.",
    "server.hostname": "The host's name: the pod that answered.",
}
# role of a hop -> words
ROLES = {
    "client": "the client",
    "trusted": "trusted proxy",
    "claim": "claim, ignored",
    "passed": "passed over",
    "stop": "the walk stops here",
}
# verdict -> how it is said
VERDICT_WORDS = {
    "preserved-at-socket": "PRESERVED at the socket",
    "preserved-in-header": "PRESERVED in a header",
    "untrusted-header": "UNTRUSTED HEADER",
    "ambiguous": "AMBIGUOUS",
    "lost": "LOST",
    "forged": "FORGED, and believed by a program on the way",
    "malformed": "MALFORMED",
}
FORGEABLE = "the client could have written that"


def asked_names(request: Request) -> str:
    """Return what the query's `as=` names: the dialects to ask as well."""
    found = [pair.removeprefix(b"as=") for pair in request.query.split(b"&") if pair.startswith(b"as=")]
    return ",".join(unquote_plus(value.decode("latin-1"), errors="replace") for value in found)


def explain_text(explanation: Explanation) -> bytes:
    """Return the explanation as text."""
    finding = explanation.finding
    lines = [
        *_paragraph("Client", client_text(explanation)),
        *_paragraph("Verdict", verdict_text(explanation)),
        "",
        *textwrap.wrap(finding.title, WIDTH),
        "",
        *_paragraph("Why", finding.cause),
        *_candidate_lines(explanation),
        *_evidence_lines(explanation),
        *_paragraph("To do", finding.remedy),
        *_manifest_lines(finding.manifest),
        *_source_lines(explanation),
        "",
        "The way of the request, from the far end to this server:",
    ]
    if explanation.hidden:
        lines.append(f"  … {explanation.hidden} more, further left")
    for number, view in enumerate(explanation.hops, 1):
        lines += _hop_lines(number, view, role_words(explanation, view))
    number = len(explanation.hops) + 1
    lines += [
        f"  {number:>2}. this server",
        "",
        *_paragraph("Policy", policy_text(explanation)),
        *_other_lines(explanation),
    ]
    if explanation.asked:
        lines += _paragraph("Asked", _shown(explanation.asked, MAX_ASKED))
    return ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")


def client_text(explanation: Explanation) -> str:
    """Return who the client is in a line; where that is not certain, who stands in its place."""
    resolution, verdict = explanation.resolution, explanation.finding.verdict
    client = f"{resolution.client}, {explanation.client.words}" if resolution.client else ""
    if verdict == "lost":
        return f"unknown; in its place stands {client}" if client else "unknown"
    if verdict == "ambiguous" and client:
        return f"{client}, or somebody behind it"
    if verdict in PRESERVED and not client:
        caller = explanation.hops[-1 if verdict == PRESERVED[0] else 0]
        shown = _shown(caller.hop.text, MAX_SHOWN)
        return f"{shown}, {caller.meaning.words}; the policy names nobody, since it is trusted itself"
    return client or "unknown"


def verdict_text(explanation: Explanation) -> str:
    """Return the verdict in a line: what, where, and the finding's code."""
    finding, lost = explanation.finding, explanation.lost_at
    at = f" at {_shown(lost.hop.text, MAX_SHOWN) or 'this connection'}, {lost.meaning.words}" if lost else ""
    return f"{VERDICT_WORDS[finding.verdict]}{at} ({finding.code})"


def explain_json(explanation: Explanation) -> bytes:
    """Return the explanation as one JSON object and a newline."""
    finding, resolution, policy = explanation.finding, explanation.resolution, explanation.policy
    client = resolution.client
    document = {
        "v": JSON_VERSION,
        "verdict": finding.verdict,
        "finding": {name: value for name, value in finding._asdict().items() if name not in ("stories", "lost_at")},
        "lost_at": _place_json(explanation.lost_at),
        "candidates": [
            {"story": one.story, "words": one.words, "client": str(one.client) if one.client else None}
            for one in explanation.candidates
        ],
        "evidence": [one._asdict() for one in explanation.evidence],
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
        "request": _request_json(explanation),
        "server": {"hostname": _whole(explanation.server) or None},
    }
    return orjson.dumps(document) + b"\n"


def _place_json(view: HopView | None) -> dict[str, object] | None:
    if view is None:
        return None
    ip = str(view.hop.address) if view.hop.address else None
    return {"ip": ip, "class": view.meaning.code, "class_source": view.meaning.source}


def _request_json(explanation: Explanation) -> dict[str, object]:
    """Return the request as it arrived; surrogates, which no JSON holds, are escaped."""
    arrival = explanation.arrival
    method, _, target = explanation.asked.partition(" ")
    headers = [[_whole(name), _whole(value)] for name, value in arrival.headers]
    identity, number = explanation.connection
    return {
        "method": _whole(method) or None,
        "target": _whole(target) or None,
        "host": next((value for name, value in headers if name.lower() == "host"), None),
        "headers": headers,
        "peer": _end_json(arrival.peer),
        "proxied": _end_json(arrival.proxied) if arrival.proxied else None,
        "connection": {"id": identity or None, "request": number or None},
    }


def _end_json(end: str | None) -> dict[str, object]:
    address = parse_hop(end) if end else None
    port = (end or "").rpartition(":")[2]
    is_port = address is not None and port.isdigit() and str(address) != end
    return {"ip": str(address) if address else None, "port": int(port) if is_port else None}


def _whole(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def _candidate_lines(explanation: Explanation) -> list[str]:
    if not explanation.candidates:
        return []
    lines = ["Who:     It may be"]
    for number, one in enumerate(explanation.candidates, 1):
        client = f": {one.client}" if one.client else ""
        lines += textwrap.wrap(
            f"{number}. {one.words}{client}", WIDTH, initial_indent=" " * 9, subsequent_indent=" " * 12
        )
    return lines


def _evidence_lines(explanation: Explanation) -> list[str]:
    if not explanation.evidence:
        return []
    words = [f"{one.words} ({FORGEABLE})" if one.forgeable else one.words for one in explanation.evidence]
    return _paragraph("Seen", " ".join(words))


def _source_lines(explanation: Explanation) -> list[str]:
    """Return where to read more: the document that has the article's sections, and a link, whole on its line."""
    finding = explanation.finding
    section = f"docs/how-to/topologies.md, section {finding.section}" if finding.section else ""
    return [
        f"{'' if index else 'See:':<5}{text}" for index, text in enumerate(filter(None, (section, finding.reference)))
    ]


def _manifest_lines(manifest: str) -> list[str]:
    return ["", *(f"    {line}".rstrip() for line in manifest.splitlines()), ""] if manifest else []


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
        said = answer_text(other) + (f"  [{', '.join(marks)}]" if marks else "")
        name = f"  {other.name:<{NAME_WIDTH}}"
        lines += [f"{name}  {said}"] if len(name) + len(said) + 2 <= WIDTH else [name.rstrip(), f"      {said}"]
    steered: dict[str, None] = dict.fromkeys(other.steered for other in explanation.others if other.steered)
    if steered:
        lines += [
            "",
            *_paragraph("Steered", f"An outsider could choose a steerable answer by {'; or by '.join(steered)}."),
        ]
    return [*lines, ""]


def answer_text(other: Other) -> str:
    """Return what another program would say."""
    if other.refused:
        return f"refuses: {_shown(other.refused, MAX_SHOWN)}"
    if other.sends is not None:
        sent = "; ".join(f"{name}: {_shown(value, MAX_SENT)}" for name, value in other.sends)
        return f"decides nothing, sends {sent or 'what it got'}"
    return "nobody" if other.client is None else _shown(other.client, MAX_SHOWN) or "(empty)"


def role_words(explanation: Explanation, view: HopView) -> str:
    """Return what a hop is to the verdict."""
    if view is explanation.lost_at:
        return "the client's address was lost here"
    if view.hop.role == "client" and explanation.finding.verdict == "ambiguous":
        return "the client, or it stands in its place"
    return ROLES[view.hop.role]


def _hop_lines(number: int, view: HopView, role: str) -> list[str]:
    hop, meaning = view
    where = "the connection" if hop.source in ("peer", "proxied-peer") else spelled(hop.source)
    head = f"  {number:>2}. {_shown(hop.text, MAX_SHOWN) or '(empty)'}  [{role}]"
    trust = "trusted" if hop.trusted else "not trusted"
    detail = f"{meaning.words} ({meaning.source}); {trust}; read from {where}"
    return [head, *textwrap.wrap(detail, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)]


def policy_text(explanation: Explanation) -> str:
    """Return the policy in force, in words."""
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
    return f"{policy.strategy}. {_client(policy)} {trusted}{source}."


def _client(policy: Policy) -> str:
    name = CHAIN if policy.is_chain else policy.steps[0].name
    return STRATEGIES[name].client


def _headers(policy: Policy) -> str:
    return ", ".join(map(spelled, policy.headers or (policy.header,)))


def _paragraph(label: str, words: str) -> list[str]:
    return textwrap.wrap(
        words, WIDTH, initial_indent=f"{label + ':':<9}", subsequent_indent=" " * 9, break_on_hyphens=False
    )


def _shown(text: str, most: int) -> str:
    shown = printable(text[:most])
    return f"{shown[:most]}…" if len(text) > most or len(shown) > most else shown
