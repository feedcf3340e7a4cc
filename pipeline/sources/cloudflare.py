"""
Cloudflare Logpush, the HTTP requests dataset: one object a line.

1. ClientIP is the visitor as Cloudflare saw it, the other end of its socket or what a header of a trusted worker said:
   the writer's verdict. The log knows no peer of ours.
2. Times are RFC 3339, seconds or nanoseconds since 1970, as the job was told. The start is taken, else the end.
3. EdgeResponseBodyBytes is the body; where only EdgeResponseBytes is logged, the size is with the head.
4. Headers are those of the job's custom fields (RequestHeaders), and the Referer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pipeline.sources.documents import Document, Texts, column, columns, missing, parse_documents, times
from pipeline.sources.format import MARK_OF_JSON, Format

TIMES = ("EdgeStartTimestamp", "EdgeEndTimestamp")
FIELDS = {
    "writer_client": ("ClientIP",),
    "host": ("ClientRequestHost",),
    "method": ("ClientRequestMethod",),
    "target": ("ClientRequestURI", "ClientRequestPath"),
    "protocol": ("ClientRequestProtocol",),
    "agent": ("ClientRequestUserAgent",),
    "status": ("EdgeResponseStatus",),
    "body_bytes": ("EdgeResponseBodyBytes", "EdgeResponseBytes"),
    "request_bytes": ("ClientRequestBodyBytes",),
    "tls": ("ClientSSLProtocol",),
    "request_id": ("RayID",),
}


def _why_not(record: Document) -> str:
    return missing(record, "Cloudflare log of HTTP requests", ("ClientIP",), TIMES)


def _texts(records: list[Document]) -> Texts:
    return {**times(column(records, *TIMES)), **columns(records, FIELDS)}


def _headers(record: Document) -> Iterator[tuple[str, Any]]:
    yield "referer", record.get("ClientRequestReferer")
    headers = record.get("RequestHeaders")
    yield from headers.items() if isinstance(headers, dict) else ()


CLOUDFLARE = Format(
    "cloudflare",
    "Cloudflare Logpush, HTTP requests; ClientIP is Cloudflare's verdict, there is no peer",
    partial(parse_documents, why_not=_why_not, texts_of=_texts, headers_of=_headers),
    mark=MARK_OF_JSON,
)
