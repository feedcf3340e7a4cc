"""
Caddy's access log, JSON.

    {"ts":1693840791.756,"logger":"http.log.access","request":{"remote_ip":"…","client_ip":"…",…},"duration":0.1,…}

1. `remote_ip` is the peer (before Caddy 2.5 `remote_addr`, its port behind it). `client_ip` is what Caddy made of it
   and of the headers of `trusted_proxies`: the writer's verdict.
2. `ts` is in seconds, or as `time_format` says: in other units, RFC 3339, ISO, CLF, or a clock without a zone, which is
   UTC's unless Caddy was told otherwise.
3. `duration` is in seconds, or a text like 1.5ms; sizes are those of bodies.
4. Other lines of the same log (errors, which tell of a request that has a line of its own; start, TLS) are no requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.documents import Document, Texts, column, columns, missing, parse_documents, times
from pipeline.sources.format import MARK_OF_JSON, Format

LOGGER = "http.log.access"
OF_RECORD = {
    "user": ("user_id",),
    "status": ("status",),
    "body_bytes": ("size",),
    "request_bytes": ("bytes_read",),
}
OF_REQUEST = {
    "peer_port": ("remote_port",),
    "writer_client": ("client_ip",),
    "host": ("host",),
    "method": ("method",),
    "target": ("uri",),
    "protocol": ("proto",),
}
OF_HEADERS = {"agent": ("User-Agent",), "request_id": ("X-Request-Id",)}
TLS_VERSIONS = {"769": "TLSv1", "770": "TLSv1.1", "771": "TLSv1.2", "772": "TLSv1.3"}
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "μs": 1e-6, "us": 1e-6, "ns": 1e-9}
_PART = r"(\d{1,12}(?:\.\d{1,12})?)(h|ms|m|s|µs|μs|us|ns)"
_DURATION = re.compile(rf"(?:{_PART}){{1,6}}")
_PARTS = re.compile(_PART)


def _why_not(record: Document) -> str:
    request = record.get("request")
    if not isinstance(request, dict):
        return "JSON, but no Caddy access log: request is missing"
    logger = record.get("logger", LOGGER)
    if not (isinstance(logger, str) and logger.startswith(LOGGER)):
        return f"a line of Caddy's, but not of its access log ({LOGGER})"
    return missing(record, "Caddy access log", ("ts",), ("status",)) or missing(
        request, "Caddy access log", ("remote_ip", "remote_addr", "client_ip"), ("method",)
    )


def _texts(records: list[Document]) -> Texts:
    requests = [record["request"] for record in records]
    headers = [request.get("headers") for request in requests]
    tls = column([request.get("tls") for request in requests], "version")
    texts = {
        **times(_dashed(column(records, "ts"))),
        **columns(records, OF_RECORD),
        **columns(requests, OF_REQUEST),
        **columns(headers, OF_HEADERS),
        "seconds": pa.array([_seconds(text) for text in column(records, "duration").to_pylist()], pa.string()),
        "tls": pa.array([TLS_VERSIONS.get(text, text) for text in tls.to_pylist()], pa.string()),
    }
    if any("remote_ip" not in request for request in requests):
        return _by_address(texts, requests)
    return texts | {"peer": column(requests, "remote_ip")}


def _by_address(texts: Texts, requests: Sequence[Document]) -> Texts:
    """Return texts with the peer of those that have only remote_addr."""
    del texts["peer_port"]
    ends = [(one.get("remote_ip"), one.get("remote_port")) for one in requests]
    joined = [f"[{ip}]:{port}" if isinstance(ip, str) and ip else None for ip, port in ends]
    return texts | {"peer_end": pc.coalesce(pa.array(joined, pa.string()), column(requests, "remote_addr"))}


def _dashed(clocks: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(clocks, r"^(\d{4})/(\d\d)/(\d\d) ", r"\1-\2-\3 ")


def _seconds(text: str | None) -> str | None:
    if text is None or not _DURATION.fullmatch(text):
        return text
    return f"{sum(float(number) * _UNITS[unit] for number, unit in _PARTS.findall(text)):.6f}"


def _headers(record: Document) -> Iterator[tuple[str, Any]]:
    headers = record["request"].get("headers")
    yield from headers.items() if isinstance(headers, dict) else ()


CADDY = Format(
    "caddy",
    "Caddy's access log; remote_ip is the peer, client_ip Caddy's verdict",
    partial(parse_documents, why_not=_why_not, texts_of=_texts, headers_of=_headers),
    mark=MARK_OF_JSON,
)
