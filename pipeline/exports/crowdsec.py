"""Decisions as `cscli decisions import` reads them (docs.crowdsec.net, cscli_decisions_import)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

import orjson

from pipeline.exports.comments import safe
from pipeline.exports.entries import Entry, host_text

KEYS = ("duration", "reason", "scope", "type", "value")
MAX_REASON_CHARS = 120


def crowdsec(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return decisions as JSON."""
    rows = [_decision(entry, name, at) for entry in entries]
    return "[" + ",\n ".join(orjson.dumps(row).decode() for row in rows) + "]\n"


def crowdsec_csv(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return decisions as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, KEYS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_decision(entry, name, at) for entry in entries)
    return out.getvalue()


def _decision(entry: Entry, name: str, at: datetime) -> dict[str, str]:
    single = entry.network.prefixlen == entry.network.max_prefixlen
    text = f"{name}: {', '.join(entry.rules)}, {entry.requests} requests, {entry.ids[0]}"
    return {
        "duration": f"{entry.left(at)}s",
        "reason": safe(text, MAX_REASON_CHARS),
        "scope": "ip" if single else "range",
        "type": "ban",
        "value": host_text(entry.network),
    }
