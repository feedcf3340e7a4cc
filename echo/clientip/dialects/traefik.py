"""
Traefik: ipStrategy of its middlewares, and forwardedHeaders of its entry points.

Rules, confirmed on 3.7.15 through the corpus (pkg/ip/strategy.go, pkg/ip/checker.go,
pkg/middlewares/forwardedheaders/forwarded_header.go):

* depth: the N-th entry from the right of the first X-Forwarded-For field, whatever text it is; none if there are fewer.
* excludedIPs: the rightmost entry of that field that is not excluded, empty ones skipped, whatever text it is. An entry
  with a port is no address, hence never excluded. The peer is not looked at.
* Neither: the peer without its port, or as it is.
* forwardedHeaders.trustedIPs: of a peer outside it the forwarding headers are deleted; X-Real-Ip is the peer where it
  did not come from a trusted one.
* A mapped address is IPv4 to the checker, and its zone is dropped.
"""

from collections.abc import Sequence

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.golang import SPACE, make_ranges, parse_zoned, positive, split_host_port
from echo.clientip.faults import ConfigFault
from echo.clientip.headers import fields
from echo.clientip.ranges import Ranges

VERSION = "Traefik 3.7.15"
XFF = "X-Forwarded-For"
# how the corpus calls what the entry point hands on
BEFORE_APPENDING = "X-Forwarded-For (before the proxy appends the peer)"


def first_field(arrival: Arrival) -> list[str]:
    """Return the entries of the first X-Forwarded-For field, trimmed; one empty entry where there is none."""
    return [part.strip(SPACE) for part in (fields(arrival.headers, XFF) or [""])[0].split(",")]


def contains(text: str, ranges: Ranges) -> bool:
    """Return whether the text is an address in the ranges."""
    address = parse_zoned(text)
    return address is not None and address.packed in ranges


def _peer(arrival: Arrival) -> str:
    text = arrival.proxied or arrival.peer or ""
    split = split_host_port(text)
    return split[0] if split else text


def _depth(argument: str, trusted: Sequence[str]) -> Resolver:  # depth asks nobody who the peer is
    depth = positive(argument, "ipStrategy.depth")

    def resolve(arrival: Arrival) -> Answer:
        entries = first_field(arrival)
        return Answer((entries[-depth] if len(entries) >= depth else "") or None)

    return resolve


def _excluded(argument: str, trusted: Sequence[str]) -> Resolver:  # takes none
    if not trusted:
        raise ConfigFault("ipStrategy.excludedIPs is empty", next_step="name the proxies to exclude")
    ranges = make_ranges(trusted, what="ipStrategy.excludedIPs")

    def resolve(arrival: Arrival) -> Answer:
        entries = reversed(first_field(arrival))
        return Answer(next((text for text in entries if text and not contains(text, ranges)), None))

    return resolve


def _remote(argument: str, trusted: Sequence[str]) -> Resolver:  # reads the peer alone
    return lambda arrival: Answer(_peer(arrival) or None)


def _forwarded(argument: str, trusted: Sequence[str]) -> Resolver:  # takes none
    ranges = make_ranges(trusted, what="forwardedHeaders.trustedIPs")

    def resolve(arrival: Arrival) -> Answer:
        split = split_host_port(arrival.proxied or arrival.peer or "")
        peer = [split[0]] if split else []  # without a port nothing is added
        believed = contains(_peer(arrival), ranges)
        lists = fields(arrival.headers, XFF) if believed else []
        real = (fields(arrival.headers, "X-Real-Ip") or [""])[0] if believed else ""
        sent = (
            (BEFORE_APPENDING, ", ".join(lists) or None),
            (XFF, ", ".join([*lists, *peer]) or None),
            ("X-Real-Ip", real or (peer[0].partition("%")[0] if peer else None)),
        )
        return Answer(None, sent=sent)

    return resolve


DIALECTS = (
    Dialect(
        name="traefik-depth",
        program="traefik",
        version=VERSION,
        meaning="ipStrategy.depth = N: the N-th entry from the right, whoever the peer is.",
        argument="1",
        build=_depth,
    ),
    Dialect(
        name="traefik-excluded",
        program="traefik",
        version=VERSION,
        meaning="ipStrategy.excludedIPs = the trusted ranges: from the right the first entry that is not excluded, "
        "whoever the peer is.",
        argument="",
        build=_excluded,
    ),
    Dialect(
        name="traefik-remote",
        program="traefik",
        version=VERSION,
        meaning="no ipStrategy: the peer.",
        argument="",
        build=_remote,
    ),
    Dialect(
        name="traefik-forwarded",
        program="traefik",
        version=VERSION,
        meaning="forwardedHeaders.trustedIPs = the trusted ranges: what an entry point hands on to the middlewares.",
        argument="",
        build=_forwarded,
        decides=False,
    ),
)
