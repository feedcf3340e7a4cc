"""The vectorised resolver is the scalar one, row by row."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.clientip import Policy, classify, make_policy
from echo.clientip.headers import fields
from pipeline.resolve import header_lists, resolve
from pipeline.rows import HEADERS_TYPE

VECTORS = Path(__file__).parent.parent / "data" / "vectors" / "realclientip-go.jsonl"
STRATEGIES = ("remote-addr", "rightmost-untrusted:X-Forwarded-For")
TRUSTED = ("10.0.0.0/8", "2001:db8:10::/48", "100.64.0.0/10")

hops = st.sampled_from(
    [
        "10.0.0.1",
        "10.0.0.2:80",
        "[2001:db8:10::1]:443",
        "::ffff:10.1.1.1",
        "203.0.113.7",
        "2001:db8::7",
        "fe80::1%eth0",
        "",
        " ",
        "unknown",
        "_hidden",
        "0.0.0.0",
        "::",
        "203.0.113.007",
        "[::1",
        "1.2.3.4.5",
        "\x00",
        "é",
        '"10.0.0.1"',
    ]
) | st.text(alphabet="0123456789abcdef.:[]%, \t", max_size=20)
values = st.lists(st.lists(hops, max_size=4).map(", ".join), max_size=3)
requests = st.lists(st.tuples(st.none() | hops, st.none() | hops, values), min_size=1, max_size=12)


def both(policy: Policy, rows: list[tuple[str | None, str | None, list[str]]]) -> None:
    """Resolve rows of (peer, proxied peer, X-Forwarded-For fields) both ways and compare."""
    headers = [[("accept", ["*/*"]), ("x-forwarded-for", xff)] if xff else [("accept", ["*/*"])] for _, _, xff in rows]
    chain = header_lists(pa.array(headers, HEADERS_TYPE), "x-forwarded-for")
    peers, proxied = (pa.array([row[n] for row in rows], pa.string()) for n in (0, 1))
    found = {name: column.to_pylist() for name, column in resolve(peers, chain, policy, proxied).items()}
    for row, (peer, via, xff) in enumerate(rows):
        scalar = policy.resolve(peer if via is None else via, xff, proxied=via is not None)
        client = None if scalar.client is None else str(scalar.client)
        assert found["client_ip"][row] == client
        assert found["client_ip_num"][row] == (None if scalar.client is None else scalar.client.packed)
        assert (found["client_source"][row] or "") == scalar.source
        assert found["client_reason"][row] == scalar.reason.code
        assert found["client_depth"][row] == scalar.depth


@pytest.mark.parametrize("line", VECTORS.read_text().splitlines() if VECTORS.exists() else [])
def test_every_vector_comes_out_as_the_peer_says(line: str) -> None:
    vector = json.loads(line)
    if vector["strategy"] not in STRATEGIES:
        return
    policy = make_policy(vector["strategy"].partition(":")[0], "X-Forwarded-For", vector["trusted"] or [])
    xff = fields([tuple(pair) for pair in vector["headers"]], "X-Forwarded-For")
    chain = header_lists(pa.array([[("x-forwarded-for", xff)] if xff else []], HEADERS_TYPE), "x-forwarded-for")
    found = resolve(pa.array([vector["peer_addr"]], pa.string()), chain, policy)
    assert found["client_ip"].to_pylist() == [vector["expect"]["client_ip"]]
    both(policy, [(vector["peer_addr"], None, xff)])


@settings(max_examples=300, deadline=None)
@given(requests)
def test_vectorised_equals_scalar_walk(rows: list[tuple[str | None, str | None, list[str]]]) -> None:
    both(make_policy("rightmost-untrusted", "X-Forwarded-For", TRUSTED), rows)


@settings(max_examples=100, deadline=None)
@given(requests)
def test_vectorised_equals_scalar_peer(rows: list[tuple[str | None, str | None, list[str]]]) -> None:
    both(make_policy("remote-addr"), rows)


@settings(max_examples=200, deadline=None)
@given(st.lists(values, min_size=1, max_size=6))
def test_an_untrusted_peers_header_changes_nothing(rows: list[list[str]]) -> None:
    policy = make_policy(trusted=TRUSTED)
    chain = header_lists(pa.array([[("x-forwarded-for", xff)] for xff in rows], HEADERS_TYPE), "x-forwarded-for")
    found = resolve(pa.array(["203.0.113.9"] * len(rows)), chain, policy)
    assert set(found["client_ip"].to_pylist()) == {"203.0.113.9"}


def test_a_slice_of_a_batch_resolves_like_the_batch() -> None:
    headers = pa.array([[("x-forwarded-for", [f"203.0.113.{n}"])] for n in range(4)], HEADERS_TYPE)
    chain = header_lists(headers.slice(1, 2), "x-forwarded-for")
    assert chain.to_pylist() == ["203.0.113.1", "203.0.113.2"]


def test_headers_that_no_row_has_are_null_not_absent() -> None:
    assert header_lists(pa.nulls(2, HEADERS_TYPE), "x-forwarded-for").to_pylist() == [None, None]
    assert header_lists(pa.array([], HEADERS_TYPE), "x-forwarded-for").to_pylist() == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", "public"),
        ("10.1.2.3", "private"),
        ("100.64.0.5", "cgnat"),
        ("127.0.0.6", "loopback"),
        ("169.254.169.254", "cloud-metadata"),
        ("fe80::1", "link-local"),
        ("2001:db8::1", "documentation"),
        ("2400:cb00::1", "public"),
    ],
)
def test_what_an_address_is_by_itself(address: str, expected: str) -> None:
    parsed = make_policy().resolve(address, []).client
    assert parsed is not None
    assert classify(parsed.packed) == expected
