"""KNOWN_DIFFERENCES, the table of what a dialect knowingly answers otherwise than its program: it does."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.deviations import KNOWN_DIFFERENCES

BALANCER = "10.0.0.1:40000"
CLUSTER = ["10.0.0.0/8"]
PROGRAMS = {dialect.program for dialect in DIALECTS.values()}


def client(name, value, header="X-Forwarded-For", **arrival):
    argument = DIALECTS[name].argument.replace("{header}", header)
    resolve = DIALECTS[name].build(argument, CLUSTER)
    return resolve(Arrival(BALANCER, [(header, value)], **arrival)).client


@pytest.mark.parametrize("row", KNOWN_DIFFERENCES, ids=lambda row: f"{row[0]}: {row[1]}")
def test_every_row_names_a_program_and_says_why(row):
    program, difference, why = row
    assert program in PROGRAMS
    assert difference
    assert why.endswith(".")


# dialect, X-Forwarded-For by way of a trusted balancer -> client, where the program answers otherwise
ANSWERS = {
    ("apache-internal", "example.com"): "10.0.0.1",
    ("apache-internal", "fe80::7%lo"): "10.0.0.1",
    ("envoy-cidrs", "fe80::7%lo"): "10.0.0.1",
    ("rack-ip", "a" * 257): None,
}


@pytest.mark.parametrize(("asked", "expected"), ANSWERS.items(), ids=lambda value: str(value)[:40])
def test_answer(asked, expected):
    assert client(*asked) == expected


def test_proxy_unknown_is_no_proxy_header_to_ingress_nginx():
    resolve = DIALECTS["ingress-nginx"].build("use-proxy-protocol=true", CLUSTER)
    assert "no PROXY header" in resolve(Arrival(BALANCER, [], proxied=None)).error


@pytest.mark.parametrize(
    ("name", "argument", "trusted"),
    [
        ("apache-internal", "X-Forwarded-For", ["10.0.0.0/255.0.255.0"]),
        ("haproxy-hdr-ip", "-1:", CLUSTER),
        ("haproxy-hdr-ip", f"{1 << 31}:X-Forwarded-For", CLUSTER),
        ("nginx-recursive-on", "X-Forwarded-For", ["proxy.example.com"]),
    ],
)
def test_what_the_program_takes_and_we_refuse(name, argument, trusted):
    with pytest.raises(ConfigFault) as caught:
        DIALECTS[name].build(argument, trusted)
    assert caught.value.next_step
