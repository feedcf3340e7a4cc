"""
Programs that log requests: a request to the line that each writes of it, escaped as it does, and to what a row of it
holds.

A value stands in a row as the line has it; `escape` says how that is. What a format does not log, a row does not have.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from echo.record import FIELDS, SCHEMA_VERSION

LOCAL = "198.51.100.1"
UPSTREAM = "10.244.0.9:8080"
MILLIS = 25
PRINTABLE = range(0x20, 0x7F)


class Request(NamedTuple):
    """
    A request as its program knows it; None for what it lacks.

    raw  the request line, where it is no HTTP
    """

    peer: str = "192.0.2.10"
    port: int = 51234
    user: str | None = None
    at: datetime = datetime(2025, 3, 9, 23, 4, 5, 678_000, UTC)
    method: str = "GET"
    target: str = "/"
    protocol: str = "HTTP/1.1"
    status: int = 200
    size: int = 512
    referer: str | None = None
    agent: str | None = "curl/8.5.0"
    forwarded: str | None = None
    host: str = "www.example.com"
    id: str = "c99400a4db42e32187a3cbda00920e41"
    raw: str | None = None

    @property
    def line(self) -> str:
        return f"{self.method} {self.target} {self.protocol}" if self.raw is None else self.raw


Row = dict[str, Any]


class Writer(NamedTuple):
    """
    A program with one of its formats.

    form     what --format takes for it, and what its lines are taken for
    write    request -> line
    columns  those of KNOWN that its rows have
    escape   value -> what stands in the line, None if it is the value itself
    more     request -> what its rows have besides, or otherwise
    """

    form: str
    write: Callable[[Request], str]
    columns: tuple[str, ...]
    escape: Callable[[str], str] = str
    more: Callable[[Request], Row] = lambda _: {}
    exact: bool = False

    def row(self, request: Request) -> Row:
        """Return what the row of a request holds; headers by their names."""
        told = {name: KNOWN[name](request) for name in self.columns}
        if request.raw is not None:
            told |= {name: None for name in ("method", "protocol") if name in told}
            told |= {"target": request.raw} if "target" in told else {}
        row = {name: self.escape(value) if isinstance(value, str) else value for name, value in told.items()}
        if not self.exact:
            row["ts"] = request.at.replace(microsecond=0)
        return {name: value for name, value in (row | self.more(request)).items() if value not in (None, "-", "")}


KNOWN: dict[str, Callable[[Request], Any]] = {
    "ts": lambda one: one.at,
    "peer_ip": lambda one: one.peer,
    "peer_port": lambda one: one.port,
    "user": lambda one: one.user,
    "method": lambda one: one.method,
    "target": lambda one: one.target,
    "protocol": lambda one: one.protocol,
    "status": lambda one: one.status,
    "response_bytes": lambda one: one.size,
    "user_agent": lambda one: one.agent,
    "referer": lambda one: one.referer,
    "x-forwarded-for": lambda one: one.forwarded,
    "host": lambda one: one.host,
    "request_id": lambda one: one.id,
    "duration_us": lambda _: MILLIS * 1000,
}
LINE = ("ts", "peer_ip", "user", "method", "target", "protocol", "status", "response_bytes")
AGENTS = (*LINE, "referer", "user_agent")
JSON = (*AGENTS, "x-forwarded-for", "host", "duration_us")


# --- how programs escape ----------------------------------------------------------------------------------------------


def of_nginx(text: str) -> str:
    """ngx_http_log_escape: quotes, backslashes and what is no printable ASCII as \\xHH."""
    return "".join(
        chr(byte) if byte in PRINTABLE and byte not in b'"\\' else f"\\x{byte:02X}" for byte in text.encode()
    )


def of_apache(text: str) -> str:
    """ap_escape_logitem: C's escapes, else \\xhh."""
    known = {ord('"'): '\\"', ord("\\"): "\\\\", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 13: "\\r"}
    return "".join(known.get(byte, chr(byte) if byte in PRINTABLE else f"\\x{byte:02x}") for byte in text.encode())


def of_haproxy(text: str) -> str:
    """url_encode_map: quotes, # and what is no printable ASCII as #HH."""
    return "".join(chr(byte) if byte in PRINTABLE and byte not in b'"#' else f"#{byte:02X}" for byte in text.encode())


