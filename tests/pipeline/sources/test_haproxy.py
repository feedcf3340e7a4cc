"""HAProxy's HTTP log, behind whatever a syslog puts before it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from echo.record import REDACTED
from pipeline.errors import UsageFault
from pipeline.sources import named
from pipeline.sources.haproxy import HAPROXY
from tests.pipeline.sources.lines import has, refused, sniffed

AT = "[06/Feb/2009:12:14:14.655]"
BEGIN = f"10.0.1.2:33317 {AT} http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0"
GET = '"GET /index.html HTTP/1.1"'
PREFIXES = {
    "none": "",
    "as documented": "haproxy[14389]: ",
    "RFC 3164": "<134>Feb  6 12:14:14 lb1 haproxy[14389]: ",
    "rsyslog": "2009-02-06T12:14:14.655123+00:00 lb1 haproxy[14389]: ",
    "RFC 5424": "<134>1 2009-02-06T12:14:14.655123+00:00 lb1 haproxy 14389 - - ",
}
LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "as documented": (
        f"{BEGIN} {GET}",
        {
            "ts": datetime(2009, 2, 6, 12, 14, 14, 655_000, UTC),
            "peer_ip": "10.0.1.2",
            "peer_port": 33317,
            "method": "GET",
            "target": "/index.html",
            "protocol": "HTTP/1.1",
            "status": 200,
            "response_bytes": 2750,
            "duration_us": 109_000,
            "headers": None,
        },
    ),
    "IPv6": (f"{BEGIN} {GET}".replace("10.0.1.2", "2001:db8::7"), {"peer_ip": "2001:db8::7", "peer_port": 33317}),
    "a host captured": (f"{BEGIN} {{1wt.eu}} {{}} {GET}", {"headers": None, "target": "/index.html"}),
    "what was captured has no name": (
        f"{BEGIN} {{www.example.com|203.0.113.7, 10.0.0.1|6.6.6.6}} {{nginx}} {GET}",
        {"headers": None, "target": "/index.html"},
    ),
    "logged before its end": (
        f'1.2.3.4:5 {AT} https-in~ be/s1 0/0/0/-1/+63387 504 +194 - - sH-- 15/13/10/0/+1 0/0 "PATCH /a HTTP/1.1"',
        {"duration_us": 63_387_000, "response_bytes": 194, "status": 504},
    ),
    "no answer": (
        f'1.2.3.4:5 {AT} in in/<NOSRV> -1/-1/-1/-1/10 -1 0 - - CR-- 1/1/0/0/0 0/0 "<BADREQ>"',
        {"status": None, "method": None, "target": "<BADREQ>", "error": "the request line is not HTTP"},
    ),
    "cookies": (
        f"1.2.3.4:5 {AT} in be/s1 1/0/0/1/2 200 9 SRV=a SRV=b --VN 1/1/0/0/0 0/0 {GET}",
        {"status": 200, "response_bytes": 9},
    ),
    "HTTP/2": (
        f'1.2.3.4:5 {AT} in~ be/s1 1/0/0/1/2 200 9 - - ---- 1/1/0/0/0 0/0 "GET https://example.com/a HTTP/2.0"',
        {"target": "https://example.com/a", "protocol": "HTTP/2.0"},
    ),
    "cut short": (f'{BEGIN} "GET /index.ht', {"target": "/index.ht", "protocol": None}),
    "httpslog": (
        f"{BEGIN} {GET} 0/0000000000000000/0/0/0 1wt.eu/TLSv1.3/TLS_AES_256_GCM_SHA384",
        {"tls_version": "TLSv1.3", "target": "/index.html"},
    ),
    "httpslog in the clear": (
        f"{BEGIN} {GET} 0/-/-/-/0 -/-/-",
        {"tls_version": None, "target": "/index.html"},
    ),
    "fields added behind": (f'{BEGIN} {GET} 12 "x"', {"target": "/index.html", "tls_version": None}),
    "marks in a captured header, as HAProxy 2.6 wrote them": (
        f"{BEGIN} {{a|203.0.113.7, 10.0.0.1|#7D6.6.6.6:1 [01/Jan/2020:00:00:00.000] a #22GET /#22}} {{x#7By#7C}} {GET}",
        {"peer_ip": "10.0.1.2", "headers": None},
    ),
    "a handshake that failed": (
        f"192.168.1.4:50034 {AT} fe/1: SSL handshake failure",
        {"peer_ip": "192.168.1.4", "method": None, "status": None, "error": "SSL handshake failure"},
    ),
}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("name", LINES)
def test_lines_as_they_occur(name: str, prefix: str) -> None:
    line, expected = LINES[name]
    has(HAPROXY, PREFIXES[prefix] + line, expected)
    assert sniffed(PREFIXES[prefix] + line) == "haproxy"


FORGED = f"6.6.6.6:1 {AT} a/b: x"  # of this, HAProxy says that a handshake failed


@pytest.mark.parametrize(
    "line",
    [
        f'203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "{FORGED}"',
        f'203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x" "{FORGED}"',
        f'{{"remote_addr":"203.0.113.7","ua":"x {FORGED}"}}',
        f'[2016-04-15T20:17:00.310Z] "GET / HTTP/2" 204 - 1 0 2 1 "-" "{FORGED}" "id" "web" "-"',
    ],
)
def test_a_line_within_another_programs_is_none(line: str) -> None:
    refused(HAPROXY, line)
    assert sniffed(line) != "haproxy"


def test_a_line_within_a_captured_header_is_none() -> None:
    """HAProxy writes marks within values in another way, so that what stands in braces ends there."""
    inside = BEGIN.replace("10.0.1.2", "6.6.6.6")
    has(HAPROXY, f"{BEGIN} {{x {inside}}} {GET}", {"peer_ip": "10.0.1.2", "status": 200})


NAMED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "all": (
        "haproxy{Host|X-Forwarded-For|User-Agent}",
        f"{BEGIN} {{www.example.com|203.0.113.7|a, 6.6.6.6}} {{nginx}} {GET}",
        {"host": "www.example.com", "headers": [("x-forwarded-for", ["203.0.113.7"])], "user_agent": "a, 6.6.6.6"},
    ),
    "some": (
        "haproxy{||x-forwarded-for}",
        f"{BEGIN} {{a|b|203.0.113.7, 10.0.0.1}} {GET}",
        {"host": None, "user_agent": None, "headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.1"])]},
    ),
    "one, not sent": ("haproxy{x-forwarded-for}", f"{BEGIN} {{}} {GET}", {"headers": None}),
    "none captured": ("haproxy{x-forwarded-for}", f"{BEGIN} {GET}", {"headers": None, "target": "/index.html"}),
    "another frontend's": ("haproxy{x-forwarded-for}", f"{BEGIN} {{a|6.6.6.6}} {GET}", {"headers": None}),
    "a secret": ("haproxy{cookie}", f"{BEGIN} {{s=1}} {GET}", {"headers": [("cookie", [REDACTED])]}),
}


@pytest.mark.parametrize("name", NAMED)
def test_captured_headers_by_their_names(name: str) -> None:
    text, line, expected = NAMED[name]
    has(named(text), line, expected)


@pytest.mark.parametrize(
    "text", ["haproxy{", "haproxy{a b}", "haproxy{a|a}", "haproxy{a}}", "haproxy{a} {b}", "haproxy{é}"]
)
def test_what_is_no_list_of_names(text: str) -> None:
    with pytest.raises(UsageFault, match="no list of captured headers"):
        named(text)


REFUSED = {
    "junk": "no client:port [date] in it",
    f"10.0.1.2:33313 {AT} fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0": "no quoted request: a TCP connection's, or a "
    "message of HAProxy",
    f"10.0.1.2:33313 {AT} fnt 200 {GET}": "the fields between the date and the request are not as documented",
    f"{BEGIN} {GET}".replace("Feb", "Foo"): "the time is no date from 1970 to 9999",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_says_why(line: str) -> None:
    assert refused(HAPROXY, line) == REFUSED[line]
