"""
uvicorn: --proxy-headers with --forwarded-allow-ips (uvicorn/middleware/proxy_headers.py).

Rules, confirmed on 0.54.0:

* A peer that is not trusted is the client, and so is one that sent nothing usable.
* All X-Forwarded-For fields joined: from the right, the first entry that is not trusted, or the leftmost. `*` trusts
  everybody, so the leftmost wins.
* An entry is text. Its port is split off where int() takes it (so `+80` and `8_0`), brackets whatever stands behind
  their colon; the port is 0 where there is none. What is no address is trusted only where the list has the same text.
  An empty entry ends the walk and leaves the peer.
* Addresses are the standard library's: a mapped one is IPv6, and in no IPv4 network; a zone tells single addresses
  apart, and does not matter to networks.
* A list entry that is neither address nor network is a literal, without a word: so is a network with host bits set,
  and `*` among others.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.socket_name import host_and_port
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields

VERSION = "uvicorn 0.54.0"
EVERYBODY = "*"
XFF = "X-Forwarded-For"
MAX_PORT_CHARS = 4300  # what int() refuses to read by default, since its time is quadratic in the digits


class TrustList:
    """A compiled --forwarded-allow-ips. `host in trusted` tells whether the text is; `*` takes the empty one."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self.everybody = list(trusted) == [EVERYBODY]
        self.literals: set[str] = set()
        self.addresses: set[IPv4Address | IPv6Address] = set()
        self.networks: list[IPv4Network | IPv6Network] = []
        for text in trusted:
            try:
                if "/" in text:
                    self.networks.append(ip_network(text))
                else:
                    self.addresses.add(ip_address(text))
            except ValueError:
                self.literals.add(text)

    def __contains__(self, host: str) -> bool:
        if self.everybody or not host:
            return self.everybody
        try:
            address = ip_address(host)
        except ValueError:
            return host in self.literals
        return address in self.addresses or any(address in network for network in self.networks)


def split_entry(text: str) -> tuple[str, int]:
    """Return host and port of an entry, 0 without one."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            return text, 0
        return host, _number(rest[1:]) or 0
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        number = _number(port)
        return (text, 0) if number is None else (host, number)
    return text, 0


def _number(text: str) -> int | None:
    try:
        return int(text) if len(text) <= MAX_PORT_CHARS else None
    except ValueError:
        return None


def _build(argument: str, trusted: Sequence[str]) -> Resolver:
    if argument:
        raise ConfigFault(f"--forwarded-allow-ips takes no argument, not {quote(argument)}", next_step="leave it out")
    trust = TrustList(trusted)

    def resolve(arrival: Arrival) -> Answer:
        peer, port_text = host_and_port(arrival)
        own = Answer(peer or None, port=_number(port_text))
        lists = fields(arrival.headers, XFF)
        if peer not in trust or not lists:
            return own
        entries = [split_entry(entry.strip()) for entry in ", ".join(lists).split(",")]
        if trust.everybody:
            host, port = entries[0]
        else:
            host, port = next((entry for entry in reversed(entries) if entry[0] not in trust), entries[0])
        return Answer(host, port=port) if host else own

    return resolve


DIALECTS = (
    Dialect(
        name="uvicorn",
        program="uvicorn",
        version=VERSION,
        meaning="--forwarded-allow-ips = the trusted ranges: believes the first entry from the right that is not "
        "trusted, else the leftmost, if the peer is trusted.",
        argument="",
        build=_build,
    ),
)
