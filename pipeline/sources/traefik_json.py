"""
Traefik's access log as JSON.

1. ClientAddr is the peer, its port behind it. Where Traefik was told to drop it, a single ClientHost may be the peer or
   the header, as in its common log format: it is the writer's verdict, and a list is the header.
2. ClientHost is X-Forwarded-For as it arrived (the entry point has removed it where it does not trust the peer), or the
   peer's address again where there was none: where it is not the peer's it is the header, unless that is logged itself.
3. Headers are `request_<Name>`, those that Traefik was told to keep, and X-Real-Ip and X-Forwarded-… that it adds.
4. Times are in nanoseconds; sizes are those of bodies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow as pa

from pipeline.sources.documents import (
    NO_VALUE,
    Document,
    Texts,
    column,
    columns,
    missing,
    parse_documents,
    seconds_of_nanos,
    times,
)
from pipeline.sources.format import MARK_OF_JSON, Format

HEADER = "request_"
XFF = "x-forwarded-for"
_LIST = re.compile("[, ]")
FIELDS = {
    "peer_end": ("ClientAddr",),
    "host": ("RequestHost", "RequestAddr"),
    "user": ("ClientUsername",),
    "method": ("RequestMethod",),
    "target": ("RequestPath",),
    "protocol": ("RequestProtocol",),
    "agent": ("request_User-Agent",),
    "status": ("DownstreamStatus", "OriginStatus"),
    "body_bytes": ("DownstreamContentSize", "OriginContentSize"),
    "request_bytes": ("RequestContentSize",),
    "tls": ("TLSVersion",),
    "request_id": ("request_X-Request-Id",),
}


def _why_not(record: Document) -> str:
    return missing(
        record,
        "Traefik access log",
        ("ClientAddr", "ClientHost"),
        ("RequestMethod", "RequestPath", "DownstreamStatus", "OriginStatus"),
        ("StartUTC", "StartLocal", "time"),
    )


def _texts(records: list[Document]) -> Texts:
    return {
        **times(column(records, "StartUTC", "StartLocal", "time")),
        **columns(records, FIELDS),
        "writer_client": pa.array([_verdict(record) for record in records], pa.string()),
        "seconds": seconds_of_nanos(column(records, "Duration")),
    }


def _verdict(record: Document) -> str | None:
    host = record.get("ClientHost")
    alone = isinstance(host, str) and not isinstance(record.get("ClientAddr"), str) and not _LIST.search(host)
    return host if alone else None


def _headers(record: Document) -> Iterator[tuple[str, Any]]:
    names = set()
    for key, value in record.items():
        if key.startswith(HEADER):
            name = key.removeprefix(HEADER).lower()
            names.add(name)
            yield name, value
    host, end = record.get("ClientHost"), record.get("ClientAddr")
    if not isinstance(host, str) or XFF in names or host in NO_VALUE:
        return
    if isinstance(end, str):
        peer = end.rpartition(":")[0].removeprefix("[").removesuffix("]")
        if host not in (peer, end):
            yield XFF, host
    elif _LIST.search(host):
        yield XFF, host


TRAEFIK_JSON = Format(
    "traefik-json",
    "Traefik's access log as JSON; ClientAddr is the peer, ClientHost X-Forwarded-For where it is another",
    partial(parse_documents, why_not=_why_not, texts_of=_texts, headers_of=_headers),
    mark=MARK_OF_JSON,
)