def captured(text: str) -> str:
    """hdr_encode_map: braces and bars, too."""
    return "".join(f"#{ord(char):02X}" if char in "{|}" else char for char in of_haproxy(text))


def of_aws(text: str) -> str:
    """Control characters, what is no ASCII, quotes and backslashes as \\xHH."""
    return of_nginx(text)


def text(value: str | None, escape: Callable[[str], str] = str) -> str:
    return "-" if value is None else escape(value)


def obj(told: Row) -> str:
    return json.dumps(told, ensure_ascii=False)


def clf(at: datetime) -> str:
    return at.strftime("%d/%b/%Y:%H:%M:%S +0000")


def millis(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


# --- lines ------------------------------------------------------------------------------------------------------------


def common(one: Request, escape: Callable[[str], str]) -> str:
    return f'{one.peer} - {text(one.user, escape)} [{clf(one.at)}] "{escape(one.line)}" {one.status} {one.size}'


def combined(one: Request, escape: Callable[[str], str]) -> str:
    return f'{common(one, escape)} "{text(one.referer, escape)}" "{text(one.agent, escape)}"'


def nginx(one: Request) -> str:
    return combined(one, of_nginx)


def main(one: Request) -> str:
    return f'{nginx(one)} "{text(one.forwarded, of_nginx)}"'


def bars(one: Request) -> str:
    parts = (one.peer, one.port, clf(one.at), of_nginx(one.line), one.status, one.size, of_nginx(one.agent or "-"))
    return "|".join(map(str, (*parts, text(one.forwarded, of_nginx), one.host, "0.025")))


def realip(one: Request) -> str:
    asked = (one.method, one.target) if one.raw is None else ("", "")
    return (
        f'10.0.0.1 {one.peer} {one.at.timestamp():.3f} "{asked[0]}" "{of_nginx(asked[1])}" {one.status}'
        f' "{text(one.agent, of_nginx)}"'
    )


def ingress(one: Request) -> str:
    return f"{nginx(one)} 80 0.025 [default-web-80] [] {UPSTREAM} 13 0.024 200 {one.id}"


def nginx_json(one: Request) -> str:
    return obj(
        {
            "time_iso8601": one.at.strftime("%Y-%m-%dT%H:%M:%S+00:00"), "remote_addr": one.peer,
            "remote_user": one.user or "", "request": one.line, "status": str(one.status), "request_time": "0.025",
            "body_bytes_sent": str(one.size), "http_referer": one.referer or "", "http_user_agent": one.agent or "",
            "http_x_forwarded_for": one.forwarded or "", "host": one.host,
        }
    )  # fmt: skip


def derived_json(one: Request) -> str:
    return obj(json.loads(nginx_json(one)) | {"realip_remote_addr": "10.0.0.1"})


def clb_json(one: Request) -> str:
    method, target, protocol = (one.method, one.target, one.protocol) if one.raw is None else ("-", "-", "-")
    return obj(
        {
            "lb_id": "lb-1", "stgw_request_id": one.id, "time_local": clf(one.at), "protocol_type": "http",
            "server_addr": LOCAL, "server_port": "80", "server_name": one.host, "remote_addr": one.peer,
            "remote_port": str(one.port), "status": str(one.status), "request": f"{method} {target} {protocol}"
            if one.raw is None else one.raw, "request_length": "80", "bytes_sent": str(one.size), "http_host": one.host,
            "http_user_agent": text(one.agent), "http_referer": text(one.referer), "request_time": "0.025",
        }
    )  # fmt: skip


def clb(one: Request) -> str:
    fields = (
        one.id, clf(one.at), "http", f"{LOCAL}:80", one.host, f"{one.peer}:{one.port}", one.status, UPSTREAM, 200,
        "upstream", of_nginx(one.line), 80, one.size, one.host, text(one.agent, of_nginx), text(one.referer, of_nginx),
        "0.025", "0.024", "0.001", "0.023", 3000, 77, 2, "-", "-", "-", 1234, "/", "HTTP/1.1",
    )  # fmt: skip
    return " ".join(f"[{field}]" for field in fields)


def traefik(one: Request) -> str:
    return (
        f'{one.forwarded or one.peer} - {text(one.user)} [{clf(one.at)}] "{one.line}" {one.status} {one.size}'
        f' "{text(one.referer)}" "{text(one.agent)}" 17 "web@docker" "http://{UPSTREAM}" {MILLIS}ms'
    )


def traefik_json(one: Request) -> str:
    headers = {"User-Agent": one.agent, "Referer": one.referer}
    return obj(
        {
            "ClientAddr": f"[{one.peer}]:{one.port}" if ":" in one.peer else f"{one.peer}:{one.port}",
            "ClientHost": one.forwarded or one.peer, "ClientUsername": text(one.user), "Duration": MILLIS * 1_000_000,
            "DownstreamContentSize": one.size, "DownstreamStatus": one.status, "RequestHost": one.host,
            "RequestMethod": one.method, "RequestPath": one.target, "RequestProtocol": one.protocol,
            "StartUTC": f"{one.at:%Y-%m-%dT%H:%M:%S.%f}789Z", "level": "info", "msg": "",
            **{f"request_{name}": value for name, value in headers.items() if value is not None},
        }
    )  # fmt: skip


def envoy(one: Request) -> str:
    asked = one.line if one.raw is None else "- - HTTP/1.1"
    return (
        f'[{millis(one.at)}] "{asked}" {one.status} - 3 {one.size} {MILLIS} 24 "{text(one.forwarded)}"'
        f' "{text(one.agent)}" "{one.id}" "{one.host}" "{UPSTREAM}"'
    )


def istio(one: Request) -> str:
    start, rest = envoy(one).split(f" {one.status} - ", 1)
    end = f"[{one.peer}]" if ":" in one.peer else one.peer
    return (
        f'{start} {one.status} - via_upstream - "-" {rest} outbound|80||web 10.244.0.4:48436 {LOCAL}:80'
        f" {end}:{one.port} - default"
    )


def envoy_json(one: Request, **more: Any) -> str:
    end = f"[{one.peer}]" if ":" in one.peer else one.peer
    told = {"method": one.method, "path": one.target} if one.raw is None else {"method": None, "path": None}
    return obj(
        {
            "start_time": millis(one.at), "protocol": one.protocol, "response_code": one.status, "response_flags": "-",
            "bytes_received": 3, "bytes_sent": one.size, "duration": MILLIS, "x_forwarded_for": one.forwarded,
            "user_agent": one.agent, "request_id": one.id, "authority": one.host, "upstream_host": UPSTREAM,
            "downstream_local_address": f"{LOCAL}:80", "downstream_remote_address": f"{end}:{one.port}", **told, **more,
        }
    )  # fmt: skip


def direct_json(one: Request) -> str:
    return envoy_json(one, downstream_direct_remote_address="10.0.0.1:4711")


def caddy(one: Request) -> str:
    headers = {"User-Agent": one.agent, "Referer": one.referer, "X-Forwarded-For": one.forwarded}
    return obj(
        {
            "level": "info", "ts": one.at.timestamp(), "logger": "http.log.access.log0", "msg": "handled request",
            "request": {
                "remote_ip": one.peer, "remote_port": str(one.port), "client_ip": "203.0.113.77",
                "proto": one.protocol, "method": one.method, "host": one.host, "uri": one.target,
                "headers": {name: [value] for name, value in headers.items() if value is not None},
            },
            "bytes_read": 3, "user_id": one.user or "", "duration": MILLIS / 1000, "size": one.size,
            "status": one.status,
        }
    )  # fmt: skip


def haproxy(one: Request, captures: str = "", behind: str = "") -> str:
    stamp = f"{one.at:%d/%b/%Y:%H:%M:%S}.{one.at.microsecond // 1000:03d}"
    asked = of_haproxy(one.line) if one.raw is None else "<BADREQ>"
    return (
        f"{one.peer}:{one.port} [{stamp}] www~ be/s1 1/0/0/20/{MILLIS} {one.status} {one.size} - - ---- 1/1/0/0/0 0/0"
        f'{captures} "{asked}"{behind}'
    )


def haproxy_captures(one: Request) -> str:
    values = (one.host, one.forwarded or "", one.agent or "")
    return haproxy(one, f" {{{'|'.join(map(captured, values))}}} {{nginx}}")


def haproxy_https(one: Request) -> str:
    return haproxy(one, "", " 0/0000000000000000/0/0/0 www.example.com/TLSv1.3/TLS_AES_256_GCM_SHA384")


def haproxy_clf(one: Request) -> str:
    return (
        f'{one.peer} - - [{clf(one.at)}] "{of_haproxy(one.line)}" {one.status} {one.size} "" "" {one.port}'
        f' 678 "www~" "be" "s1" 1 0 0 20 {MILLIS} ---- 1 1 0 0 0 0 0 "" "" "" ""'
    )


def alb(one: Request, kind: str = "https ") -> str:
    asked = (
        f"{one.method} https://{one.host}:443{of_aws(one.target)} {one.protocol}"
        if one.raw is None
        else f"- http://{one.host}:80- - "
    )
    head = (
        f"{kind}{one.at:%Y-%m-%dT%H:%M:%S.%f}Z app/lb/50dc {one.peer}:{one.port} {UPSTREAM} 0.001 0.020 0.004"
        f' {one.status} 200 34 {one.size} "{asked}" "{text(one.agent, of_aws)}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
    )
    return head if not kind else f'{head} arn:aws:x "Root=1-5-1" "{one.host}" "arn:aws:c" 1 {millis(one.at)} "forward"'


def elb(one: Request) -> str:
    return alb(one, "")


def cloudflare(one: Request, start: Any = None) -> str:
    return obj(
        {
            "ClientIP": one.peer, "ClientSrcPort": one.port, "ClientRequestHost": one.host, "RayID": one.id,
            "ClientRequestMethod": one.method, "ClientRequestURI": one.target, "ClientRequestProtocol": one.protocol,
            "ClientRequestReferer": one.referer or "", "ClientRequestUserAgent": one.agent or "",
            "EdgeStartTimestamp": start or f"{one.at:%Y-%m-%dT%H:%M:%SZ}", "EdgeResponseStatus": one.status,
            "EdgeResponseBytes": one.size, "OriginIP": "10.0.0.9",
        }
    )  # fmt: skip


def whofrom(one: Request) -> str:
    headers = {"user-agent": one.agent, "referer": one.referer, "x-forwarded-for": one.forwarded}
    told: Row = {
        "v": SCHEMA_VERSION, "ts": f"{one.at:%Y-%m-%dT%H:%M:%S.%fZ}", "peer_ip": one.peer, "peer_port": one.port,
        "user": one.user, "method": one.method, "target": one.target, "protocol": one.protocol, "status": one.status,
        "client_ip": one.peer, "client_source": "peer", "client_reason": "peer", "finding": "none", "request_bytes": 3,
        "connection_id": "1", "connection_request": 1,
        "response_bytes": one.size, "user_agent": one.agent, "host": one.host, "duration_us": MILLIS * 1000,
        "headers": {name: [value] for name, value in headers.items() if value is not None}, "request_id": one.id,
    }  # fmt: skip
    if one.raw is not None:
        told |= {"method": None, "target": one.raw, "protocol": None}
    return obj({field.name: None for field in FIELDS} | told)


def writers_verdict(ip: str) -> Row:
    return {"client_ip": ip, "client_source": "writer", "client_reason": "writer"}


def in_front(one: Request) -> Row:
    """Traefik's first column: the header where one came; a single address is that or the peer, its verdict."""
    listed = one.forwarded is not None and any(mark in one.forwarded for mark in ", ")
    if listed:
        return {"peer_ip": None, "x-forwarded-for": one.forwarded}
    return {"peer_ip": None, **writers_verdict(one.forwarded or one.peer)}


def headers_twice(one: Request) -> Row:
    """Formats that log headers as such have User-Agent among them."""
    return {"user-agent": one.agent}


MAIN = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    ' "$http_x_forwarded_for"'
)
BARS = (
    "$remote_addr|$remote_port|$time_local|$request|$status|$body_bytes_sent|$http_user_agent|$http_x_forwarded_for"
    "|$host|$request_time"
)
REALIP = '$realip_remote_addr $remote_addr $msec "$request_method" "$request_uri" $status "$http_user_agent"'

