"""The vectorised resolver is the scalar one, row by row."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import Policy, classify, make_policy, parse_hop
from pipeline.resolve import MIN_ROWS_A_TAIL, SAMPLED_ROWS, resolve
from pipeline.rows import HEADERS_TYPE
from tests.conftest import proves_the_resolver
from tests.drawn import Drawn, drawn

TRUSTED = ("10.0.0.0/8", "2001:db8:10::/48", "100.64.0.0/10")
HEADERS = ("x-forwarded-for", "forwarded", "x-real-ip")

HOPS = (
    "10.0.0.1",
    "10.0.0.2:80",
    "[2001:db8:10::1]:443",
    "::ffff:10.1.1.1",
    "203.0.113.7",
    "8.8.8.8",
    "2001:db8::7",
    "2a00::1",
    "fe80::1%eth0",
    "",
    " ",
    "unknown",
    "_hidden",
    "0.0.0.0",
    "0.0.0.1",
    "::",
    "255.255.255.255",
    "203.0.113.007",
    "256.1.1.1",
    "[::1",
    "1.2.3.4.5",
    "1.2.3.4%",
    "\x00",
    "é",
    '"10.0.0.1"',
)
PIECES = "0123456789abcdef.:[]%, \t"  # of an address, and of what is none
SINGLE = (
    "remote-addr",
    "rightmost-untrusted",
    "rightmost-untrusted:Forwarded",
    "rightmost-count:1",
    "rightmost-count:2",
    "rightmost-count:3:Forwarded",
    "rightmost-nonprivate",
    "rightmost-nonprivate:Forwarded",
    "leftmost-nonprivate",
    "leftmost-nonprivate:Forwarded",
    "single-header:X-Real-IP",
)


def hop(data: Drawn) -> str:
    return "".join(data.many(20, lambda data: data.one(PIECES))) if data.below(2) else data.one(HOPS)


def element(data: Drawn) -> str:
    return data.one(("{}", "for={}", 'by=x;For="{}"')).format(hop(data))


def row(data: Drawn) -> tuple:
    peer, via = (hop(data) if data.below(2) else None for _ in range(2))
    lists = data.many(3, lambda data: ", ".join(data.many(4, hop)))
    forwarded = data.many(3, lambda data: ",".join(data.many(4, element)))
    return peer, via, (lists, forwarded, data.many(2, hop))


def strategy(data: Drawn) -> str:
    if data.below(2):
        return f"chain({','.join(data.many(4, lambda data: data.one(SINGLE)))})"
    return data.one(SINGLE)


batches = drawn(400, lambda data: [row(data) for _ in range(1 + data.below(3))])
strategies = drawn(6, strategy)


def batch(requests: list) -> pa.RecordBatch:
    """Return rows of (peer, proxied peer, fields of HEADERS) as records."""
    headers = [
        [("accept", ["*/*"]), *((name, values) for name, values in zip(HEADERS, fields, strict=True) if values)]
        for _, _, fields in requests
    ]
    return pa.RecordBatch.from_pydict(
        {
            "peer_ip": pa.array([peer for peer, _, _ in requests], pa.string()),
            "proxied_ip": pa.array([via for _, via, _ in requests], pa.string()),
            "headers": pa.array(headers, HEADERS_TYPE),
        }
    )


def both(policy: Policy, requests: list) -> None:
    """Resolve rows both ways and compare."""
    found = resolve(batch(requests), policy).to_pydict()
    for row, (peer, via, fields) in enumerate(requests):
        headers = dict(zip(HEADERS, fields, strict=True))
        scalar = policy.resolve(peer if via is None else via, headers, proxied=via is not None)
        client = scalar.client
        assert {
            "client_ip": None if client is None else str(client),
            "client_ip_num": None if client is None else client.packed,
            "client_class": None if client is None else classify(client.packed),
            "client_source": scalar.source or None,
            "client_reason": scalar.reason.code,
            "client_depth": scalar.depth,
        } == {name: found[name][row] for name in found if name.startswith("client_")}
        own = parse_hop(peer) if peer else None
        assert found["peer_ip"][row] == (None if own is None else str(own))
        end = parse_hop(via if via is not None else peer or "")
        assert found["peer_trusted"][row] == (end is not None and end.packed in policy.trusted)


@proves_the_resolver
@given(strategies, st.sampled_from([(), TRUSTED, ("::/0",), ("0.0.0.0/0", "::/0")]), batches)
def test_vectorised_equals_scalar(strategy: str, ranges: tuple[str, ...], requests: list) -> None:
    both(make_policy(strategy, trusted=ranges), requests)


@given(st.sampled_from([TRUSTED, ("0.0.0.0/0", "::/0")]), batches)
def test_lists_whose_tails_repeat_are_walked_the_same(ranges: tuple[str, ...], requests: list) -> None:
    both(make_policy("rightmost-untrusted", trusted=ranges), requests * (2 * MIN_ROWS_A_TAIL))


@given(strategies, drawn(800, lambda data: [row(data) for _ in range(1 + data.below(6))]))
def test_an_untrusted_peers_header_changes_nothing(strategy: str, requests: list) -> None:
    policy = make_policy(strategy, trusted=TRUSTED)
    if policy.is_chain and not policy.steps:
        return
    found = resolve(batch([("203.0.113.9", None, fields) for _, _, fields in requests]), policy)
    assert set(found["client_ip"].to_pylist()) == {"203.0.113.9"}


@pytest.mark.parametrize("distinct", [1, 20, SAMPLED_ROWS])
def test_many_rows_are_walked_the_same_whether_tails_repeat_or_not(distinct: int) -> None:
    count = SAMPLED_ROWS + 1
    requests = [
        ("10.0.0.1", None, ([f"1.2.3.4, 203.0.113.7, 10.0.{n % distinct // 256}.{n % distinct % 256}"], [], []))
        for n in range(count)
    ]
    found = resolve(batch(requests), make_policy(trusted=TRUSTED))
    assert found["client_ip"].to_pylist() == ["203.0.113.7"] * count


@pytest.mark.parametrize("strategy", ["rightmost-untrusted", "single-header:X-Real-IP", "chain()", "remote-addr"])
def test_a_batch_without_rows(strategy: str) -> None:
    policy = make_policy(strategy, trusted=TRUSTED)
    assert resolve(batch([]), policy).num_rows == 0


def test_a_slice_of_a_batch_reads_its_own_rows() -> None:
    requests = [("10.0.0.1", None, ([f"203.0.113.{n}"], [], [])) for n in range(4)]
    found = resolve(batch(requests).slice(1, 2), make_policy(trusted=TRUSTED))
    assert found["client_ip"].to_pylist() == ["203.0.113.1", "203.0.113.2"]
