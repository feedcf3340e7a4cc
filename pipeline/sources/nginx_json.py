"""
nginx's access log as JSON: a `log_format` that is an object of nginx's variables, under their own names or those that
people are used to give them (Elastic's and Logstash's examples among them).

1. `remote_addr` is the peer, unless `realip_remote_addr` stands beside it: then that is, and `remote_addr` is what
   nginx made of it, the writer's verdict. Alone it may be derived too, which the line does not say.
2. `proxy_protocol_addr` is the source that a PROXY header gave.
3. A key `http_<name>` is a header, so are those of HEADERS, whatever variable they were filled from.
4. `body_bytes_sent` is the body; where only `bytes_sent` is logged, the size is with the head.
5. Tencent's CLB delivers the same names through CLS.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pyarrow.compute as pc

from pipeline.sources.documents import NO_VALUE, Document, Texts, column, columns, missing, parse_documents, times
from pipeline.sources.format import MARK_OF_JSON, Format

TIMES = ("time_iso8601", "msec", "time_local", "@timestamp", "timestamp", "time", "ts", "datetime", "time_unix")
REALIP = ("realip_remote_addr", "realip_remote_ip")
REMOTE = ("remote_addr", "remote_ip", "remote_address", "remoteAddr", "clientip", "client", "request_address", "ip")
STATUS = ("status", "response", "status_code", "http_status")
REQUEST = ("request",)
METHOD = ("request_method", "method", "http_method")
TARGET = ("request_uri",)
PATH = ("uri", "path", "document_uri", "url")
FIELDS = {
    "proxied": ("proxy_protocol_addr",),
    "proxied_port": ("proxy_protocol_port",),
    "local": ("server_addr",),
    "local_port": ("server_port",),
    "user": ("remote_user",),
    "host": ("http_host", "domain", "vhost", "request_host", "host"),
    "agent": ("http_user_agent", "user_agent", "agent", "useragent", "ua"),
    "status": STATUS,
    "body_bytes": (
        "body_bytes_sent", "body_bytes_size", "resp_body_size", "bytes_sent", "bytes", "size", "response_size",
    ),
    "seconds": ("request_time", "duration", "responsetime", "response_time", "resp_time"),
    "connection": ("connection",),
    "connection_request": ("connection_requests",),
    "tls": ("ssl_protocol",),
    "request_id": ("http_x_request_id", "request_id", "req_id", "stgw_request_id"),
    "pod": ("hostname",),
}  # fmt: skip
PROTOCOL = ("server_protocol", "request_proto", "protocol", "proto")
QUERY = ("args", "query_string", "request_query")
HEADERS = {
    "x_forwarded_for": "x-forwarded-for",
    "x-forwarded-for": "x-forwarded-for",
    "x_forwarded": "x-forwarded-for",
    "xff": "x-forwarded-for",
    "x-forward-for": "x-forwarded-for",  # ingress-nginx's documentation
    "x_real_ip": "x-real-ip",
    "x-real-ip": "x-real-ip",
    "referer": "referer",
    "referrer": "referer",
    "http_referrer": "referer",
}
PREFIX = "http_"
NO_HEADERS = frozenset(
    {"http_user_agent", "http_host", "http_x_request_id", "http_method", "http_status", "http_version", "http_protocol"}
)


def _why_not(record: Document) -> str:
    return missing(
        record,
        "nginx access log",
        REALIP + REMOTE,
        STATUS,
        (*REQUEST, *METHOD, *TARGET, *PATH),
    )


def _has(record: Document, keys: tuple[str, ...]) -> bool:
    return any(record.get(key) not in (None, *NO_VALUE) for key in keys)


def _group(record: Document) -> tuple[bool, bool]:
    return _has(record, REQUEST), _has(record, REALIP)


def _texts(records: list[Document]) -> Texts:
    whole, derived = _group(records[0])
    texts = {**times(column(records, *TIMES)), **columns(records, FIELDS)}
    if derived:
        texts |= columns(records, {"peer": REALIP, "peer_port": ("realip_remote_port",), "writer_client": REMOTE})
    else:
        texts |= columns(records, {"peer": REMOTE, "peer_port": ("remote_port",)})
    if whole:
        return texts | {"request": column(records, *REQUEST)}
    path, query = column(records, *PATH), column(records, *QUERY)
    path = pc.coalesce(pc.binary_join_element_wise(path, query, "?"), path)
    target = pc.coalesce(column(records, *TARGET), path)
    return texts | {"target": target, **columns(records, {"method": METHOD, "protocol": PROTOCOL})}


def _headers(record: Document) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if key in HEADERS:
            yield HEADERS[key], value
        elif key.startswith(PREFIX) and key not in NO_HEADERS:
            yield key.removeprefix(PREFIX).replace("_", "-"), value


NGINX_JSON = Format(
    "nginx-json",
    "nginx's variables as JSON; remote_addr is the peer, or nginx's verdict beside realip_remote_addr",
    partial(parse_documents, why_not=_why_not, texts_of=_texts, headers_of=_headers, group_of=_group),
    mark=MARK_OF_JSON,
)