_OF_HAPROXY = ("ts", "peer_ip", "peer_port", "method", "target", "protocol", "status", "response_bytes", "duration_us")
_OF_ENVOY = (
    "ts", "method", "target", "protocol", "status", "response_bytes", "user_agent", "x-forwarded-for", "host",
    "request_id", "duration_us",
)  # fmt: skip
_OF_CLOUDFLARE = (
    "ts", "method", "target", "protocol", "status", "response_bytes", "user_agent", "referer", "host", "request_id",
)  # fmt: skip
_COMBINED: dict[str, Writer] = {
    "Apache common": Writer("combined", lambda one: common(one, of_apache), LINE, of_apache),
    "Apache combined": Writer("combined", lambda one: combined(one, of_apache), AGENTS, of_apache),
    "Apache vhost_combined": Writer(
        "combined", lambda one: f"{one.host}:80 {combined(one, of_apache)}", AGENTS, of_apache,
        lambda one: {"host": f"{one.host}:80"},
    ),
    "Apache combinedio": Writer("combined", lambda one: f"{combined(one, of_apache)} 120 400", AGENTS, of_apache),
    "nginx combined": Writer("combined", nginx, AGENTS, of_nginx),
    "nginx main": Writer("combined", main, (*AGENTS, "x-forwarded-for"), of_nginx),
    "nginx main and times": Writer(
        "combined", lambda one: f'{main(one)} 0.025 "{UPSTREAM}"', (*AGENTS, "x-forwarded-for"), of_nginx
    ),
    "nginx, the header in front": Writer(
        "combined", lambda one: f'"{text(one.forwarded, of_nginx)}" {nginx(one)}', (*AGENTS, "x-forwarded-for"),
        of_nginx,
    ),
    "HAProxy clf": Writer(
        "combined", haproxy_clf, tuple(name for name in LINE if name != "user"), of_haproxy
    ),
    "ingress-nginx": Writer("ingress-nginx", ingress, (*AGENTS, "request_id", "duration_us"), of_nginx),
    "nginx log_format main": Writer(MAIN, main, (*AGENTS, "x-forwarded-for"), of_nginx),
    "nginx log_format with bars": Writer(
        BARS, bars,
        (*_OF_HAPROXY, "user_agent", "x-forwarded-for", "host"),
        of_nginx,
    ),
    "nginx log_format with realip": Writer(
        REALIP, realip, ("ts", "method", "target", "status", "user_agent"), of_nginx,
        lambda one: {
            "peer_ip": "10.0.0.1", **writers_verdict(one.peer), **({} if one.raw is None else {"target": None}),
        },
        exact=True,
    ),
}  # fmt: skip
_JSON: dict[str, Writer] = {
    "nginx JSON": Writer("nginx-json", nginx_json, JSON),
    "nginx JSON with realip": Writer(
        "nginx-json", derived_json, JSON, more=lambda one: {"peer_ip": "10.0.0.1", **writers_verdict(one.peer)}
    ),
    "Tencent CLB through CLS": Writer(
        "nginx-json", clb_json, (*_OF_HAPROXY, "referer", "user_agent", "host", "request_id"),
        more=lambda _: {"local_ip": LOCAL, "local_port": 80},
    ),
    "Envoy JSON": Writer(
        "envoy-json", direct_json,
        _OF_ENVOY,
        more=lambda one: {
            "peer_ip": "10.0.0.1", "peer_port": 4711, "local_ip": LOCAL, "local_port": 80, "request_bytes": 3,
            "protocol": one.protocol, **writers_verdict(one.peer), **({} if one.raw is None else {"target": None}),
        },
        exact=True,
    ),
    "Istio JSON": Writer(
        "envoy-json", envoy_json,
        _OF_ENVOY,
        more=lambda one: {
            "local_ip": LOCAL, "local_port": 80, "request_bytes": 3, "protocol": one.protocol,
            **writers_verdict(one.peer), **({} if one.raw is None else {"target": None}),
        },
        exact=True,
    ),
    "whofrom": Writer(
        "ndjson", whofrom, (*JSON, "peer_port", "request_id"), exact=True,
        more=lambda one: {
            **headers_twice(one), "client_ip": one.peer, "client_source": "peer", "client_reason": "peer",
            "finding": "none", "request_bytes": 3, "connection_id": "1",
            "connection_request": 1,
        },
    ),
}  # fmt: skip
# these log no request that was none
_JSON_OF_HTTP: dict[str, Writer] = {
    "Traefik JSON": Writer(
        "traefik-json", traefik_json, (*JSON, "peer_port"), more=headers_twice, exact=True
    ),
    "Caddy": Writer(
        "caddy", caddy, (*JSON, "peer_port"), exact=True,
        more=lambda one: {**headers_twice(one), "request_bytes": 3, **writers_verdict("203.0.113.77")},
    ),
    "Cloudflare": Writer(
        "cloudflare", cloudflare,
        _OF_CLOUDFLARE,
        more=lambda one: writers_verdict(one.peer),
    ),
    "Cloudflare, nanoseconds": Writer(
        "cloudflare", lambda one: cloudflare(one, int(one.at.timestamp() * 1000) * 1_000_000),
        _OF_CLOUDFLARE,
        more=lambda one: writers_verdict(one.peer), exact=True,
    ),
}  # fmt: skip


