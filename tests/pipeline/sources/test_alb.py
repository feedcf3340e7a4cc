"""AWS's balancers: their peer, the URL taken apart, columns that were added."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.sources.alb import ALB
from tests.pipeline.sources.lines import has, refused, sniffed

BEGIN = "https 2018-07-02T22:23:00.186641Z app/my-lb/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80"
SIZES = "0.086 0.048 0.037 200 200 34 366"
AGENT = '"curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
TAIL = (
    'arn:aws:elasticloadbalancing:us-east-2:123:targetgroup/t/73e2 "Root=1-58337281-1d84" "www.example.com" "arn:x" 1 '
    '2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
)
GET = '"GET https://www.example.com:443/a?b=1 HTTP/1.1"'

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "as documented": (
        f"{BEGIN} {SIZES} {GET} {AGENT} {TAIL}",
        {
            "ts": datetime(2018, 7, 2, 22, 23, 0, 186_641, UTC),
            "peer_ip": "192.168.131.39",
            "peer_port": 2817,
            "method": "GET",
            "host": "www.example.com",
            "target": "/a?b=1",
            "protocol": "HTTP/1.1",
            "status": 200,
            "response_bytes": 366,
            "request_bytes": None,
            "duration_us": 171_000,
            "user_agent": "curl/7.46.0",
            "tls_version": "TLSv1.2",
            "headers": [("x-amzn-trace-id", ["Root=1-58337281-1d84"])],
        },
    ),
    "columns added": (
        f'{BEGIN} {SIZES} {GET} {AGENT} {TAIL} TID_1234 "m.example.com" "-" "Done"',
        {"target": "/a?b=1"},
    ),
    "another port": (
        f'{BEGIN} {SIZES} "GET https://10.0.2.105:773/ HTTP/2.0" {AGENT} {TAIL}',
        {"host": "10.0.2.105:773", "target": "/", "protocol": "HTTP/2.0"},
    ),
    "no target": (
        f"h2 2018-07-02T22:23:00.186641Z app/x/y 192.168.1.13:44740 - -1 -1 -1 404 - 204 167 {GET} {AGENT} {TAIL}",
        {"duration_us": None, "status": 404},
    ),
    "no request": (
        (
            'http 2018-11-30T22:23:00.186641Z app/x/y 192.168.131.39:2817 - -1 -1 -1 400 - 0 288 "- http://x:80- -" "-"'
            ' - - - "-" "-" "-" - 2018-11-30T22:22:48.364000Z "-" "-" "-" "-" "-" "-" "-"'
        ),
        {"method": None, "target": None, "user_agent": None, "error": "the request line is not HTTP", "status": 400},
    ),
    "WebSocket": (
        (
            f"wss 2018-07-02T22:23:00Z app/x/y 10.0.0.140:4424 10.0.0.171:80 0.000 0.001 0.000 101 101 218 786 {GET} "
            f'"-" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.3 {TAIL}'
        ),
        {"status": 101, "tls_version": "TLSv1.3"},
    ),
    "IPv6": (
        f"{BEGIN} {SIZES} {GET} {AGENT} {TAIL}".replace("192.168.131.39", "2001:db8::7"),
        {"peer_ip": "2001:db8::7"},
    ),
    "a classic balancer": (
        (
            "2015-05-13T23:39:43.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
            '"GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -'
        ),
        {"peer_ip": "192.168.131.39", "host": "www.example.com", "duration_us": 1178, "tls_version": None},
    ),
    "a classic balancer, before May 2015": (
        (
            "2015-03-08T16:35:33.465313Z my-lb 66.249.81.123:63235 10.0.161.12:9000 0.000033 0.00082 0.000041 200 200 0"
            ' 3 "GET http://www.example.com:80/a HTTP/1.1"'
        ),
        {"peer_ip": "66.249.81.123", "target": "/a", "user_agent": None, "tls_version": None, "status": 200},
    ),
    "no status": (f"{BEGIN} -1 -1 -1 - - 34 366 {GET} {AGENT} {TAIL}", {"status": None, "target": "/a?b=1"}),
    "quotes in the user agent": (
        f'{BEGIN} {SIZES} {GET} "a "b" c" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 {TAIL}',
        {"target": "/a?b=1", "peer_ip": "192.168.131.39"},
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_as_they_occur(name: str) -> None:
    has(ALB, *LINES[name])
    assert sniffed(LINES[name][0]) == "alb"


REFUSED = {
    "junk": "no quoted request in it",
    f"{BEGIN} {GET}": "the fields are not as documented",
    f"{BEGIN} {SIZES} {GET} {AGENT}".replace("2018-07", "2018-17"): "the time is no date from 1970 to 9999",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_says_why(line: str) -> None:
    assert refused(ALB, line) == REFUSED[line]
