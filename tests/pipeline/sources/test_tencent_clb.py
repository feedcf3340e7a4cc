"""Tencent's load balancer, layer 7."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.sources.tencent_clb import TENCENT_CLB
from tests.pipeline.sources.lines import has, refused, sniffed

TO_STATUS = (
    "[f1d2e3] [27/Aug/2020:15:00:00 +0800] [https] [203.0.113.1:443] [www.example.com] [198.51.100.7:51234] [200]"
    " [10.0.0.5:80, 10.0.0.6:80] [502, 200] [backend]"
)
BEHIND = (
    "[https://ref/] [0.012] [0.010] [0.001] [0.009] [3000] [77] [2] [0.005] [ECDHE-RSA-AES128-GCM-SHA256] [TLSv1.2]"
    " [1234] [/a] [HTTP/1.1]"
)
LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "as documented": (
        f"{TO_STATUS} [GET /a?b=1 HTTP/1.1] [512] [1024] [www.example.com] [Mozilla/5.0 (X11)] {BEHIND}",
        {
            "ts": datetime(2020, 8, 27, 7, 0, 0, 0, UTC),
            "peer_ip": "198.51.100.7",
            "peer_port": 51234,
            "local_ip": "203.0.113.1",
            "local_port": 443,
            "host": "www.example.com",
            "method": "GET",
            "target": "/a?b=1",
            "status": 200,
            "request_bytes": None,
            "response_bytes": 1024,
            "user_agent": "Mozilla/5.0 (X11)",
            "headers": [("referer", ["https://ref/"])],
            "duration_us": 12_000,
            "connection_id": "77",
            "connection_request": 2,
            "tls_version": "TLSv1.2",
            "request_id": "f1d2e3",
        },
    ),
    "two blanks": (
        f"{TO_STATUS} [GET /a HTTP/1.1] [512] [1024] [h] [x] {BEHIND}".replace("] [www", "]  [www").replace(
            "] [200", "]  [200"
        ),
        {"peer_ip": "198.51.100.7", "status": 200, "target": "/a", "user_agent": "x", "tls_version": "TLSv1.2"},
    ),
    "before 2019": (
        (
            "[f1d2e3] [27/Aug/2018:15:00:00 +0800] [http] [203.0.113.1:80] [www.example.com] [198.51.100.7:51234] [200]"
            "  [200] [backend] [GET /a?b=1 HTTP/1.1] [512] [1024] [www.example.com] [curl/7] [-] [0.012] [0.010]"
            " [0.001] [0.009] [3000] [77] [2] [0.005] [-] [-] [.]"
        ),
        {
            "peer_ip": "198.51.100.7",
            "status": 200,
            "method": "GET",
            "target": "/a?b=1",
            "user_agent": "curl/7",
            "duration_us": 12_000,
            "connection_id": "77",
            "response_bytes": 1024,
            "host": "www.example.com",
        },
    ),
    "brackets in target and agent": (
        f"{TO_STATUS} [GET /a[]=1 HTTP/1.1] [512] [1024] [h] [Mozilla/5.0 [en] (X11)] {BEHIND}",
        {"target": "/a[]=1", "user_agent": "Mozilla/5.0 [en] (X11)", "duration_us": 12_000},
    ),
    "columns added": (
        f"{TO_STATUS} [GET / HTTP/1.1] [512] [1024] [h] [x] {BEHIND} [lb-123]",
        {"target": "/", "user_agent": "x", "peer_ip": "198.51.100.7"},
    ),
    "an agent like columns": (
        f"{TO_STATUS} [GET / HTTP/1.1] [512] [1024] [h] [x] [y] [9.9] [z] {BEHIND}",
        {"target": "/", "peer_ip": "198.51.100.7", "user_agent": "x", "duration_us": 12_000},
    ),
    "nothing known": (
        (
            "[-] [27/Aug/2020:15:00:00 +0800] [http] [203.0.113.1:80] [-] [198.51.100.7:51234] [400] [-] [-] [-] [-]"
            " [0] [150] [-] [-] [-] [0.000] [-] [-] [-] [3000] [77] [1] [-] [-] [-] [1234] [-] [-]"
        ),
        {"method": None, "target": None, "host": None, "request_id": None, "tls_version": None, "status": 400},
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_as_they_occur(name: str) -> None:
    has(TENCENT_CLB, *LINES[name])
    assert sniffed(LINES[name][0]) == "tencent-clb"


REFUSED = {
    "junk": "no [request id] at its start",
    "[a] [b]": "the fields in brackets are not as documented",
    LINES["as documented"][0].replace("Aug", "Foo"): "the time is no date from 1970 to 9999",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_refused_says_why(line: str) -> None:
    assert refused(TENCENT_CLB, line) == REFUSED[line]
