"""
Lines as shippers and stores of logs write them: a JSON object a line, which holds the program's line under a key.

    {"date":1798.4,"stream":"stdout","_p":"F","log":"what the program wrote","kubernetes":{…}}      Fluent Bit
    {"file":"/var/log/pods/…","message":"what the program wrote","source_type":"kubernetes_logs"}   Vector
    {"logName":"projects/…","jsonPayload":{…},"resource":{…}}                                       Cloud Logging

1. A shipper is known by keys that it adds, and is asked in the order of the table: its lines may have another's keys.
2. Under its key stands the line as it was, or, where the shipper has parsed it, an object, which is made JSON again.
3. A runtime's tag that was left beside it says whether the line goes on (P) in the next piece of the same container.
4. A shipper that put the record's fields beside its own ones and dropped the line has wrapped nothing: formats pass
   over fields that they do not know.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import orjson

from pipeline.sources.wrappers.layer import Piece, Wrapper

TAGS = ("_p", "logtag")  # what parsers of CRI lines call the runtime's tag: Fluent Bit's, and Fluentd's and others'
PART = "P"
# what tells containers apart whose pieces come interleaved
ORIGINS = ("pod_id", "pod_uid", "pod_name", "container_name")


class Shipper(NamedTuple):
    """
    Who writes such objects.

    lines  the program's line is under the first of these that an object has
    marks  of these keys an object has one at least, besides that
    """

    name: str
    meaning: str
    lines: tuple[str, ...]
    marks: tuple[str, ...]


SHIPPERS = (
    Shipper("vector", "Vector, as JSON: `message` beside `source_type`", ("message",), ("source_type",)),
    Shipper("filebeat", "Filebeat, Elastic Agent: `message` beside `@timestamp`", ("message",), ("@timestamp",)),
    Shipper(
        "fluent",
        "Fluent Bit, Fluentd: `log`, `message` or `log_processed` beside `date`, `stream`, `kubernetes`; pieces joined",
        ("log", "message", "log_processed"),
        ("date", "stream", "kubernetes", "container_id", *TAGS),
    ),
    Shipper("loki", "Loki, `logcli -o jsonl`: `line` beside `labels`", ("line",), ("labels",)),
    Shipper(
        "google", "Google Cloud Logging: `textPayload` or `jsonPayload`", ("textPayload", "jsonPayload"), ("logName",)
    ),
    Shipper("cloudwatch", "Amazon CloudWatch Logs, its events: `message`", ("message",), ("ingestionTime",)),
    Shipper("azure", "Azure Monitor, ContainerLogV2: `LogMessage`", ("LogMessage",), ("TimeGenerated",)),
    Shipper("journal", "systemd, `journalctl -o json`: `MESSAGE`", ("MESSAGE",), ("__REALTIME_TIMESTAMP",)),
)


def _read(shipper: Shipper, marks: tuple[bytes, ...], line: bytes) -> Piece | None:
    """Return what a line holds; marks are the shipper's keys as they stand in JSON."""
    if not line.startswith(b"{") or not any(mark in line for mark in marks):  # cheaper than to read it
        return None
    try:
        told: dict[str, Any] = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if told.keys().isdisjoint(shipper.marks):
        return None
    held = next((told[key] for key in shipper.lines if key in told), None)
    if isinstance(held, dict):
        return Piece(b"", orjson.dumps(held))
    if not isinstance(held, str):
        return None
    tag = next((told[key] for key in TAGS if key in told), None)
    return Piece(_origin(told), held.removesuffix("\n").removesuffix("\r").encode(), tag != PART)


def _origin(told: dict[str, Any]) -> bytes:
    """Return what the pieces of a line have in common."""
    pod = told.get("kubernetes")
    found = [told.get("stream")]
    found += [pod.get(key) for key in ORIGINS] if isinstance(pod, dict) else []
    return orjson.dumps(found)


def _reader(shipper: Shipper) -> Callable[[bytes], Piece | None]:
    return partial(_read, shipper, tuple(f'"{key}"'.encode() for key in shipper.marks))


SHIPPED = tuple(Wrapper(one.name, one.meaning, _reader(one), closed=True) for one in SHIPPERS)
