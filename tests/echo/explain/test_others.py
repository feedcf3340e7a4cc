"""What other programs would say beside us, and which of them an outsider could steer."""

import json

import pytest
from click.testing import CliRunner

from echo.clientip import make_policy
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain.command import explain
from echo.explain.others import ask

RANGES = ["10.0.0.0/8"]
BALANCER = "10.0.0.1:40000"
XFF = "X-Forwarded-For"


def answers(names, headers, peer=BALANCER, strategy=None, ranges=RANGES):
    policy = make_policy(strategy, trusted=ranges)
    read = {name: [value for key, value in headers if key.lower() == name] for name in policy.headers}
    resolution = policy.resolve(peer, read)
    return ask(parse_names(names, DIALECTS), Arrival(peer, headers), policy, resolution, XFF)


# dialect, headers of a request through the balancer -> client, agrees, an outsider could have chosen it
STEERED = {
    # an honest request: only those that believe what a client can write are marked
    ("nginx-recursive-on", ((XFF, "203.0.113.7"),)): ("203.0.113.7", True, False),
    ("caddy-strict", ((XFF, "203.0.113.7"),)): ("203.0.113.7", True, False),
    ("caddy-leftmost", ((XFF, "203.0.113.7"),)): ("203.0.113.7", True, True),
    ("proxy-addr", ((XFF, "203.0.113.7"),)): ("203.0.113.7", True, False),
    ("rails-remote-ip", ((XFF, "203.0.113.7"),)): ("203.0.113.7", True, True),
    ("envoy-hops:2:edge", ((XFF, "203.0.113.7"),)): ("10.0.0.1", False, True),
    ("gin", ((XFF, "203.0.113.7"),)): ("203.0.113.7", True, False),
    # a forged entry in front
    ("uvicorn", ((XFF, "1.2.3.4, 203.0.113.7"),)): ("203.0.113.7", True, False),
    ("caddy-leftmost", ((XFF, "1.2.3.4, 203.0.113.7"),)): ("1.2.3.4", False, True),
    ("werkzeug-count:2", ((XFF, "1.2.3.4, 203.0.113.7"),)): ("1.2.3.4", False, True),
    # a header of one address that nothing shows to be overwritten
    ("nginx-recursive-on:X-Real-IP", ((XFF, "203.0.113.7"), ("X-Real-IP", "203.0.113.7"))): ("203.0.113.7", True, True),
}


@pytest.mark.parametrize(("asked", "expected"), STEERED.items(), ids=str)
def test_other(asked, expected):
    name, headers = asked
    (other,) = answers(name, headers)
    assert (other.client, other.agrees, bool(other.steered)) == expected


def test_whoever_connects_past_the_proxies_steers_those_that_ask_nothing_of_the_peer():
    others = {other.name: other for other in answers("all", ((XFF, "203.0.113.7"),), peer="198.51.100.9:1")}
    assert others["nginx-recursive-on:X-Forwarded-For"].client == "198.51.100.9"
    assert not others["nginx-recursive-on:X-Forwarded-For"].steered
    assert others["traefik-depth:1"].steered == "an entry of its own in X-Forwarded-For"
    assert others["envoy-hops:1:edge"].steered


def test_all_dialects_answer_every_request_we_can_think_of():
    for headers in ((), ((XFF, ""),), ((XFF, ",,"),), (("Forwarded", 'for="'),), ((XFF, "10.0.0.2"),)):
        for peer in (BALANCER, "@", None):
            assert len(answers("all", headers, peer)) == len(DIALECTS)


def test_a_dialect_that_cannot_be_configured_so_says_why():
    (other,) = answers("traefik-excluded", (), ranges=[], strategy="remote-addr")
    assert "excludedIPs is empty" in other.refused
    assert not other.agrees


# --- whofrom explain --------------------------------------------------------------------------------------------------


def run(*arguments):
    return CliRunner().invoke(explain, list(arguments))


def test_the_command_tells_what_the_server_would():
    result = run("--peer", "10.0.0.1", "-H", "X-Forwarded-For: 1.2.3.4, 203.0.113.7", "--trust", RANGES[0])
    assert result.exit_code == 0
    assert result.output.startswith("Client:  203.0.113.7, an address reserved for examples\n")
    assert "Asked" not in result.output
    assert "Other programs" not in result.output


def test_the_command_asks_other_programs():
    result = run(
        "--peer", "10.0.0.1", "-H", f"{XFF}: 1.2.3.4, 8.8.8.8", "--trust", RANGES[0], "--as", "caddy", "-o", "json"
    )
    document = json.loads(result.output)
    assert [(other["dialect"], other["client"], other["agrees"]) for other in document["others"]] == [
        ("caddy-leftmost:X-Forwarded-For", "1.2.3.4", False),
        ("caddy-strict:X-Forwarded-For", "8.8.8.8", True),
    ]
    text = run("--peer", "10.0.0.1", "-H", f"{XFF}: 1.2.3.4, 8.8.8.8", "--trust", RANGES[0], "--as", "caddy").output
    assert "  caddy-strict:X-Forwarded-For              8.8.8.8\n" in text
    assert "  caddy-leftmost:X-Forwarded-For            1.2.3.4  [differs, steerable]\n" in text


def test_a_dialect_that_only_hands_on_says_what():
    (other,) = answers("haproxy-forwardfor-except", ((XFF, "203.0.113.7"),), peer="198.51.100.9:1")
    assert (other.client, other.sends, other.agrees) == (None, ((XFF, "198.51.100.9"),), True)
    text = run("--peer", "198.51.100.9", "--as", "haproxy-forwardfor-except").output
    assert "      decides nothing, sends X-Forwarded-For: 198.51.100.9\n" in text
    (other,) = answers("haproxy-forwardfor-except", (), peer=BALANCER)
    assert (other.sends, other.agrees) == ((), True)


def test_a_peer_by_proxy_header():
    document = json.loads(run("--peer", "10.0.0.1", "--proxied", "203.0.113.7:1", "-o", "json").output)
    assert (document["client"]["ip"], document["client"]["source"]) == ("203.0.113.7", "proxied-peer")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--peer", "nonsense"], "--peer: 'nonsense' is no address"),
        (["--peer", "::1", "--proxied", "x"], "--proxied: 'x' is no address"),
        (["--peer", "::1", "-H", "no colon"], "--header: 'no colon' is no header field"),
        (["--peer", "::1", "-H", "A: b\r\nC: d"], "is no header field"),
        (["--peer", "::1", "--as", "iis"], "--as: 'iis' is no dialect; use all"),
    ],
)
def test_wrong_arguments_name_the_flag_and_the_next_step(arguments, complaint):
    result = run(*arguments)
    assert complaint in str(result.exception)
