"""
An alert as one flat object: what `-o json`, the NDJSON sink and the webhook send, and the journal keeps.

ALERT_KEYS is the one declaration of its keys, in their order. Within a major version keys are only added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

import orjson

from echo.clientip import quote
from pipeline.alerts.alert import CONFIDENCES, SEVERITIES, SUBJECT_KINDS, Alert
from pipeline.errors import UsageFault

# key -> what it is
ALERT_KEYS = {
    "id": "What is the same for the same alert, however often it is found: 16 hexadecimal digits.",
    "question": "Which question it answers: attacks or logins.",
    "rule": "Code of the rule.",
    "severity": "high, medium, low or info.",
    "confidence": "high, medium or low: how sure it is that the rule saw what it looks for.",
    "subject_kind": "What it is about: ip, prefix, asn, country, fingerprint, user, campaign or site.",
    "subject": "Who it is about: 203.0.113.9, 203.0.113.0/24, AS64496, alice.",
    "day": "UTC date that it counts for.",
    "key": "What tells alerts of one rule, subject and day apart, such as a pair of places; empty for none.",
    "began": "First request that it rests on, UTC.",
    "ended": "Last one, as far as was known.",
    "requests": "How many requests it rests on, as far as was known.",
    "title": "One sentence for a person. It may hold what an attacker wrote.",
    "evidence": "Sentences, the strongest first; likewise.",
    "techniques": "Ids of MITRE ATT&CK.",
    "remedy": "What to do next.",
    "sources": "Client addresses that take part, where the subject is none itself.",
    "details": "Object: the figures behind the sentences; its keys depend on the rule.",
}
TABLE_KEYS = ("severity", "rule", "subject", "requests", "began", "title")  # of a table for people
MAX_DOCUMENT_BYTES = 128 << 10  # receivers take 256 KiB to 1 MiB; an alert has some KB, and hostile texts in it
KEPT_SOURCES, KEPT_SENTENCES, KEPT_CHARS = 100, 20, 500  # of one that would be larger


def as_row(alert: Alert) -> dict[str, Any]:
    """Return the object with Python's values, as `pipeline.output` writes them."""
    row = {one.name: getattr(alert, one.name) for one in fields(alert)} | {"id": alert.fingerprint}
    for name in ("evidence", "techniques", "sources"):
        row[name] = list(row[name])
    row["details"] = dict(alert.details)
    return {key: row[key] for key in ALERT_KEYS}


def as_document(alert: Alert) -> dict[str, Any]:
    """
    Return the object in types of JSON, of at most some MAX_DOCUMENT_BYTES.

    What is larger loses its details, and sources and sentences beyond the first, and says `"cut": true` in details.
    """
    found: dict[str, Any] = _plain(as_row(alert))
    if len(orjson.dumps(found)) <= MAX_DOCUMENT_BYTES:
        return found
    found["sources"] = found["sources"][:KEPT_SOURCES]
    found["evidence"] = [text[:KEPT_CHARS] for text in found["evidence"][:KEPT_SENTENCES]]
    found["techniques"] = found["techniques"][:KEPT_SENTENCES]
    cut = {key: found[key][:KEPT_CHARS] for key in ("subject", "key", "title", "remedy")}
    return found | cut | {"details": {"cut": True}}


def parse_document(document: object, place: str) -> Alert:
    """Return the alert that an object is. Raises UsageFault naming the place."""
    if not isinstance(document, dict):
        raise UsageFault("is no alert: no object", place, "give what whofrom alerts -o ndjson prints")
    try:
        values = {name: _VALUES[name](document[name]) for name in _VALUES}
        values |= {name: read(document.get(name, ())) for name, read in _MORE.items()}
        alert = Alert(**values, details=dict(document.get("details") or {}))
    except KeyError as error:
        raise UsageFault(f"is no alert: it lacks {error}", place, "give what whofrom alerts -o ndjson prints") from None
    except (TypeError, ValueError) as error:
        raise UsageFault(
            f"is no alert: {quote(str(error))}", place, "give what whofrom alerts -o ndjson prints"
        ) from None
    for name, known in (("severity", SEVERITIES), ("confidence", CONFIDENCES), ("subject_kind", SUBJECT_KINDS)):
        if getattr(alert, name) not in known:
            raise UsageFault(
                f"is no alert: no {name} is {quote(getattr(alert, name))}", place, f"{', '.join(known)} are"
            )
    return alert


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{value!r} is no list")
    return tuple(_text(one) for one in value)


def _count(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no count")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_VALUES: Mapping[str, Any] = {
    **dict.fromkeys(("question", "rule", "severity", "confidence", "subject_kind", "subject", "title"), _text),
    "day": lambda value: date.fromisoformat(_text(value)),
    "began": _moment,
    "ended": _moment,
    "requests": _count,
}
_MORE: Mapping[str, Any] = {
    "evidence": _texts,
    "techniques": _texts,
    "sources": _texts,
    "key": lambda value: _text(value or ""),
    "remedy": lambda value: _text(value or ""),
}


def _plain(value: Any) -> Any:
    """Return a value in JSON's types; text that is no UTF-8 as escapes, numbers that JSON lacks as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_plain(str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 63 else str(value)
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124  # not a number
    return _plain(str(value))
