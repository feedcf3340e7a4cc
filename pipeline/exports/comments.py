"""What stands beside an entry in a list: of characters that no format takes for its own, and of bounded length."""

from __future__ import annotations

import re

from pipeline.exports.entries import Entry

UNSAFE = re.compile(r"[^A-Za-z0-9 .,:_-]")
MAX_RULES_CHARS = 44
# nftables keeps 128 bytes of a comment (its NFTNL_UDATA_COMMENT_MAXLEN), ipset 255
MAX_COMMENT_CHARS = 127
UNTIL = re.compile(r"until (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)")


def safe(text: str, limit: int = MAX_COMMENT_CHARS) -> str:
    """Return text in which nothing can end a comment, a quote, a statement or a line."""
    return UNSAFE.sub("_", text)[:limit]


def comment_of(entry: Entry) -> str:
    """Return reason, evidence and expiry of an entry: `high: sqli, xss, 120 requests, until …, 0123456789abcdef`."""
    rules = safe(", ".join(entry.rules), MAX_RULES_CHARS)
    count = f"{entry.requests} request{'' if entry.requests == 1 else 's'}"
    until = f"until {entry.expires:%Y-%m-%dT%H:%M:%SZ}"
    return safe(f"{entry.severity}: {rules}, {count}, {until}, {entry.ids[0]}")
