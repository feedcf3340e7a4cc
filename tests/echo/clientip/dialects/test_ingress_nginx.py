"""ingress-nginx: a ConfigMap's answer, and what the backend is told; compared with its directives in nginx 1.22.1."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.ingress_nginx import DEFAULTS

DIALECT = DIALECTS["ingress-nginx"]
BALANCER = "100.64.0.5:40000"
POOL = ["100.64.0.0/10"]
CLIENT = "203.0.113.7:40000"
FORGED = [("X-Forwarded-For", "1.2.3.4, 203.0.113.7")]
ARTICLE = "use-forwarded-headers=true,compute-full-forwarded-for=true,forwarded-for-header=X-Forwarded-For"
BOTH = "use-proxy-protocol=true,use-forwarded-headers=true"


def ask(argument, headers, peer=BALANCER, trusted=POOL, proxied=None):
    """Return the answer, and what is sent as X-Real-IP, X-Forwarded-For, X-Original-Forwarded-For."""
    answer = DIALECT.build(argument, trusted)(Arrival(peer, headers, proxied))
    sent = dict(answer.sent)
    return answer.client, *map(sent.get, ("X-Real-IP", "X-Forwarded-For", "X-Original-Forwarded-For"))


# keys, proxy-real-ip-cidr -> client, X-Forwarded-For, of a balancer's request whose client forged an entry
KEYS = {
    # realistic
    ("", ()): ("100.64.0.5", "100.64.0.5"),
    ("compute-full-forwarded-for=true", ()): ("100.64.0.5", "100.64.0.5"),
    ("use-forwarded-headers=true", ()): ("1.2.3.4", "1.2.3.4"),
    ("use-forwarded-headers=true", ("100.64.0.0/10",)): ("203.0.113.7", "203.0.113.7"),
    ("enable-real-ip=true", ("100.64.0.0/10",)): ("203.0.113.7", "203.0.113.7"),
    (ARTICLE, ()): ("1.2.3.4", "1.2.3.4, 203.0.113.7, 100.64.0.5"),
    (ARTICLE, ("100.64.0.0/10",)): ("203.0.113.7", "1.2.3.4, 203.0.113.7, 100.64.0.5"),
    ("enable-real-ip=true,compute-full-forwarded-for=true", ("100.64.0.0/10",)): ("203.0.113.7", "203.0.113.7"),
    # synthetic
    ("use-forwarded-headers=T,proxy-real-ip-cidr=10.0.0.0/8, 100.64.0.0/10", ()): ("203.0.113.7", "203.0.113.7"),
    ("proxy-real-ip-cidr=10.0.0.0/8,use-forwarded-headers=1", ("0.0.0.0/0",)): ("100.64.0.5", "100.64.0.5"),
    ("use-forwarded-headers=true,proxy-real-ip-cidr=", ()): ("100.64.0.5", "100.64.0.5"),
}

# keys, PROXY source, X-Forwarded-For -> client, X-Forwarded-For sent
PROXIED = {
    # realistic
    ("use-proxy-protocol=true", "203.0.113.7:40000", "1.2.3.4"): ("203.0.113.7", "203.0.113.7"),
    (BOTH, "203.0.113.7:40000", "1.2.3.4"): ("203.0.113.7", "203.0.113.7"),
    (BOTH, "100.64.0.77:40000", "203.0.113.7"): ("203.0.113.7", "203.0.113.7"),
    (BOTH, "100.64.0.77:40000", None): ("100.64.0.5", "100.64.0.5"),
    (f"{BOTH},compute-full-forwarded-for=1", "203.0.113.7:40000", "1.2.3.4"): ("203.0.113.7", "1.2.3.4, 203.0.113.7"),
    # synthetic
    (BOTH, "[2001:db8::7]:40000", "1.2.3.4"): ("2001:db8::7", "2001:db8::7"),
    (BOTH, "255.255.255.255:1", "1.2.3.4"): ("100.64.0.5", "100.64.0.5"),
}
REFUSED = ("use-forwarded-header=true", "true", ",", "use-forwarded-headers", "use-forwarded-headers=true,true", "\0")


@pytest.mark.parametrize(("keys", "answer"), KEYS.items(), ids=repr)
def test_the_keys(keys, answer):
    argument, trusted = keys
    client, sent = answer
    assert ask(argument, FORGED, trusted=trusted) == (client, client, sent, "1.2.3.4, 203.0.113.7")


@pytest.mark.parametrize(("asked", "answer"), PROXIED.items(), ids=repr)
def test_a_proxy_header_from_the_balancer(asked, answer):
    argument, proxied, value = asked
    client, sent = answer
    headers = [("X-Forwarded-For", value)] if value else []
    assert ask(argument, headers, proxied=proxied) == (client, client, sent, value)


def test_with_both_protocols_and_the_default_range_a_client_behind_proxy_alone_is_lost():
    assert ask(BOTH, [], trusted=[], proxied=CLIENT)[0] == "100.64.0.5"


def test_with_both_protocols_a_client_that_sends_the_carrier_is_believed():
    carrier = [("X-Forwarded-For-Proxy-Protocol", "1.2.3.4")]
    assert ask(BOTH, carrier, proxied=CLIENT)[0] == "1.2.3.4"
    assert ask(f"{BOTH},forwarded-for-proxy-protocol-header=X-Mine", carrier, proxied=CLIENT)[0] == "203.0.113.7"


def test_a_stranger_who_speaks_proxy_gets_its_address_into_the_full_header_only():
    keys = f"{BOTH},compute-full-forwarded-for=true"
    told = ask(keys, [], peer="198.51.100.9:40000", proxied=CLIENT)
    assert told == ("198.51.100.9", "198.51.100.9", "203.0.113.7", None)


def test_with_use_proxy_protocol_a_connection_without_it_is_dropped():
    answer = DIALECT.build("use-proxy-protocol=true", POOL)(Arrival(BALANCER, FORGED))
    assert answer.client is None
    assert "no PROXY header" in answer.error


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ([("X-Real-Client", "203.0.113.7")], ("203.0.113.7", "203.0.113.7", "100.64.0.5", "203.0.113.7")),
        ([("X-Real-Client", "1.2.3.4"), ("X-Real-Client", "9.9.9.9")], ("1.2.3.4", "1.2.3.4", "100.64.0.5", "1.2.3.4")),
        ([("X-Forwarded-For", "9.9.9.9")], ("100.64.0.5", "100.64.0.5", "9.9.9.9, 100.64.0.5", None)),
        ([("X_Real_Client", "9.9.9.9")], ("100.64.0.5", "100.64.0.5", "100.64.0.5", None)),
    ],
)
def test_forwarded_for_header_renames_what_is_read_but_not_what_is_appended_to(headers, told):
    keys = "use-forwarded-headers=true,compute-full-forwarded-for=true,forwarded-for-header=X-Real-Client"
    assert ask(keys, headers) == told


def test_fields_are_joined_and_only_with_this_spelling_all_are_read():
    fields = [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "203.0.113.7")]
    assert ask("enable-real-ip=true", fields)[::3] == ("203.0.113.7", "1.2.3.4, 203.0.113.7")
    lower = "enable-real-ip=true,forwarded-for-header=x_forwarded-for"
    assert ask(lower, fields)[::3] == ("100.64.0.5", "1.2.3.4, 203.0.113.7")


def test_the_default_range_holds_no_ipv6_peer():
    assert ask(DIALECT.argument, FORGED, peer="[2001:db8::5]:40000", trusted=[])[0] == "2001:db8::5"


@pytest.mark.parametrize(("keys", "port"), [("use-forwarded-headers=true", "8443"), ("enable-real-ip=true", None)])
def test_a_port_that_came_in_is_passed_on_only_with_use_forwarded_headers(keys, port):
    answer = DIALECT.build(keys, POOL)(Arrival(BALANCER, [("X-Forwarded-Port", "8443")]))
    assert dict(answer.sent).get("X-Forwarded-Port") == port


def test_a_unix_peer_has_no_address_but_a_name():
    assert ask("", [], peer="unix:") == (None, "unix:", "unix:", None)


@pytest.mark.parametrize("argument", REFUSED, ids=repr)
def test_an_unknown_key_is_refused_and_the_known_ones_named(argument):
    with pytest.raises(ConfigFault) as caught:
        DIALECT.build(argument, POOL)
    assert all(key in str(caught.value) for key in DEFAULTS)


@pytest.mark.parametrize("argument", ["enable-real-ip=yes", "use-forwarded-headers=", "use-proxy-protocol=TrUe"])
def test_a_value_that_is_neither_true_nor_false_is_refused(argument):
    with pytest.raises(ConfigFault, match="write true or false"):
        DIALECT.build(argument, POOL)


def test_a_range_that_nginx_refuses_is_refused():
    with pytest.raises(ConfigFault, match="set_real_ip_from"):
        DIALECT.build("use-forwarded-headers=true,proxy-real-ip-cidr=lb.example", [])


@given(st.text() | st.text("=,tru-eo"))
def test_any_argument_is_taken_or_refused(argument):
    with suppress(ConfigFault):
        assert callable(DIALECT.build(argument, []))


@given(
    st.lists(st.tuples(st.sampled_from(["X-Forwarded-For", "x_forwarded_for", "X-F"]), st.text()), max_size=4),
    st.none() | st.text() | st.just(CLIENT),
    st.sampled_from(["", ARTICLE, BOTH, "use-proxy-protocol=true"]),
)
def test_nothing_is_raised_and_the_client_is_what_the_backend_is_told(headers, proxied, argument):
    client, real_ip, _, _ = ask(argument, headers, proxied=proxied)
    assert client == real_ip
