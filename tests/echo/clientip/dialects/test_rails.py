"""Rails: ActionDispatch::RemoteIp. Rails 2a2db1e on Ruby 3.1 gave the same answers."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Arrival

BALANCER, STRANGER = "10.0.0.1:40000", "198.51.100.9:40000"
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]
XFF, CLIENT_IP = "X-Forwarded-For", "Client-Ip"


def answer(*headers, peer=BALANCER, trusted=CLUSTER, argument=""):
    return DIALECTS["rails-remote-ip"].build(argument, trusted)(Arrival(peer, list(headers)))


# X-Forwarded-For by way of a trusted balancer -> client
LISTS = {
    # realistic
    (): "10.0.0.1",
    ("203.0.113.7",): "203.0.113.7",
    ("1.2.3.4, 203.0.113.7",): "203.0.113.7",
    ("203.0.113.7, 10.0.0.2",): "203.0.113.7",
    ("10.0.0.3, 10.0.0.2",): "10.0.0.3",
    ("1.2.3.4", "203.0.113.7"): "203.0.113.7",
    ("203.0.113.7:51234",): "203.0.113.7",
    ("[2001:db8:20::7]:443",): "2001:db8:20::7",
    ("fe80::7%eth0",): "fe80::7%eth0",
    # what is no address is passed over: whoever wrote what stands left of it is believed
    ("unknown",): "10.0.0.1",
    ("203.0.113.7, unknown",): "203.0.113.7",
    ("203.0.113.7, 203.0.113.008",): "203.0.113.7",
    ("203.0.113.7/32",): "10.0.0.1",
    ("fe80::7%eth.0",): "10.0.0.1",
    ("::2:3:4:5:6:1.2.3.4",): "10.0.0.1",
    # a mapped address is in no IPv4 range
    ("::ffff:10.0.0.2",): "::ffff:10.0.0.2",
}


@pytest.mark.parametrize(("fields", "expected"), LISTS.items(), ids=str)
def test_list(fields, expected):
    assert answer(*((XFF, field) for field in fields)).client == expected


def test_the_header_comes_before_the_socket_so_that_anybody_is_believed():
    assert answer((XFF, "203.0.113.7"), peer=STRANGER).client == "203.0.113.7"
    assert answer((CLIENT_IP, "203.0.113.7"), peer=STRANGER).client == "203.0.113.7"
    assert answer((XFF, "203.0.113.7"), peer="@").client == "203.0.113.7"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("203.0.113.7/32", "203.0.113.7/32"),
        ("203.0.113.7/255.255.255.255", "203.0.113.7/255.255.255.255"),
        ("203.0.113.7/24", "10.0.0.1"),
        ("203.0.113.7 garbage", "203.0.113.7"),
        ("203.0.113.7:80", "10.0.0.1"),
    ],
)
def test_client_ip_is_text_for_ipaddr(field, expected):
    assert answer((CLIENT_IP, field)).client == expected


def test_two_headers_that_disagree_are_an_attack():
    headers = ((XFF, "203.0.113.7"), (CLIENT_IP, "1.2.3.4"))
    assert answer(*headers).error
    assert answer(*headers, argument="nocheck").client == "203.0.113.7"
    assert answer((XFF, "1.2.3.4, 203.0.113.7"), (CLIENT_IP, "1.2.3.4")).client == "203.0.113.7"
    assert answer((XFF, "203.0.113.7"), (CLIENT_IP, "garbage")).client == "203.0.113.7"


@pytest.mark.parametrize(("argument", "trusted"), [("check", CLUSTER), ("", ["10.0.0.0/33"])])
def test_wrong_settings_are_faults(argument, trusted):
    with pytest.raises(ConfigFault) as caught:
        answer(argument=argument, trusted=trusted)
    assert caught.value.next_step
