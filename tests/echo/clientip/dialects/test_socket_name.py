"""The other end of the socket as text."""

import pytest

from echo.clientip.dialects import Arrival
from echo.clientip.dialects.socket_name import host_and_port


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("203.0.113.7:51234", ("203.0.113.7", "51234")),
        ("[2001:db8::7]:51234", ("2001:db8::7", "51234")),
        ("[fe80::7%eth0]:1", ("fe80::7%eth0", "1")),
        ("203.0.113.7", ("203.0.113.7", "")),
        ("2001:db8::7", ("2001:db8::7", "")),
        ("@", ("", "")),
        ("unix:/run/app.sock", ("", "")),
        ("", ("", "")),
        (None, ("", "")),
    ],
)
def test_peer(peer, expected):
    assert host_and_port(Arrival(peer, [])) == expected


def test_the_source_of_a_proxy_header_takes_the_sockets_place():
    assert host_and_port(Arrival("10.0.0.1:80", [], proxied="203.0.113.7:1")) == ("203.0.113.7", "1")
