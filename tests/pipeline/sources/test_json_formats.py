"""The JSON formats: what their writers log goes to the right columns; peer, verdict and header are never confused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.clientip import parse_hop
from pipeline.sources import FORMATS, JSON_FORMATS, documents, sniff
from pipeline.sources.caddy import CADDY
from pipeline.sources.cloudflare import CLOUDFLARE
from pipeline.sources.documents import load
from pipeline.sources.envoy_json import ENVOY_JSON
from pipeline.sources.format import Format
from pipeline.sources.nginx_json import NGINX_JSON
from pipeline.sources.traefik_json import TRAEFIK_JSON

CROWDSEC = Path(__file__).parents[2] / "data" / "logs" / "crowdsec_json.jsonl"
CASES = [json.loads(line) for line in CROWDSEC.read_text("utf-8").splitlines()]
BY_NAME = {form.name: form for form in JSON_FORMATS}
VERDICT = {"client_source": "writer", "client_reason": "writer"}

NGINX = {
    "time_iso8601": "2021-09-29T17:30:03+02:00",
    "remote_addr": "10.0.0.1",
    "remote_user": "-",
    "request": "GET /a?b=1 HTTP/1.1",
    "status": 404,
    "body_bytes_sent": 12,
    "request_time": 0.25,
    "http_referer": "",
    "http_user_agent": "curl/8",
    "http_x_forwarded_for": "203.0.113.7, 10.0.0.2",
}
# the example of ingress-nginx's documentation
INGRESS = {
    "time": "2021-09-29T15:30:03+00:00",
    "remote_addr": "10.0.0.1",
    "x_forwarded_for": "203.0.113.7, 10.0.0.1",
    "request_id": "c99400a4",
    "remote_user": "",
    "bytes_sent": 700,
    "request_time": 0.001,
    "status": 200,
    "vhost": "www.example.com",
    "request_proto": "HTTP/2.0",
    "path": "/a",
    "request_query": "b=1",
    "request_length": 80,
    "duration": 0.001,
    "method": "POST",
    "http_referrer": "http://example.com/",
    "http_user_agent": "curl/8",
}
# elastic/examples, nginx_json_logs
ELASTIC = {
    "time": "17/May/2015:08:05:32 +0000",
    "remote_ip": "203.0.113.7",
    "remote_user": "-",
    "request": "GET /downloads/product_1 HTTP/1.1",
    "response": 304,
    "bytes": 12,
    "referrer": "-",
    "agent": "Debian APT-HTTP/1.3 (0.8.16~exp12ubuntu10.21)",
}
LOGSTASH = {
    "@timestamp": "2021-09-29T17:30:03+02:00",
    "host": "10.0.0.9",
    "clientip": "203.0.113.7",
    "size": 12,
    "responsetime": 0.25,
    "upstreamtime": "0.24",
    "upstreamhost": "10.0.0.8:80",
    "domain": "www.example.com",
    "url": "/a",
    "xff": "198.51.100.7",
    "referer": "-",
    "agent": "curl/8",
    "status": "404",
}
TRAEFIK = {
    "ClientAddr": "[2001:db8::7]:39490",
    "ClientHost": "2001:db8::7",
    "ClientUsername": "-",
    "DownstreamContentSize": 357,
    "DownstreamStatus": 404,
    "Duration": 215563,
    "RequestContentSize": 5,
    "RequestHost": "www.example.com",
    "RequestMethod": "GET",
    "RequestPath": "/a?b=1",
    "RequestProtocol": "HTTP/1.1",
    "StartUTC": "2021-12-08T14:02:43.464763557Z",
    "TLSVersion": "1.3",
    "request_User-Agent": "Nikto",
    "request_Authorization": "Basic c2VjcmV0",
}
ISTIO = {
    "start_time": "2025-12-31T17:30:03.228Z",
    "authority": "www.example.com",
    "bytes_received": 3,
    "bytes_sent": 11,
    "downstream_local_address": "10.42.0.77:10443",
    "downstream_remote_address": "203.0.113.7:49578",
    "duration": "5",
    "method": "GET",
    "path": "/a",
    "protocol": "HTTP/2",
    "response_code": "404",
    "response_flags": "-",
    "user_agent": "curl/8",
    "request_id": "fff03852",
    "x_forwarded_for": "203.0.113.7,10.0.0.2",
    "upstream_host": None,
}
CADDY_LINE: dict[str, Any] = {
    "level": "info",
    "ts": 1693840791.7564995,
    "logger": "http.log.access.log0",
    "msg": "handled request",
    "request": {
        "remote_ip": "10.0.0.1",
        "remote_port": "44790",
        "client_ip": "203.0.113.7",
        "proto": "HTTP/2.0",
        "method": "GET",
        "host": "www.example.com",
        "uri": "/a?b=1",
        "headers": {"X-Forwarded-For": ["203.0.113.7", "10.0.0.2"], "User-Agent": ["curl/8"], "Cookie": ["a=b"]},
        "tls": {"version": 772},
    },
    "bytes_read": 3,
    "user_id": "bob",
    "duration": 0.000002701,
    "size": 13,
    "status": 200,
}
LOGPUSH = {
    "ClientIP": "2001:db8::7",
    "ClientRequestHost": "www.example.com",
    "ClientRequestMethod": "HEAD",
    "ClientRequestURI": "/a?b=1",
    "ClientRequestPath": "/a",
    "ClientRequestProtocol": "HTTP/2",
    "ClientRequestReferer": "http://example.com/",
    "ClientRequestUserAgent": "curl/8",
    "ClientSrcPort": 4711,
    "ClientSSLProtocol": "TLSv1.3",
    "EdgeStartTimestamp": "2022-10-30T00:00:02Z",
    "EdgeEndTimestamp": "2022-10-30T00:00:03Z",
    "EdgeResponseStatus": 301,
    "EdgeResponseBytes": 900,
    "RayID": "761fde4e984e5ab2",
    "RequestHeaders": {"X-Forwarded-For": "198.51.100.1"},
}
SAMPLES: dict[str, tuple[Format, dict[str, Any]]] = {
    "nginx": (NGINX_JSON, NGINX),
    "ingress-nginx": (NGINX_JSON, INGRESS),
    "elastic": (NGINX_JSON, ELASTIC),
    "logstash": (NGINX_JSON, LOGSTASH),
    "traefik": (TRAEFIK_JSON, TRAEFIK),
    "istio": (ENVOY_JSON, ISTIO),
    "caddy": (CADDY, CADDY_LINE),
    "cloudflare": (CLOUDFLARE, LOGPUSH),
}


def one(form: Format, told: dict[str, Any] | bytes) -> dict[str, Any]:
    """The fields that are not null of the one row that a line makes."""
    parsed = form.parse([told if isinstance(told, bytes) else json.dumps(told).encode()])
    assert parsed.rejects == []
    assert parsed.lines.to_pylist() == [0]
    row = parsed.batch.to_pylist()[0]
    return {name: value for name, value in row.items() if value is not None and value != []}


def test_nginx() -> None:
    assert one(NGINX_JSON, NGINX) == {
        "ts": datetime(2021, 9, 29, 15, 30, 3, tzinfo=UTC),
        "peer_ip": "10.0.0.1",
        "method": "GET",
        "target": "/a?b=1",
        "protocol": "HTTP/1.1",
        "user_agent": "curl/8",
        "headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.2"])],
        "status": 404,
        "response_bytes": 12,
        "duration_us": 250_000,
    }


def test_ingress_nginx() -> None:
    assert one(NGINX_JSON, INGRESS) == {
        "ts": datetime(2021, 9, 29, 15, 30, 3, tzinfo=UTC),
        "peer_ip": "10.0.0.1",
        "method": "POST",
        "target": "/a?b=1",
        "host": "www.example.com",
        "protocol": "HTTP/2.0",
        "user_agent": "curl/8",
        "headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.1"]), ("referer", ["http://example.com/"])],
        "status": 200,
        "response_bytes": 700,
        "duration_us": 1000,
        "request_id": "c99400a4",
    }


def test_names_that_others_gave() -> None:
    assert one(NGINX_JSON, ELASTIC) == {
        "ts": datetime(2015, 5, 17, 8, 5, 32, tzinfo=UTC),
        "peer_ip": "203.0.113.7",
        "method": "GET",
        "target": "/downloads/product_1",
        "protocol": "HTTP/1.1",
        "user_agent": "Debian APT-HTTP/1.3 (0.8.16~exp12ubuntu10.21)",
        "status": 304,
        "response_bytes": 12,
    }
    assert one(NGINX_JSON, LOGSTASH) == {
        "ts": datetime(2021, 9, 29, 15, 30, 3, tzinfo=UTC),
        "peer_ip": "203.0.113.7",
        "host": "www.example.com",
        "target": "/a",
        "user_agent": "curl/8",
        "headers": [("x-forwarded-for", ["198.51.100.7"])],
        "status": 404,
        "response_bytes": 12,
        "duration_us": 250_000,
    }


def test_traefik() -> None:
    assert one(TRAEFIK_JSON, TRAEFIK) == {
        "ts": datetime(2021, 12, 8, 14, 2, 43, 464763, tzinfo=UTC),
        "peer_ip": "2001:db8::7",
        "peer_port": 39490,
        "method": "GET",
        "target": "/a?b=1",
        "host": "www.example.com",
        "protocol": "HTTP/1.1",
        "user_agent": "Nikto",
        "headers": [("user-agent", ["Nikto"]), ("authorization", ["[redacted]"])],
        "status": 404,
        "response_bytes": 357,
        "request_bytes": 5,
        "duration_us": 215,
        "tls_version": "1.3",
    }


def test_istio() -> None:
    assert one(ENVOY_JSON, ISTIO) == {
        "ts": datetime(2025, 12, 31, 17, 30, 3, 228000, tzinfo=UTC),
        "local_ip": "10.42.0.77",
        "local_port": 10443,
        "method": "GET",
        "target": "/a",
        "host": "www.example.com",
        "protocol": "HTTP/2",
        "user_agent": "curl/8",
        "headers": [("x-forwarded-for", ["203.0.113.7,10.0.0.2"])],
        "client_ip": "203.0.113.7",
        **VERDICT,
        "status": 404,
        "response_bytes": 11,
        "request_bytes": 3,
        "duration_us": 5000,
        "request_id": "fff03852",
    }


def test_caddy() -> None:
    assert one(CADDY, CADDY_LINE) == {
        "ts": datetime(2023, 9, 4, 15, 19, 51, 756500, tzinfo=UTC),
        "peer_ip": "10.0.0.1",
        "peer_port": 44790,
        "method": "GET",
        "target": "/a?b=1",
        "host": "www.example.com",
        "protocol": "HTTP/2.0",
        "user_agent": "curl/8",
        "headers": [
            ("x-forwarded-for", ["203.0.113.7", "10.0.0.2"]), ("user-agent", ["curl/8"]), ("cookie", ["[redacted]"]),
        ],
        "client_ip": "203.0.113.7",
        **VERDICT,
        "user": "bob",
        "status": 200,
        "response_bytes": 13,
        "request_bytes": 3,
        "duration_us": 3,
        "tls_version": "TLSv1.3",
    }  # fmt: skip


def test_cloudflare() -> None:
    assert one(CLOUDFLARE, LOGPUSH) == {
        "ts": datetime(2022, 10, 30, 0, 0, 2, tzinfo=UTC),
        "method": "HEAD",
        "target": "/a?b=1",
        "host": "www.example.com",
        "protocol": "HTTP/2",
        "user_agent": "curl/8",
        "headers": [("referer", ["http://example.com/"]), ("x-forwarded-for", ["198.51.100.1"])],
        "client_ip": "2001:db8::7",
        **VERDICT,
        "status": 301,
        "response_bytes": 900,
        "tls_version": "TLSv1.3",
        "request_id": "761fde4e984e5ab2",
    }


def request(**changes: Any) -> dict[str, Any]:
    return {"request": {**CADDY_LINE["request"], **changes}}


# name: (sample, changes, the columns expected)
VARIANTS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # realistic
    "nginx: realip's verdict is not the peer": (
        "nginx",
        {"realip_remote_addr": "10.0.0.9", "realip_remote_port": "4711", "remote_addr": "203.0.113.7"},
        {"peer_ip": "10.0.0.9", "peer_port": 4711, "client_ip": "203.0.113.7", **VERDICT},
    ),
    "nginx: remote_addr alone is no verdict": ("nginx", {}, {"peer_ip": "10.0.0.1", "client_source": None}),
    "nginx: PROXY's source": (
        "nginx",
        {"proxy_protocol_addr": "203.0.113.7", "proxy_protocol_port": "80"},
        {"proxied_ip": "203.0.113.7", "proxied_port": 80, "peer_ip": "10.0.0.1"},
    ),
    "nginx: an empty PROXY address is none": ("nginx", {"proxy_protocol_addr": ""}, {"proxied_ip": None}),
    "nginx: all values quoted": (
        "nginx",
        {"status": "404", "body_bytes_sent": "12", "request_time": "0.250"},
        {"status": 404, "response_bytes": 12, "duration_us": 250_000},
    ),
    "nginx: time_local": (
        "nginx",
        {"time_iso8601": "", "time_local": "29/Sep/2021:17:30:03 +0200"},
        {"ts": datetime(2021, 9, 29, 15, 30, 3, tzinfo=UTC)},
    ),
    "nginx: msec as text": (
        "nginx",
        {"time_iso8601": None, "msec": "1632929403.123"},
        {"ts": datetime(2021, 9, 29, 15, 30, 3, 123000, tzinfo=UTC)},
    ),
    "nginx: msec as number": (
        "nginx",
        {"time_iso8601": None, "msec": 1632929403.123},
        {"ts": datetime(2021, 9, 29, 15, 30, 3, 123000, tzinfo=UTC)},
    ),
    "nginx: request in parts": (
        "nginx",
        {"request": None, "request_method": "PUT", "request_uri": "/x?y", "uri": "/z", "server_protocol": "HTTP/2.0"},
        {"method": "PUT", "target": "/x?y", "protocol": "HTTP/2.0", "error": None},
    ),
    "nginx: a TLS hello on the plain port": (
        "nginx",
        {"request": "\\x16\\x03\\x01", "status": 400},
        {"method": None, "target": "\\x16\\x03\\x01", "error": "the request line is not HTTP"},
    ),
    "nginx: no request at all": ("nginx", {"request": "", "status": 408}, {"status": 408, "method": None}),
    "nginx: what is no number is unknown": ("nginx", {"body_bytes_sent": "x", "status": -1}, {"response_bytes": None}),
    "nginx: host as an object, as shippers add it": ("nginx", {"host": {"name": "web"}}, {"host": None}),
    "nginx: a cookie is not kept": (
        "nginx",
        {"http_cookie": "a=b", "http_x_forwarded_for": ""},
        {"headers": [("cookie", ["[redacted]"])]},
    ),
    "Tencent's CLB through CLS": (
        "nginx",
        {"stgw_request_id": "a1", "server_addr": "192.0.2.1", "server_port": "443", "remote_port": "4711"},
        {"request_id": "a1", "local_ip": "192.0.2.1", "local_port": 443, "peer_ip": "10.0.0.1", "peer_port": 4711},
    ),
    "Traefik: ClientHost is the header": (
        "traefik",
        {"ClientHost": "192.168.1.100,10.0.0.50"},
        {"headers": [
            ("user-agent", ["Nikto"]), ("authorization", ["[redacted]"]),
            ("x-forwarded-for", ["192.168.1.100,10.0.0.50"]),
        ]},
    ),
    "Traefik: but not where the header is logged": (
        "traefik",
        {"ClientHost": "9.9.9.9", "request_X-Forwarded-For": "9.9.9.9", "request_User-Agent": "-"},
        {"headers": [("authorization", ["[redacted]"]), ("x-forwarded-for", ["9.9.9.9"])], "user_agent": None},
    ),
    "Traefik: a forged word in ClientHost stays a header": (
        "traefik",
        {"ClientHost": "unknown", "request_Authorization": None},
        {"peer_ip": "2001:db8::7", "headers": [("user-agent", ["Nikto"]), ("x-forwarded-for", ["unknown"])]},
    ),
    "Traefik: what it was told to drop": (
        "traefik",
        {"RequestMethod": None, "StartUTC": None, "time": "2021-12-08T14:02:43Z", "ClientHost": "2001:db8::7"},
        {"peer_ip": "2001:db8::7", "ts": datetime(2021, 12, 8, 14, 2, 43, tzinfo=UTC), "target": "/a?b=1"},
    ),
    "Traefik: ClientHost alone may be the peer": (
        "traefik",
        {"ClientAddr": None, "ClientHost": "2001:db8::9", "request_Authorization": None},
        {"peer_ip": None, "client_ip": "2001:db8::9", **VERDICT, "headers": [("user-agent", ["Nikto"])]},
    ),
    "Traefik: a list in ClientHost alone is the header": (
        "traefik",
        {"ClientAddr": None, "ClientHost": "6.6.6.6, 10.0.0.50", "request_Authorization": None},
        {"peer_ip": None, "headers": [("user-agent", ["Nikto"]), ("x-forwarded-for", ["6.6.6.6, 10.0.0.50"])]},
    ),
    "Caddy: its verdict alone": (
        "caddy",
        {"request": {"client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "x", "uri": "/"}},
        {"peer_ip": None, "peer_port": None, "client_ip": "203.0.113.7", **VERDICT},
    ),
    "Envoy: the direct address is the peer": (
        "istio",
        {"downstream_direct_remote_address": "10.0.0.9:4711"},
        {"peer_ip": "10.0.0.9", "peer_port": 4711, "client_ip": "203.0.113.7", **VERDICT},
    ),
    "Envoy: IPv6": ("istio", {"downstream_remote_address": "[fd00::1]:80"}, {"client_ip": "fd00::1"}),
    "Envoy: a request that was none": (
        "istio",
        {"method": None, "path": None, "response_code": 400, "response_flags": "DPE"},
        {"status": 400, "error": "the request line is not HTTP"},
    ),
    "Caddy before 2.5": (
        "caddy",
        {"request": {"remote_addr": "10.0.0.1:44790", "proto": "HTTP/1.1", "method": "GET", "host": "x", "uri": "/"}},
        {"peer_ip": "10.0.0.1", "peer_port": 44790, "client_ip": None, "client_reason": None, "headers": None},
    ),
    "Caddy: ISO time": (
        "caddy",
        {"ts": "2023-09-04T15:19:51.756+0000"},
        {"ts": datetime(2023, 9, 4, 15, 19, 51, 756000, tzinfo=UTC)},
    ),
    "Caddy: a wall clock": (
        "caddy",
        {"ts": "2023/09/04 15:19:51.756"},
        {"ts": datetime(2023, 9, 4, 15, 19, 51, 756000, tzinfo=UTC)},
    ),
    "Caddy: milliseconds": (
        "caddy",
        {"ts": 1693840791756.4995},
        {"ts": datetime(2023, 9, 4, 15, 19, 51, 756000, tzinfo=UTC)},
    ),
    "Caddy: common_log time": (
        "caddy",
        {"ts": "04/Sep/2023:17:19:51 +0200"},
        {"ts": datetime(2023, 9, 4, 15, 19, 51, tzinfo=UTC)},
    ),
    "Caddy: duration as text": ("caddy", {"duration": "1m2.5s"}, {"duration_us": 62_500_000}),
    "Caddy: a short one": ("caddy", {"duration": "34.5µs"}, {"duration_us": 34}),
    "Caddy: shorter still": ("caddy", {"duration": "1.5ms"}, {"duration_us": 1500}),
    "Caddy: no answer": ("caddy", {"status": 0}, {"status": 0}),
    "Caddy: no headers": ("caddy", request(headers={}), {"headers": None, "user_agent": None}),
    "Cloudflare: seconds": (
        "cloudflare", {"EdgeStartTimestamp": 1667088002}, {"ts": datetime(2022, 10, 30, 0, 0, 2, tzinfo=UTC)},
    ),
    "Cloudflare: nanoseconds": (
        "cloudflare",
        {"EdgeStartTimestamp": 1667088002123456789},
        {"ts": datetime(2022, 10, 30, 0, 0, 2, 123456, tzinfo=UTC)},
    ),
    "Cloudflare: nanoseconds as text": (
        "cloudflare",
        {"EdgeStartTimestamp": "1667088002123456789"},
        {"ts": datetime(2022, 10, 30, 0, 0, 2, 123456, tzinfo=UTC)},
    ),
    "Cloudflare: body and whole": (
        "cloudflare", {"EdgeResponseBodyBytes": 100}, {"response_bytes": 100, "peer_ip": None, "peer_port": None},
    ),
    # pathological
    "names that differ in case are one header": (
        "caddy",
        request(headers={"X-A": ["1"], "x-a": ["2", 3], "X-B": [], "X-C": {"d": 1}, "X-D": "e"}),
        {"headers": [("x-a", ["1", "2", "3"]), ("x-d", ["e"])]},
    ),
    "values of any type": (
        "caddy",
        {"user_id": {"a": 1}, "size": True, "duration": [], "bytes_read": 1e300, "status": "1e3"},
        {"user": None, "response_bytes": None, "duration_us": None, "request_bytes": None, "status": None},
    ),
    "a truth is no text": ("caddy", {"user_id": True}, {"user": None}),
    "a number past all": ("caddy", {"size": 10**30, "duration": 10**18}, {"response_bytes": None}),
    "objects where texts should be": ("caddy", request(headers=5, tls=[], host=None), {"host": None, "headers": None}),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_variants(name: str) -> None:
    sample, changes, expected = VARIANTS[name]
    form, base = SAMPLES[sample]
    row = one(form, {**base, **changes})
    assert {key: row.get(key) for key in expected} == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['test']} {case['expected']['client']}")
def test_crowdsecs_assertions_hold(case: dict[str, Any]) -> None:
    row = one(BY_NAME[case["format"]], case["line"].encode())
    expected = dict(case["expected"])
    # the hub takes for its source: of Traefik the last hop of ClientHost, of the others what the writer derived
    headers = dict(row["headers"]) if "headers" in row else {}
    hops = ",".join(headers.get("x-forwarded-for", [])).split(",")
    client = row.get("client_ip") or (hops[-1].strip() or row["peer_ip"])
    assert str(parse_hop(client)) == expected.pop("client")
    assert abs(row["ts"] - datetime.fromisoformat(expected.pop("ts"))) < timedelta(seconds=1)
    assert {key: str(row[key]) for key in expected} == expected


REFUSED: dict[bytes, str] = {
    b"": "empty line",
    b"{": "not JSON: unexpected end of data",
    b"[1]": "JSON, but no object",
    b'"x"': "JSON, but no object",
    b"{}": "JSON, but no",
    b'{"request": 5}': "JSON, but no",
    b"junk \xff": "not JSON: ",
}


@pytest.mark.parametrize("form", JSON_FORMATS, ids=lambda form: form.name)
@pytest.mark.parametrize("line", REFUSED, ids=repr)
def test_what_is_refused_says_why(form: Format, line: bytes) -> None:
    parsed = form.parse([line])
    assert parsed.batch.num_rows == 0
    assert [index for index, _ in parsed.rejects] == [0]
    assert parsed.rejects[0][1].startswith(REFUSED[line])


def test_a_line_without_a_time_is_refused() -> None:
    for form, base in SAMPLES.values():
        keys = {"time_iso8601", "time", "@timestamp", "StartUTC", "start_time", "ts", "EdgeStartTimestamp"}
        keys |= {"EdgeEndTimestamp"}
        lines = [json.dumps({**base, **dict.fromkeys(keys & base.keys(), value)}).encode() for value in ("x", 5e20)]
        parsed = form.parse([json.dumps(base).encode(), *lines])
        assert parsed.batch.num_rows == 1
        assert [(index, reason[:15]) for index, reason in parsed.rejects] == [(n, "the time is no ") for n in (1, 2)]


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("nginx", ["status"]), ("nginx", ["remote_addr"]), ("nginx", ["request"]),
        ("traefik", ["ClientAddr", "ClientHost"]), ("traefik", ["StartUTC"]),
        ("traefik", ["RequestMethod", "RequestPath", "DownstreamStatus"]), ("istio", ["start_time"]),
        ("istio", ["response_code"]), ("istio", ["response_flags", "downstream_remote_address", "upstream_host"]),
        ("caddy", ["ts"]), ("caddy", ["status"]), ("cloudflare", ["ClientIP"]),
        ("cloudflare", ["EdgeStartTimestamp", "EdgeEndTimestamp"]),
    ],
)  # fmt: skip
def test_what_an_object_lacks_is_said(name: str, keys: list[str]) -> None:
    form, base = SAMPLES[name]
    parsed = form.parse([json.dumps({key: value for key, value in base.items() if key not in keys}).encode()])
    assert [index for index, _ in parsed.rejects] == [0]
    assert keys[0] in parsed.rejects[0][1]


def test_caddys_other_lines_are_no_requests() -> None:
    error = {**CADDY_LINE, "logger": "http.log.error.log0"}
    waf = {"level": "warn", "ts": 1700758468.384019, "logger": "http.handlers.waf", "msg": "x"}
    reasons = [reason for _, reason in CADDY.parse([json.dumps(one).encode() for one in (error, waf)]).rejects]
    assert reasons == [
        "a line of Caddy's, but not of its access log (http.log.access)",
        "JSON, but no Caddy access log: request is missing",
    ]


def test_escapes_of_nginx_that_are_no_json_stay_in_the_text() -> None:
    line = json.dumps(NGINX).encode().replace(b"curl/8", rb"a \x22b\x22 \\x \" \u00e9").replace(b"/a?b=1", b"/caf\xe9")
    row = one(NGINX_JSON, line)
    assert (row["user_agent"], row["target"]) == (r'a \x22b\x22 \x " é', r"/caf\xe9")


@pytest.mark.parametrize("chunk", [1, 2, 4096])
def test_headers_stay_with_their_rows(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "CHUNK_LINES", chunk)
    lines = [
        json.dumps({**NGINX, "http_x_n": str(n), "time_iso8601": "x" if n == 1 else NGINX["time_iso8601"]}).encode()
        for n in range(3)
    ]
    # other fields, so read by themselves
    lines.insert(1, json.dumps({**INGRESS, "http_x_n": "in between"}).encode())
    parsed = NGINX_JSON.parse(lines)
    rows = zip(parsed.lines.to_pylist(), parsed.batch["headers"].to_pylist(), strict=True)
    assert {line: dict(headers).get("x-n") for line, headers in rows} == {0: ["0"], 1: ["in between"], 3: ["2"]}
    assert [index for index, _ in parsed.rejects] == [2]


def test_many_names_of_headers_cost_no_more_than_a_few() -> None:
    lines = [json.dumps({**CADDY_LINE, **request(headers={f"X-{n}": ["a"]})}).encode() for n in range(20_000)]
    assert CADDY.parse(lines).batch.num_rows == len(lines)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_of_one_format_alone(name: str) -> None:
    form, base = SAMPLES[name]
    line = json.dumps(base).encode()
    assert [one.name for one in FORMATS.values() if one.takes([line])] == [form.name]
    assert sniff([b"a line of the program's start", line]) is form


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_every_line_is_a_row_or_a_reject(data: st.DataObject) -> None:
    lines = []
    for _ in range(data.draw(st.integers(0, 4))):
        form, base = data.draw(st.sampled_from(list(SAMPLES.values())))
        told = {**base, **data.draw(st.dictionaries(st.sampled_from(sorted(base)), values, max_size=3))}
        if isinstance(told.get("request"), dict) and "method" in told["request"]:
            names = st.sampled_from(sorted(CADDY_LINE["request"]))
            told["request"] = {**told["request"], **data.draw(st.dictionaries(names, values, max_size=2))}
        line = json.dumps(told).encode()
        at = data.draw(st.integers(0, len(line)))
        lines.append(data.draw(st.sampled_from([line, line[:at], line[:at] + b"\xff" + line[at:], line[at:]])))
    for form in JSON_FORMATS:
        parsed = form.parse(lines)
        assert sorted([*parsed.lines.to_pylist(), *(at for at, _ in parsed.rejects)]) == list(range(len(lines)))


@given(st.binary(max_size=40))
def test_no_bytes_raise(line: bytes) -> None:
    told, reason = load(line)
    assert (told is None) == bool(reason)
