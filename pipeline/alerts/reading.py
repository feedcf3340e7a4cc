"""Alerts from a file or standard input, as `-o ndjson` and `-o json` write them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson

from echo.clientip import printable
from pipeline.alerts.alert import Alert
from pipeline.alerts.document import parse_document
from pipeline.errors import UsageFault

MAX_BYTES = 1 << 30
STDIN = "-"


def read_alerts(path: str) -> list[Alert]:
    """Read the alerts at a path, `-` for standard input. Raises UsageFault naming the line."""
    place = printable(path)
    try:
        data = sys.stdin.buffer.read(MAX_BYTES + 1) if path == STDIN else Path(path).read_bytes()
    except OSError as error:
        raise UsageFault(f"cannot be read: {error.strerror or error}", place, "name a file of alerts") from None
    if len(data) > MAX_BYTES:
        raise UsageFault(f"larger than {MAX_BYTES:,} bytes", place, "split it")
    if data.lstrip().startswith(b"["):
        return [parse_document(one, f"{place} alert {n}") for n, one in enumerate(_loaded(data, place), 1)]
    lines = enumerate(data.split(b"\n"), 1)
    return [
        parse_document(_loaded(line, f"{place} line {number}"), f"{place} line {number}")
        for number, line in lines
        if line.strip()
    ]


def _loaded(data: bytes, place: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise UsageFault("is no JSON", place, "give what whofrom alerts -o ndjson prints") from None
