"""The strategies: whom each takes for the client, and what of it can be configured."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import REASONS, STRATEGIES, ConfigFault, make_policy, parse_hop
from echo.clientip.resolve import PARSERS
from echo.clientip.strategies import MAX_COUNT, MAX_STEPS, Step, parse_strategy
from tests.conftest import proves_the_resolver
from tests.drawn import Drawn, drawn

XFF = {"x-forwarded-for": ["1.2.3.4, 203.0.113.7", "198.41.128.9, 10.0.0.2"]}
FORWARDED = {"forwarded": ['for=8.8.8.8;proto=https, For="[2001:4860::7]:4711"', "for=unknown"]}
REAL = {"x-real-ip": ["1.1.1.1", "[2001:4860::9]:80"]}
OUTSIDE, INSIDE = "198.51.100.9", "10.0.0.1"
RANGES = ("10.0.0.0/8",)

# what is asked: strategy, peer, headers, ranges; what comes out: client, source, reason, depth
ANSWERS = [
    # realistic
    (("remote-addr", OUTSIDE, XFF, ()), (OUTSIDE, "peer", "peer", 0)),
    (("rightmost-untrusted", INSIDE, XFF, RANGES), ("198.41.128.9", "x-forwarded-for", "rightmost-untrusted", 2)),
    (("rightmost-untrusted", OUTSIDE, XFF, RANGES), (OUTSIDE, "peer", "peer-untrusted", 0)),
    (("rightmost-count:1", OUTSIDE, XFF, ()), ("10.0.0.2", "x-forwarded-for", "rightmost-count", 1)),
    (("rightmost-count:2", INSIDE, XFF, ()), ("198.41.128.9", "x-forwarded-for", "rightmost-count", 2)),
    (("rightmost-count:4", INSIDE, XFF, ()), ("1.2.3.4", "x-forwarded-for", "rightmost-count", 4)),
    (("rightmost-count:5", INSIDE, XFF, ()), (None, "", "too-few-hops", 4)),
    (("rightmost-count:2:Forwarded", INSIDE, FORWARDED, ()), ("2001:4860::7", "forwarded", "rightmost-count", 2)),
    (("rightmost-count:1:Forwarded", INSIDE, FORWARDED, ()), (None, "", "hop-invalid", 1)),
    (("rightmost-nonprivate", OUTSIDE, XFF, ()), ("198.41.128.9", "x-forwarded-for", "rightmost-nonprivate", 2)),
    (
        ("rightmost-nonprivate:Forwarded", OUTSIDE, FORWARDED, ()),
        (
            "2001:4860::7",
            "forwarded",
            "rightmost-nonprivate",
            2,
        ),
    ),
    (("leftmost-nonprivate", OUTSIDE, XFF, ()), ("1.2.3.4", "x-forwarded-for", "leftmost-nonprivate", 4)),
    (("leftmost-nonprivate:forwarded", OUTSIDE, FORWARDED, ()), ("8.8.8.8", "forwarded", "leftmost-nonprivate", 3)),
    (("single-header:X-Real-IP", OUTSIDE, REAL, ()), ("2001:4860::9", "x-real-ip", "single-header", 1)),
    (
        ("chain(single-header:X-Real-IP,remote-addr)", OUTSIDE, REAL, ()),
        (
            "2001:4860::9",
            "x-real-ip",
            "single-header",
            1,
        ),
    ),
    (("chain(single-header:X-Real-IP,remote-addr)", OUTSIDE, {}, ()), (OUTSIDE, "peer", "peer", 0)),
    # ranges guard every strategy that reads a header
    (("rightmost-count:1", OUTSIDE, XFF, RANGES), (OUTSIDE, "peer", "peer-untrusted", 0)),
    (("rightmost-count:2", INSIDE, XFF, RANGES), ("198.41.128.9", "x-forwarded-for", "rightmost-count", 2)),
    (("leftmost-nonprivate", OUTSIDE, XFF, RANGES), (OUTSIDE, "peer", "peer-untrusted", 0)),
    (("single-header:X-Real-IP", OUTSIDE, REAL, RANGES), (OUTSIDE, "peer", "peer-untrusted", 0)),
    (("chain(single-header:X-Real-IP,remote-addr)", OUTSIDE, REAL, RANGES), (OUTSIDE, "peer", "peer-untrusted", 0)),
    # a peer that is no address is read past
    (("single-header:X-Real-IP", "@", REAL, RANGES), ("2001:4860::9", "x-real-ip", "single-header", 1)),
    # nothing to be found
    (("remote-addr", "@", XFF, ()), (None, "", "peer-invalid", 0)),
    (("rightmost-untrusted", INSIDE, {}, RANGES), (None, "", "no-header", 0)),
    (("rightmost-untrusted", INSIDE, {"x-forwarded-for": ["10.0.0.3"]}, RANGES), (None, "", "all-trusted", 1)),
    (("rightmost-untrusted:Forwarded", INSIDE, FORWARDED, RANGES), (None, "", "hop-invalid", 1)),
    (("rightmost-nonprivate", INSIDE, {"x-forwarded-for": ["10.0.0.3, ,x"]}, ()), (None, "", "none-public", 3)),
    (("leftmost-nonprivate", INSIDE, {"x-forwarded-for": ["192.0.2.1, ::1"]}, ()), (None, "", "none-public", 2)),
    (("leftmost-nonprivate", INSIDE, {}, ()), (None, "", "no-header", 0)),
    (("single-header:X-Real-IP", INSIDE, {"x-real-ip": ["1.1.1.1, 2.2.2.2"]}, ()), (None, "", "hop-invalid", 1)),
    (("single-header:X-Real-IP", INSIDE, {}, ()), (None, "", "no-header", 0)),
    (("chain(rightmost-count:9,single-header:x-real-ip)", INSIDE, XFF, ()), (None, "", "chain-exhausted", 0)),
    (("chain()", INSIDE, XFF, ()), (None, "", "chain-exhausted", 0)),
]

WRONG = {
    "": "strategy '' is unknown",
    "leftmost": "strategy 'leftmost' is unknown",
    "remote-addr:X-Forwarded-For": "takes no argument",
    "rightmost-untrusted:X-Real-IP": "not a list of hops",
    "rightmost-untrusted:": "no header name",
    "rightmost-untrusted:X Forwarded For": "no header name",
    "rightmost-count": "needs a number of proxies from 1 to 100, not ''",
    "rightmost-count:X-Forwarded-For": "needs a number",
    "rightmost-count:0": "needs a number",
    "rightmost-count:-1": "needs a number",
    "rightmost-count:01": "needs a number",
    "rightmost-count:١": "needs a number",
    f"rightmost-count:{MAX_COUNT + 1}": "needs a number",
    "single-header": "holds a list",
    "single-header:Forwarded": "holds a list",
    "single-header:X-Real-IP\x1b[2J": "no header name",
    "chain(remote-addr": "no closing bracket",
    "chain(remote-addr,)": "strategy '' is unknown",
    "chain(chain(remote-addr))": "strategy 'chain(remote-addr)' is unknown",
    "chain(" + ",".join(["remote-addr"] * (MAX_STEPS + 1)) + ")": "more than 16 strategies",
    "x" * 2000: "more than 1024 characters",
}


@pytest.mark.parametrize(("asked", "expected"), ANSWERS, ids=lambda value: str(value[0]))
def test_answer(asked, expected):
    strategy, peer, headers, ranges = asked
    resolution = make_policy(strategy, trusted=ranges).resolve(peer, headers)
    client = None if resolution.client is None else str(resolution.client)
    assert (client, resolution.source, resolution.reason.code, resolution.depth) == expected


def test_every_strategy_and_every_reason_is_shown_above():
    assert {strategy.partition(":")[0].partition("(")[0] for (strategy, *_), _ in ANSWERS} == set(STRATEGIES)
    assert {reason for _, (_, _, reason, _) in ANSWERS} == set(REASONS)
    assert all(code == reason.code and reason.meaning.endswith(".") for code, reason in REASONS.items())


def test_every_strategy_says_how_it_fails_and_who_can_forge_it():
    for name, strategy in STRATEGIES.items():
        assert name == strategy.name
        assert strategy.form.startswith(name)
        assert all(text.endswith(".") for text in (strategy.client, strategy.fails, strategy.forger))
    assert STRATEGIES["leftmost-nonprivate"].client.startswith("UNSAFE")


@pytest.mark.parametrize(("text", "complaint"), WRONG.items(), ids=lambda value: ascii(value)[:40])
def test_a_wrong_strategy_is_refused_when_the_policy_is_built(text, complaint):
    with pytest.raises(ConfigFault) as caught:
        make_policy(text)
    assert complaint in str(caught.value)
    assert caught.value.next_step
    assert str(caught.value).isprintable()


def test_a_strategy_without_a_header_takes_the_configured_one():
    assert parse_strategy("rightmost-count:2", "Forwarded") == (Step("rightmost-count", "forwarded", 2),)
    assert make_policy("single-header", "X-Real-IP").strategy == "single-header:x-real-ip"
    assert make_policy("single-header:CF-Connecting-IP", "X-Real-IP").headers == ("cf-connecting-ip",)


def test_the_text_of_a_policy_builds_an_equal_one():
    for (strategy, *_), _ in ANSWERS:
        policy = make_policy(strategy, trusted=RANGES)
        again = make_policy(policy.strategy, trusted=["10.0.0.0/9", "10.128.0.0/9"])
        assert (again.strategy, again.id) == (policy.strategy, policy.id)


# --- properties -------------------------------------------------------------------------------------------------------

ADDRESSES = ("10.0.0.1", "10.9.9.9:80", "203.0.113.7", "8.8.8.8", "2001:4860::7", "[::1]:1", "::")
SINGLE = tuple(name for (name, *_), _ in ANSWERS if not name.startswith("chain"))


def entry(data):
    form = data.one(("{}", "", "for={}", 'For="{}";by=x'))
    return form.format(data.one(ADDRESSES)) if form else "".join(data.many(8, Drawn.char))


def fields(data):
    return data.many(3, lambda data: ", ".join(data.many(5, entry)))


def strategy_of(data):
    if data.below(2):
        return f"chain({','.join(data.many(4, lambda data: data.one(SINGLE)))})"
    return data.one(SINGLE)


requests = drawn(300, lambda data: {name: fields(data) for name in ("x-forwarded-for", "forwarded", "x-real-ip")})
strategies = drawn(6, strategy_of)
peers = st.sampled_from([*ADDRESSES, "@", "", None])


@proves_the_resolver
@given(strategies, st.sampled_from([OUTSIDE, "2001:4860::1", "8.8.8.8:80"]), requests)
def test_with_ranges_an_untrusted_peers_headers_change_nothing(strategy, peer, headers):
    policy = make_policy(strategy, trusted=RANGES)
    assert policy.resolve(peer, headers) == policy.resolve(peer, {})


@proves_the_resolver
@given(st.sampled_from(["rightmost-untrusted", "rightmost-untrusted:Forwarded"]), peers, requests)
def test_a_strategy_that_walks_past_trusted_hops_never_names_one(strategy, peer, headers):
    policy = make_policy(strategy, trusted=RANGES)
    resolution = policy.resolve(peer, headers)
    if resolution.client is not None:
        assert resolution.client.packed not in policy.trusted


@proves_the_resolver
@given(strategies, peers, requests, st.sampled_from([(), RANGES]))
def test_what_is_printed_reads_as_the_same_address(strategy, peer, headers, ranges):
    """Canonical and idempotent: the client's text, as a peer or as the only entry of the header, is that client."""
    policy = make_policy(strategy, trusted=ranges)
    client = policy.resolve(peer, headers).client
    if client is not None:
        assert str(parse_hop(str(client))) == str(client)
        assert make_policy().resolve(str(client), {}).client == client


