"""
Envoy's and Istio's access logs as JSON, their operators being named in snake case or as headers (Envoy Gateway).

1. `downstream_direct_remote_address` is the peer, its port behind it. `downstream_remote_address` is what Envoy took
   for its client, by its own rules for X-Forwarded-For or PROXY: the writer's verdict.
2. X-Forwarded-For is as Envoy sends it on: where it is the edge it has put the peer behind it.
3. `duration` is in milliseconds, sizes are those of bodies.
4. A line of a TCP proxy (no method, status 0) is a row that is not HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pipeline.sources.documents import Document, Texts, column, columns, missing, parse_documents, times
from pipeline.sources.format import MARK_OF_JSON, Format

FIELDS = {
    "peer_end": ("downstream_direct_remote_address",),
    "writer_client_end": ("downstream_remote_address",),
    "local_end": ("downstream_local_address",),
    "host": ("authority", ":authority", "host"),
    "method": ("method", ":method", "request_method"),
    "target": ("path", "x-envoy-origin-path", "x_envoy_origin_path", "x-envoy-original-path", ":path"),
    "protocol": ("protocol",),
    "agent": ("user_agent", "user-agent"),
    "status": ("response_code",),
    "body_bytes": ("bytes_sent",),
    "request_bytes": ("bytes_received",),
    "millis": ("duration",),
    "tls": ("downstream_tls_version",),
    "request_id": ("request_id", "x-request-id", "x_request_id"),
}
HEADERS = (
    "x-forwarded-for", "x-forwarded-proto", "x-real-ip", "x-envoy-external-address", "true-client-ip",
    "cf-connecting-ip", "forwarded", "referer",
)  # fmt: skip
_KEYS = {key: name for name in HEADERS for key in (name.replace("-", "_"), name)}


def _why_not(record: Document) -> str:
    told = ("response_flags", "downstream_remote_address", "downstream_direct_remote_address", "upstream_host")
    return missing(record, "Envoy access log", ("start_time",), ("response_code",), told)


def _texts(records: list[Document]) -> Texts:
    return {**times(column(records, "start_time")), **columns(records, FIELDS)}


def _headers(record: Document) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if key in _KEYS:
            yield _KEYS[key], value


ENVOY_JSON = Format(
    "envoy-json",
    "Envoy's and Istio's access logs as JSON; the direct remote address is the peer, the other one Envoy's verdict",
    partial(parse_documents, why_not=_why_not, texts_of=_texts, headers_of=_headers),
    mark=MARK_OF_JSON,
)