def bad_request(one: Request) -> Row:
    return {} if one.raw is None else {"target": "<BADREQ>"}


_TEXT: dict[str, Writer] = {
    "HAProxy": Writer("haproxy", haproxy, _OF_HAPROXY, of_haproxy, bad_request, exact=True),
    "HAProxy https": Writer(
        "haproxy", haproxy_https, _OF_HAPROXY, of_haproxy, lambda one: bad_request(one) | {"tls_version": "TLSv1.3"},
        exact=True,
    ),
    "HAProxy, captures without names": Writer(
        "haproxy", haproxy_captures, _OF_HAPROXY, of_haproxy, bad_request, exact=True
    ),
    "HAProxy, captures with names": Writer(
        "haproxy{host|x-forwarded-for|user-agent}", haproxy_captures, _OF_HAPROXY, of_haproxy,
        lambda one: bad_request(one) | {
            "host": one.host, "x-forwarded-for": captured(one.forwarded or ""), "user_agent": captured(one.agent or ""),
        },
        exact=True,
    ),
    "AWS ALB": Writer(
        "alb", alb, (*_OF_HAPROXY, "user_agent", "host"), of_aws,
        lambda one: {
            "tls_version": "TLSv1.2", "x-amzn-trace-id": "Root=1-5-1",
            **({} if one.raw is None else {"target": None, "host": None}),
        },
        exact=True,
    ),
    "AWS classic": Writer(
        "alb", elb, (*_OF_HAPROXY, "user_agent", "host"), of_aws,
        lambda one: {"tls_version": "TLSv1.2", **({} if one.raw is None else {"target": None, "host": None})},
        exact=True,
    ),
}  # fmt: skip
ESCAPING = {**_COMBINED, **_JSON, **_JSON_OF_HTTP, **_TEXT}
OF_HTTP_ALONE = frozenset(_JSON_OF_HTTP)


def of_envoy(one: Request) -> Row:
    return {"request_bytes": 3, "protocol": one.protocol if one.raw is None else "HTTP/1.1", **(
        {} if one.raw is None else {"target": None}
    )}  # fmt: skip


# these do not escape what ends a value: with such marks in one, a line may say less than its program knew
RAW: dict[str, Writer] = {
    "Tencent CLB": Writer(
        "tencent-clb", clb, (*_OF_HAPROXY, "user_agent", "referer", "host", "request_id"), of_nginx,
        lambda _: {"local_ip": LOCAL, "local_port": 80, "connection_id": "77", "connection_request": 2},
    ),
    "Traefik": Writer("traefik", traefik, (*AGENTS, "duration_us"), more=in_front),
    "Envoy": Writer("envoy", envoy, _OF_ENVOY, more=of_envoy, exact=True),
    "Istio": Writer(
        "istio", istio, _OF_ENVOY,
        more=lambda one: {**of_envoy(one), "local_ip": LOCAL, "local_port": 80, **writers_verdict(one.peer)},
        exact=True,
    ),
}  # fmt: skip
WRITERS = ESCAPING | RAW