@given(strategies, peers, requests, st.sampled_from([(), RANGES]))
def test_a_request_is_judged_the_same_every_time(strategy, peer, headers, ranges):
    """What a policy has seen and remembers changes no answer."""
    policy = make_policy(strategy, trusted=ranges)
    first = policy.resolve(peer, headers)
    policy.resolve("10.0.0.1", {"x-forwarded-for": ["203.0.113.7, 10.0.0.1"], "forwarded": ["for=10.0.0.1"]})
    assert policy.resolve(peer, headers) == first == make_policy(strategy, trusted=ranges).resolve(peer, headers)


@given(strategies, peers, requests, st.sampled_from([(), RANGES]))
def test_the_client_was_written_by_someone(strategy, peer, headers, ranges):
    """No address is invented: it is the peer, an entry of a list, or the last field of a single header."""
    resolution = make_policy(strategy, trusted=ranges).resolve(peer, headers)
    if resolution.client is not None:
        values = headers.get(resolution.source, [])
        parse = PARSERS.get(resolution.source)
        written = {parse(entry) for value in values for entry in value.split(",")} if parse else set()
        written |= {parse_hop(value) for value in values[-1:]} if not parse else set()
        assert resolution.client in (written or {parse_hop(peer)})
        assert (resolution.source in ("peer", "")) == (resolution.depth == 0)


@given(strategies, peers, requests, st.sampled_from([(), RANGES]))
def test_a_chain_of_one_answers_as_the_one(strategy, peer, headers, ranges):
    if strategy.startswith("chain"):
        return
    alone = make_policy(strategy, trusted=ranges).resolve(peer, headers)
    chained = make_policy(f"chain({strategy})", trusted=ranges).resolve(peer, headers)
    assert chained == alone if alone.client else chained.reason.code == "chain-exhausted"
