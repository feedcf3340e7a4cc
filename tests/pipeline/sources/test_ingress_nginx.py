"""ingress-nginx's upstreaminfo, of all its versions; what is merely combined stays a row."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.sources.ingress_nginx import INGRESS_NGINX
from tests.pipeline.sources.lines import TIME, has, one, refused, sniffed

ID = "c99400a4db42e32187a3cbda00920e41"
BEGIN = f'172.18.0.1 - - {TIME} "GET /a HTTP/1.1" 200 13 "-" "curl/7.68.0"'
NAMES = "[default-web-80] []"

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "one upstream": (
        f"{BEGIN} 80 0.005 {NAMES} 10.244.0.9:5678 13 0.000 200 {ID}",
        {
            "peer_ip": "172.18.0.1",
            "status": 200,
            "response_bytes": 13,
            "request_bytes": None,
            "duration_us": 5000,
            "request_id": ID,
            "user_agent": "curl/7.68.0",
        },
    ),
    "tried twice": (
        f"{BEGIN} 80 5.003 {NAMES} 10.244.0.9:80, 10.244.0.10:80 0, 13 1.000, 4.003 502, 200 {ID}",
        {"duration_us": 5_003_000, "request_id": ID, "status": 200},
    ),
    "passed on within": (
        f"{BEGIN} 80 5.003 {NAMES} 10.244.0.9:80 : 10.244.0.10:80 0 : 13 1.000 : 4.003 502 : 200 {ID}",
        {"duration_us": 5_003_000, "request_id": ID},
    ),
    "no upstream": (f"{BEGIN} 80 0.000 [] [] - - - - {ID}", {"request_id": ID, "duration_us": 0}),
    "no request id": (f"{BEGIN} 80 0.000 {NAMES} 10.244.0.9:80 13 0.000 200 -", {"request_id": None}),
    "a user": (
        f'2001:db8::7 - jane doe {TIME} "GET /a HTTP/1.1" 401 13 "-" "x" 80 0.1 {NAMES} - - - - {ID}',
        {"peer_ip": "2001:db8::7", "user": "jane doe", "duration_us": 100_000},
    ),
    "a host name upstream": (f"{BEGIN} 80 0.1 [up stream] [] web.default:80 1 0.1 200 {ID}", {"request_id": ID}),
    "of old, the real IP in brackets": (
        f'10.0.0.1 - [203.0.113.9] - bob {TIME} "GET /a HTTP/1.1" 200 1 "-" "x" 8 0.2 [web] 10.0.0.2:80 1 0.1 200 {ID}',
        {
            "peer_ip": "10.0.0.1",
            "client_ip": "203.0.113.9",
            "client_source": "writer",
            "client_reason": "writer",
            "user": "bob",
            "request_id": ID,
        },
    ),
    "both in brackets": (
        f'10.0.0.1 - [203.0.113.9] - - {TIME} "GET /a HTTP/1.1" 200 1 "-" "x" 8 0.2 {NAMES} 10.0.0.2:80 1 0.1 200 {ID}',
        {"client_ip": "203.0.113.9", "user": None, "request_id": ID},
    ),
    "of old, without an id": (
        f'10.0.0.1 - [203.0.113.9] - - {TIME} "GET /a HTTP/1.1" 200 1 "-" "x" 8 0.2 [web] 10.0.0.2:80 1 0.1 200',
        {"client_ip": "203.0.113.9", "user": None, "request_id": None, "duration_us": 200_000},
    ),
    "what is no request": (
        f'1.2.3.4 - - {TIME} "\\x16\\x03\\x01" 400 157 "-" "-" 0 0.049 [] [] - - - - {ID}',
        {"method": None, "target": "\\x16\\x03\\x01", "error": "the request line is not HTTP", "request_id": ID},
    ),
    "merely combined": (BEGIN, {"status": 200, "request_id": None, "client_reason": None}),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_as_they_occur(name: str) -> None:
    has(INGRESS_NGINX, *LINES[name])


def test_a_row_says_no_more_than_the_line() -> None:
    assert set(one(INGRESS_NGINX, LINES["one upstream"][0])) == {
        "ts", "peer_ip", "method", "target", "protocol", "user_agent", "status", "response_bytes", "duration_us",
        "request_id",
    }  # fmt: skip


def test_rows_of_both_kinds_know_their_lines() -> None:
    whole = f"{BEGIN} 80 0.005 {NAMES} - - - - {ID}".encode()
    parsed = INGRESS_NGINX.parse([b"", BEGIN.encode(), whole, b"junk", BEGIN.encode(), whole])
    rows = dict(zip(parsed.lines.to_pylist(), parsed.batch["request_id"].to_pylist(), strict=True))
    assert rows == {1: None, 2: ID, 4: None, 5: ID}
    assert sorted(parsed.rejects) == [(0, "empty line"), (3, "no [day/month/year:time zone] in it")]


def test_it_is_known_by_its_lines_and_not_given_up_for_an_odd_one() -> None:
    line = LINES["one upstream"][0]
    assert sniffed(line) == "ingress-nginx"
    assert sniffed(line, line, BEGIN) == "ingress-nginx"
    assert sniffed(BEGIN, BEGIN, BEGIN, line) == "combined"


def test_what_is_neither_says_why() -> None:
    assert refused(INGRESS_NGINX, "W0128 16:04:05.000000 1 controller.go:1] x") == "no [day/month/year:time zone] in it"
