"""Envoy's and Istio's default text formats: what is a header, what is a verdict, and what quotes leave certain."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.sources import Format
from pipeline.sources.envoy import ENVOY, ISTIO
from tests.pipeline.sources.lines import has, one, refused, sniffed

AT = "[2016-04-15T20:17:00.310Z]"
STRINGS = '"10.0.35.28" "nsq2http" "cc21d9b0" "locations" "tcp://10.0.2.1:80"'
TAIL = "outbound|80||web 10.244.0.4:48436 10.96.99.71:8000 10.244.0.9:40784 - default"

ENVOYS: dict[str, tuple[str, dict[str, Any]]] = {
    "as documented": (
        f'{AT} "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 {STRINGS}',
        {
            "ts": datetime(2016, 4, 15, 20, 17, 0, 310_000, UTC),
            "peer_ip": None,
            "client_ip": None,
            "method": "POST",
            "target": "/api/v1/locations",
            "protocol": "HTTP/2",
            "status": 204,
            "request_bytes": 154,
            "response_bytes": 0,
            "duration_us": 226_000,
            "headers": [("x-forwarded-for", ["10.0.35.28"])],
            "user_agent": "nsq2http",
            "request_id": "cc21d9b0",
            "host": "locations",
            "error": None,
        },
    ),
    "Emissary-ingress": (
        f'ACCESS {AT} "GET / HTTP/1.1" 200 - 0 43 217 216 "172.17.0.5" "curl/7" "c62e" "httpbin.org" "52.87.35.92:80"',
        {"headers": [("x-forwarded-for", ["172.17.0.5"])], "user_agent": "curl/7", "status": 200},
    ),
    "nothing known": (
        f'{AT} "GET / HTTP/1.1" 503 UH,NR 0 19 0 - "-" "-" "-" "web" "-"',
        {"headers": None, "user_agent": None, "request_id": None, "status": 503},
    ),
    "a chain": (
        f'{AT} "GET / HTTP/1.1" 200 - 0 1 2 1 "203.0.113.7,10.0.0.2" "a b" "id" "web:80" "10.0.0.1:80"',
        {"headers": [("x-forwarded-for", ["203.0.113.7,10.0.0.2"])], "host": "web:80"},
    ),
    "a TCP proxy": (
        f'{AT} "- - -" 0 UF,URX 154 0 226 - "-" "-" "-" "-" "10.0.2.1:80"',
        {"method": None, "target": None, "status": 0, "error": "the request line is not HTTP"},
    ),
    "CONNECT": (
        f'{AT} "CONNECT - HTTP/1.1" 200 - 1 1 1 - "-" "x" "id" "example.com:443" "-"',
        {"method": "CONNECT", "target": None, "host": "example.com:443", "error": None},
    ),
    "quotes in the user agent leave no header certain": (
        f'{AT} "GET /a HTTP/1.1" 200 - 0 1 2 1 "6.6.6.6" "x" "y" "z" "h, 203.0.113.7" "curl" "id" "web" "10.0.0.1:80"',
        {"method": "GET", "target": "/a", "status": 200, "headers": None, "user_agent": None, "host": None},
    ),
}
ISTIOS: dict[str, tuple[str, dict[str, Any]]] = {
    "outbound": (
        (
            f'{AT} "DELETE /status/404 HTTP/1.1" 404 - via_upstream - "-" 0 5 1 0 "-" "curl/8.4.0" "9cae" '
            f'"httpbin:8000" "10.244.0.8:80" {TAIL}'
        ),
        {
            "peer_ip": None,
            "local_ip": "10.96.99.71",
            "local_port": 8000,
            "client_ip": "10.244.0.9",
            "client_source": "writer",
            "client_reason": "writer",
            "host": "httpbin:8000",
            "response_bytes": 5,
            "duration_us": 1000,
            "headers": None,
        },
    ),
    "inbound, a list, IPv6": (
        (
            f'{AT} "GET / HTTP/2" 200 - via_upstream - "-" 0 37 3 2 "2001:db8::7,10.0.0.1" "x" "id" "web" '
            '"[fd00::9]:80" inbound|80|| 127.0.0.6:41000 [fd00::9]:80 [2001:db8::7]:0 outbound_.80_._.web d'
        ),
        {
            "client_ip": "2001:db8::7",
            "local_ip": "fd00::9",
            "local_port": 80,
            "headers": [("x-forwarded-for", ["2001:db8::7,10.0.0.1"])],
        },
    ),
    "a reason in words": (
        (
            f'{AT} "GET / HTTP/1.1" 503 UF upstream_reset_before_response_started{{connection_failure}} - '
            f'"delayed connect error: 111" 0 9 1 - "-" "x" "id" "web" "10.0.0.1:80" {TAIL}'
        ),
        {"status": 503, "client_ip": "10.244.0.9"},
    ),
    "before 1.9": (
        (
            f'{AT} "GET /status/418 HTTP/1.1" 418 - "-" "-" 0 135 5 2 "-" "curl/7.60.0" "d209" '
            '"httpbin:8000" "127.0.0.1:80" inbound|8000|http|web - 172.30.146.73:80 172.30.146.82:38618 o'
        ),
        {"status": 418, "client_ip": "172.30.146.82", "response_bytes": 135},
    ),
    "TCP": (
        f'{AT} "- - -" 0 - - - "-" 1000 2000 300 - "-" "-" "-" "-" "10.0.0.1:9000" {TAIL}',
        {"method": None, "client_ip": "10.244.0.9", "request_bytes": 1000, "error": "the request line is not HTTP"},
    ),
}


@pytest.mark.parametrize("name", ENVOYS)
def test_lines_of_envoy(name: str) -> None:
    has(ENVOY, *ENVOYS[name])
    assert sniffed(ENVOYS[name][0]) == "envoy"


@pytest.mark.parametrize("name", ISTIOS)
def test_lines_of_istio(name: str) -> None:
    has(ISTIO, *ISTIOS[name])
    assert sniffed(ISTIOS[name][0]) == "istio"


def test_quotes_in_a_target_leave_nothing_behind_it_certain() -> None:
    line = f'{AT} "GET /a HTTP/1.1" 200 - 0 1 2 1 "6.6.6.6" x HTTP/1.1" 404 - 0 1 2 1 {STRINGS}'
    row = one(ENVOY, line)
    assert row["target"] == '/a HTTP/1.1" 200 - 0 1 2 1 "6.6.6.6" x'
    assert set(row) == {"ts", "method", "target", "protocol"}


FORGED = '"6.6.6.6" "x,203.0.113.7" "-" "9cae" "a.example" "-"'  # what Envoy writes of X-Forwarded-For: 6.6.6.6" "x


@pytest.mark.parametrize(
    ("form", "line"),
    [
        (ENVOY, f'{AT} "GET / HTTP/1.1" 200 - 0 1 2 1 {FORGED}'),
        (ISTIO, f'{AT} "GET / HTTP/1.1" 200 - direct_response - "-" 0 2 0 - {FORGED} - - 10.0.0.9:80 10.0.0.8:4 - -'),
    ],
)
def test_quotes_in_a_header_cannot_shorten_the_chain(form: Format, line: str) -> None:
    """A client that sends `6.6.6.6" "x` must not cut off the hop that Envoy put behind it."""
    row = one(form, line)
    assert "headers" not in row
    assert row.get("client_ip") in (None, "10.0.0.8")


REFUSED = {
    "junk": "no [time] at its start",
    "[17/May/2015:10:05:03 +0000] x": "its time is not as Envoy writes it",
    f"{AT} x": "the fields behind the time are not as documented",
    f'[2016-13-15T20:17:00Z] "GET / HTTP/2" 204 - 1 0 2 1 {STRINGS}': "the time is no date from 1970 to 9999",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_says_why(line: str) -> None:
    assert refused(ENVOY, line) == REFUSED[line]
