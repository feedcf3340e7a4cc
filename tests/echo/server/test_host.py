"""The machine's name and addresses."""

import socket

from echo import host as host_module
from echo.clientip import parse_address
from echo.host import Host, interface_addresses


def test_interfaces():
    """Every address is canonical text; loopback, the first interface, comes first."""
    addresses = interface_addresses()
    assert addresses[0] == "127.0.0.1"
    assert [str(parse_address(address)) for address in addresses] == list(addresses)


def test_host_is_read_once_a_second(monkeypatch):
    """The host is asked again only when the last answer is old."""
    now, asked = [100.0], []
    monkeypatch.setattr(host_module, "interface_addresses", lambda: asked.append(1) or ("192.0.2.9",))
    host = Host(clock=lambda: now[0])
    assert host.lines() == host.lines() == f"Hostname: {socket.gethostname()}\nIP: 192.0.2.9\n".encode()
    assert len(asked) == 1
    now[0] += 1.1
    host.lines()
    assert len(asked) == 2
