"""
A bundle of STIX 2.1 (OASIS, 10 June 2021): who says so, an indicator for each entry, and how often it was seen.

Ids are of version 5 (§2.9 lets domain objects have any): of the network and the day of its last request, so that a
list that is made again names the same objects. `created` is the beginning of that day, which never changes (§3.2), and
`modified` the time of the last request, by which readers take the newer version of an object that they have.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from echo.clientip import printable
from pipeline.exports.comments import comment_of
from pipeline.exports.entries import Entry, host_text

SPACE = uuid.UUID("5f3c1a52-6f4e-5a0e-8a52-0b6a3a6a7d11")  # ours alone: §2.9 keeps its own for observables
BORN = "2026-01-01T00:00:00.000Z"  # of the identity, which never changes
# confidence -> number on the scale None, Low, Med, High of Appendix A
CONFIDENCE = {"low": 15, "medium": 50, "high": 85}
MAX_COUNT = 999_999_999  # §4.16, of a sighting
MAX_TITLES, MAX_TITLE_CHARS = 3, 300
ATTACK = "https://attack.mitre.org/techniques/"


def stix(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return a bundle as JSON."""
    identity = _object("identity", name, BORN, BORN) | {
        "name": name, "identity_class": "system", "description": "Block list of whofrom, from access logs.",
    }  # fmt: skip
    objects = [identity]
    for entry in entries:
        indicator = _indicator(entry, name, identity["id"])
        objects += [indicator, _sighting(entry, name, indicator["id"], identity["id"])]
    text = orjson.dumps(objects)
    bundle = {"type": "bundle", "id": f"bundle--{uuid.uuid5(SPACE, text.decode())}", "objects": objects}
    return orjson.dumps(bundle, option=orjson.OPT_INDENT_2).decode() + "\n"


def pattern_of(entry: Entry) -> str:
    """Return the pattern that an address of the entry fits."""
    kind = f"ipv{entry.network.version}-addr"
    if entry.network.prefixlen == entry.network.max_prefixlen:
        return f"[{kind}:value = '{host_text(entry.network)}']"
    return f"[{kind}:value ISSUBSET '{entry.network}']"


def _indicator(entry: Entry, name: str, by: str) -> dict[str, Any]:
    titles = "; ".join(printable(title)[:MAX_TITLE_CHARS] for title in entry.titles[:MAX_TITLES])
    made = _dated("indicator", entry, name)
    made |= {
        "created_by_ref": by,
        "name": f"{host_text(entry.network)}: {', '.join(entry.rules)}",
        "description": f"{comment_of(entry)}. {titles}",
        "indicator_types": ["malicious-activity"],
        "pattern": pattern_of(entry),
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _time(entry.began),
        "valid_until": _time(entry.expires),
        "confidence": CONFIDENCE[entry.confidence],
        "labels": [entry.severity, *entry.rules],
    }
    if entry.techniques:
        made["external_references"] = [
            {"source_name": "mitre-attack", "external_id": one, "url": ATTACK + one.replace(".", "/")}
            for one in entry.techniques
        ]
    return made


def _sighting(entry: Entry, name: str, of: str, by: str) -> dict[str, Any]:
    return _dated("sighting", entry, name) | {
        "created_by_ref": by,
        "first_seen": _time(entry.began),
        "last_seen": _time(entry.ended),
        "count": min(MAX_COUNT, entry.requests),
        "sighting_of_ref": of,
        "where_sighted_refs": [by],
    }


def _dated(kind: str, entry: Entry, name: str) -> dict[str, Any]:
    day = entry.ended.replace(hour=0, minute=0, second=0, microsecond=0)
    return _object(kind, f"{name} {entry.network} {day.date()}", _time(day), _time(entry.ended))


def _object(kind: str, what: str, created: str, modified: str) -> dict[str, Any]:
    found = f"{kind}--{uuid.uuid5(SPACE, f'{kind} {what}')}"
    return {"type": kind, "spec_version": "2.1", "id": found, "created": created, "modified": modified}


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
