"""Lists of lines: plain, and nginx's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pipeline.exports.comments import comment_of
from pipeline.exports.entries import Entry, host_text


def plain(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return one network a line, its comment above it: programs that read such lists take no comment behind one."""
    return "".join(f"# {comment_of(entry)}\n{host_text(entry.network)}\n" for entry in entries)


def nginx_deny(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return directives of ngx_http_access_module, to be included in http, server or location."""
    return "".join(f"# {comment_of(entry)}\ndeny {host_text(entry.network)};\n" for entry in entries)


def nginx_geo(entries: Sequence[Entry], name: str, at: datetime) -> str:
    """Return a block of ngx_http_geo_module, to be included in http: $NAME is 1 for who is blocked."""
    lines = "".join(f"    # {comment_of(entry)}\n    {entry.network} 1;\n" for entry in entries)
    return f"geo ${name} {{\n    default 0;\n{lines}}}\n"
