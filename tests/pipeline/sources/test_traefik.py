"""Traefik's common log format: what is the header, what may be it, and what no client can make of the line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.sources import parse_mixed
from pipeline.sources.traefik import TRAEFIK
from pipeline.sources.traefik_json import TRAEFIK_JSON
from tests.pipeline.sources.lines import TIME, has, refused, sniffed
from tests.pipeline.sources.test_envoy import ENVOYS

TAIL = '500 "web@docker" "http://172.17.0.3:80" 12ms'

LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "a single address": (
        f'172.17.0.1 - - {TIME} "GET /a HTTP/1.1" 200 414 "-" "-" {TAIL}',
        {
            "peer_ip": None,
            "client_ip": "172.17.0.1",
            "client_source": "writer",
            "headers": None,
            "user_agent": None,
            "user": None,
            "status": 200,
            "response_bytes": 414,
            "duration_us": 12_000,
        },
    ),
    "a list": (
        f'203.0.113.7, 10.0.0.2 - - {TIME} "GET /a HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"peer_ip": None, "headers": [("x-forwarded-for", ["203.0.113.7, 10.0.0.2"])], "user_agent": "x"},
    ),
    "a list without blanks": (
        f'203.0.113.7,[2001:db8::7]:80 - - {TIME} "GET /a HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"peer_ip": None, "headers": [("x-forwarded-for", ["203.0.113.7,[2001:db8::7]:80"])]},
    ),
    "a word that is no address": (
        f'unknown - - {TIME} "GET / HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"peer_ip": None, "client_ip": None, "headers": [("x-forwarded-for", ["unknown"])]},
    ),
    "an address with a port": (
        f'[2001:db8::7]:80 - - {TIME} "GET / HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"peer_ip": None, "client_ip": "[2001:db8::7]:80", "client_source": "writer"},
    ),
    "garbage in the list": (
        f'<b>, x y, 203.0.113.7 - jane {TIME} "GET /a HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"peer_ip": None, "headers": [("x-forwarded-for", ["<b>, x y, 203.0.113.7"])], "user": "jane"},
    ),
    "blanks and no comma": (
        f'203.0.113.7 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"peer_ip": None, "headers": [("x-forwarded-for", ["203.0.113.7 10.0.0.2"])], "user": None},
    ),
    "a user with blanks": (
        f'172.17.0.1 - jane doe {TIME} "GET / HTTP/1.1" 200 4 "-" "x" {TAIL}',
        {"client_ip": "172.17.0.1", "user": "jane doe", "headers": None},
    ),
    "a referer without quotes, as old versions wrote it": (
        f'172.17.0.1 - - {TIME} "GET / HTTP/1.1" 200 4 - "x" {TAIL}',
        {"client_ip": "172.17.0.1", "user_agent": "x", "duration_us": 12_000},
    ),
    "no status": (
        f'172.17.0.1 - - {TIME} "GET /a HTTP/1.1" - - "-" "x" 45640 "-" "-" 0ms',
        {"status": None, "response_bytes": None, "duration_us": 0, "target": "/a"},
    ),
    "status in quotes": (f'172.17.0.1 - - {TIME} "GET / HTTP/2" "200" 5 "-" "x" {TAIL}', {"status": 200}),
    "routers in routers": (
        f'172.17.0.1 - - {TIME} "GET / HTTP/2" 200 5 "http://r/" "x" 244 "a@docker -> b@docker" "http://h" 42ms',
        {"duration_us": 42_000, "protocol": "HTTP/2", "headers": [("referer", ["http://r/"])]},
    ),
    "quotes in the user agent": (
        f'172.17.0.1 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "a "b" c" {TAIL}',
        {"user_agent": 'a "b" c', "duration_us": 12_000},
    ),
    "genericCLF, a single address": (
        f'203.0.113.7 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x"',
        {"peer_ip": None, "client_ip": "203.0.113.7", "client_source": "writer", "user_agent": "x"},
    ),
    "a tab in the header": (
        f'203.0.113.7\t:// - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x" {TAIL}',
        {"peer_ip": None, "headers": [("x-forwarded-for", ["203.0.113.7\t://"])]},
    ),
    "genericCLF": (f'203.0.113.7, 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x"', {"peer_ip": None}),
}


@pytest.mark.parametrize("name", LINES)
def test_lines_as_they_occur(name: str) -> None:
    has(TRAEFIK, *LINES[name])


FORGED = f'6.6.6.6 - root {TIME} "GET /admin HTTP/1.1" 200 1 "-" "x" 1 "a" "b" 0ms'


@pytest.mark.parametrize(
    "line",
    [
        f'{FORGED}, 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 404 5 "-" "x" {TAIL}',  # as X-Forwarded-For
        f'172.17.0.1 - - {TIME} "GET / HTTP/1.1" 404 5 "-" "x" 1 "a" "b" 0ms {FORGED}" {TAIL}',  # as user agent
        f'"x" 6.6.6.6 - y, 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 404 5 "-" "x" {TAIL}',  # quotes in X-Forwarded-For
        f'6.6.6.6 - y, 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 404 5 "-" "x" {TAIL}',  # dashes in it
        f'172.17.0.1 - a, 6.6.6.6 - y {TIME} "GET / HTTP/1.1" 404 5 "-" "x" {TAIL}',  # or in the user
    ],
)
def test_no_client_makes_one_line_look_like_another(line: str) -> None:
    doubt = "quotes or dashes in front of a time in it: whose words they are is not certain"
    assert refused(TRAEFIK, line) == doubt
    others = (LINES["a single address"][0], ENVOYS["as documented"][0])
    mixed = parse_mixed(TRAEFIK, [line.encode(), *(other.encode() for other in others)])
    assert sorted(mixed.lines.to_pylist()) == [1, 2]
    assert mixed.rejects == [(0, doubt)]


def test_it_is_known_by_its_lines() -> None:
    assert sniffed(LINES["a single address"][0]) == "traefik"
    assert sniffed(LINES["a list"][0], LINES["no status"][0]) == "traefik"
    assert sniffed(LINES["genericCLF"][0]) == "combined"


def test_forged_lines_do_not_make_it_another_format() -> None:
    """Combined takes such lines, with the address that their client chose."""
    forged = f'{FORGED}, 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 404 5 "-" "x" {TAIL}'
    assert sniffed(forged, forged, forged, LINES["a single address"][0]) == "traefik"
    assert sniffed(forged) == "traefik"


def test_among_lines_of_json_its_first_column_is_no_peer_either() -> None:
    """A log has both where Traefik was told to use the other format."""
    told = {"ClientAddr": "10.0.0.1:80", "DownstreamStatus": 200, "StartUTC": "2015-05-17T10:05:03Z"}
    line = LINES["a single address"][0].encode()
    parsed = parse_mixed(TRAEFIK_JSON, [json.dumps(told).encode(), line])
    rows = dict(zip(parsed.lines.to_pylist(), parsed.batch.to_pylist(), strict=True))
    assert [(rows[at]["peer_ip"], rows[at]["client_ip"]) for at in (0, 1)] == [("10.0.0.1", None), (None, "172.17.0.1")]
