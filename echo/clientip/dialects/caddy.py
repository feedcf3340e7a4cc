"""
Caddy: trusted_proxies, client_ip_headers, trusted_proxies_strict (modules/caddyhttp/server.go).

Rules, confirmed on 2.11.7 through the corpus:

* The peer's zone is dropped. A peer that is no trusted proxy is the client; so is one without trusted_proxies.
* Otherwise, all values of all headers joined: the leftmost entry that is an address. It is the client's own to write.
* Strict: header by header in their order, the rightmost address that is in no trusted range. What is no address is
  skipped: what stands left of it is taken, which its writer's client may have chosen.
* An entry may have a port; brackets only with one, and with no blank before them, since the port is cut off before
  blanks are. Its zone is dropped. A mapped address is in no IPv4 range.
* A UNIX socket is a trusted proxy with trusted_proxies_unix; by itself it prints as @.
"""

from collections.abc import Sequence

from echo.clientip.address import V4_PREFIX
from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.golang import SPACE, Addr, Prefixes, parse_addr, split_host_port
from echo.clientip.headers import fields

VERSION = "Caddy 2.11.7"
UNIX = "unix:"  # in a trust list: trusted_proxies_unix
SOCKET = "@"  # RemoteAddr of a UNIX socket


def entry(text: str) -> Addr | None:
    """Return the address of one entry."""
    split = split_host_port(text)
    return parse_addr((split[0] if split else text).strip(SPACE).partition("%")[0])


def leftmost(arrival: Arrival, names: Sequence[str]) -> Addr | None:
    """Return the first address of all headers."""
    joined = ",".join(value for name in names for value in fields(arrival.headers, name))
    return next((address for part in joined.split(",") if (address := entry(part)) is not None), None)


def strict(arrival: Arrival, names: Sequence[str], trusted: Prefixes) -> Addr | None:
    """Return the rightmost address outside the ranges, of the first header that has one."""
    for name in names:
        for part in reversed(",".join(fields(arrival.headers, name)).split(",")):
            address = entry(part)
            if address is not None and address not in trusted:
                return address
    return None


def _build(argument: str, trusted: Sequence[str], *, is_strict: bool) -> Resolver:
    names = argument.split(",")
    ranges = Prefixes([text for text in trusted if text != UNIX], what="trusted_proxies")
    unix = UNIX in trusted

    def resolve(arrival: Arrival) -> Answer:
        peer = _peer(arrival)
        if peer is None and not (unix and arrival.peer == SOCKET):
            return Answer(None)
        if peer is not None and peer not in ranges:
            return Answer(str(peer))
        found = strict(arrival, names, ranges) if is_strict else leftmost(arrival, names)
        return Answer(str(found or peer or SOCKET))

    return resolve


def _peer(arrival: Arrival) -> Addr | None:
    split = split_host_port(arrival.proxied or arrival.peer or "")
    address = parse_addr(split[0].partition("%")[0]) if split else None
    # the socket's own address comes from net.IP, which prints a mapped one as IPv4
    return address._replace(six=False) if address and address.packed.startswith(V4_PREFIX) else address


DIALECTS = (
    Dialect(
        name="caddy-leftmost",
        program="caddy",
        version=VERSION,
        meaning="trusted_proxies = the trusted ranges: of a trusted one the leftmost address, the client's own.",
        argument="{header}",
        build=lambda argument, trusted: _build(argument, trusted, is_strict=False),
    ),
    Dialect(
        name="caddy-strict",
        program="caddy",
        version=VERSION,
        meaning="trusted_proxies = the trusted ranges, trusted_proxies_strict: from the right the first address that "
        "is not trusted; garbage is skipped.",
        argument="{header}",
        build=lambda argument, trusted: _build(argument, trusted, is_strict=True),
    ),
)
