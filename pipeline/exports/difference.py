"""
What a list that exists would gain and lose.

The list may be one of ours in any format, or what the firewall prints of its set (`nft list set`, `ipset save`): all
that is needed are its networks, and where it says so, when each ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from pipeline.exports.comments import UNTIL
from pipeline.exports.entries import Entry, Network, host_text, network_of

COMMENT = re.compile(r'"[^"]*"|#.*')
WORD = re.compile(r"[^\s,;{}=]+")
PATTERN = re.compile(r"'([0-9a-fA-F.:/]+)'")
ADDED, REMOVED, EXTENDED, SHORTENED, SAME = "added", "removed", "extended", "shortened", "same"
CHANGES = (ADDED, REMOVED, EXTENDED, SHORTENED, SAME)
COLUMNS = ("change", "network", "severity", "rules", "requests", "expires", "before")


class Existing(NamedTuple):
    """A network of a list, and when it ends, where that is known."""

    network: Network
    expires: datetime | None


def difference(text: str, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return a row for each network that is in the list or would be; keys are COLUMNS."""
    before = {one.network: one.expires for one in existing(text)}
    rows = [_row(entry, entry.network in before, before.get(entry.network)) for entry in entries]
    kept = {entry.network for entry in entries}
    for network, expires in before.items():
        if network not in kept:
            row: dict[str, Any] = dict.fromkeys(COLUMNS)
            rows.append(row | {"change": REMOVED, "network": host_text(network), "before": expires})
    return rows


def existing(text: str) -> Iterator[Existing]:
    """Yield the networks of a list."""
    if text.lstrip().startswith(("[", "{")):
        try:
            yield from _in_json(orjson.loads(text))
            return
        except orjson.JSONDecodeError:
            pass
    expires: datetime | None = None
    for line in text.splitlines():
        found = UNTIL.search(line)
        if found:
            expires = _moment(found[1])
        networks = [network_of(word) for word in WORD.findall(COMMENT.sub(" ", line))]
        for network in networks:
            if network is not None:
                yield Existing(network, expires)
        if any(networks):
            expires = None


def _in_json(document: Any) -> Iterator[Existing]:
    """Yield what decisions or a bundle name."""
    objects = document.get("objects", []) if isinstance(document, dict) else document
    for one in objects if isinstance(objects, list) else []:
        if not isinstance(one, dict):
            continue
        found = PATTERN.search(str(one.get("pattern", "")))
        network = network_of(found[1] if found else str(one.get("value", "")))
        if network is not None:
            yield Existing(network, _moment(str(one.get("valid_until", ""))))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _row(entry: Entry, known: bool, before: datetime | None) -> dict[str, Any]:
    expires = entry.expires.replace(microsecond=0)  # as lists say it
    change = ADDED
    if known:
        then = before.replace(microsecond=0) if before is not None else expires
        change = SAME if expires == then else EXTENDED if expires > then else SHORTENED
    return {
        "change": change,
        "network": host_text(entry.network),
        "severity": entry.severity,
        "rules": list(entry.rules),
        "requests": entry.requests,
        "expires": expires,
        "before": before,
    }
