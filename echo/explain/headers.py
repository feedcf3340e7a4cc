"""
What headers tell beside who the client is: pure functions on the values of a request's headers.

All of it is the client's to write. It is compared with what the chain says, and marked as forgeable where it is shown.
"""

from collections.abc import Mapping, Sequence

from echo.clientip import Address, Policy, Resolution, parse_hop
from echo.clientip.network import EVERYBODY
from echo.clientip.ranges import Ranges
from echo.clientip.resolve import Headers, from_right
from echo.clientip.strategies import FORWARDED, XFF
from echo.explain.facts import (
    AGENT_BALANCER,
    AGENT_KUBELET,
    ORIGINAL_SAME,
    ORIGINAL_THERE,
    REAL_IP_LEFT,
    REAL_IP_OTHER,
)

HOST, AGENT = "host", "user-agent"
REAL_IP = "x-real-ip"
ORIGINAL = "x-original-forwarded-for"  # ingress-nginx: the header as it arrived there
# headers that may name a client beside the one that is read
SINGLE = (REAL_IP, "cf-connecting-ip", "true-client-ip", "x-client-ip", FORWARDED, XFF)
EVIDENCE_HEADERS = (HOST, AGENT, ORIGINAL, *SINGLE)
TELLING = (ORIGINAL, REAL_IP, XFF)  # of these, what a client that a header named is compared with each time
# beginnings of user agents: kubelet's prober, and those of clouds' balancers
AGENTS = (
    ("kube-probe/", AGENT_KUBELET),
    ("ELB-HealthChecker/", AGENT_BALANCER),
    ("GoogleHC/", AGENT_BALANCER),
    ("clb-healthcheck", AGENT_BALANCER),
    ("Envoy/HC", AGENT_BALANCER),
)
MAX_TOLD_ENTRIES = 64  # of a list that are compared with X-Real-IP: more proxies than any chain has


def told_header(policy: Policy, resolution: Resolution) -> str:
    """Return the header that an explanation is about: the one that named the client, or that should have."""
    return resolution.source if resolution.source in policy.headers else policy.header


def agent_of(headers: Headers) -> str:
    """Return what kind of prober the user agent says it is, "" for none."""
    text = first(headers, AGENT)
    return next((kind for start, kind in AGENTS if text.startswith(start)), "")


def single_header(headers: Headers, policy: Policy) -> str:
    """Return the name of a header that names a client beside those that are read; "" if there is none."""
    for name in SINGLE:
        values = headers.get(name, ()) if name not in policy.headers else ()
        if values and (name == FORWARDED or last(values) is not None):
            return name
    return ""


def real_ip_beside(real_ip: Sequence[str], peer: Address | None, values: Sequence[str], resolution: Resolution) -> str:
    """Return what X-Real-IP says beside the chain: REAL_IP_LEFT, REAL_IP_OTHER, "" for nothing else."""
    text = real_ip[-1]
    # the way of nearly every request: the proxy wrote the same into both
    if len(values) == 1 and resolution.depth == values[0].count(",") + 1 and values[0].partition(",")[0] == text:
        return ""
    address = last(real_ip)
    if address is None or address in (resolution.client, peer):
        return ""
    for depth, entry in enumerate(from_right(values), 1):
        if depth > MAX_TOLD_ENTRIES:
            break
        if parse_hop(entry) == address:
            return REAL_IP_LEFT if depth > resolution.depth else ""
    return REAL_IP_OTHER


def original_beside(
    original: Sequence[str], client: Address | None, values: Sequence[str], resolution: Resolution
) -> str:
    """Return what X-Original-Forwarded-For says beside the chain: ORIGINAL_SAME or ORIGINAL_THERE."""
    if client is None or resolution.depth != 1 or count(values) != 1:
        return ORIGINAL_THERE
    entries = (entry for _, entry in zip(range(MAX_TOLD_ENTRIES), from_right(original), strict=False))
    return ORIGINAL_SAME if any(parse_hop(entry) == client for entry in entries) else ORIGINAL_THERE


def ingress_asks(keys: Mapping[str, str]) -> bool:
    """Return whether ingress-nginx's ConfigMap has it ask who sends X-Forwarded-For, or believe nobody's."""
    if not keys:
        return False
    believes = "true" in (keys.get("use-forwarded-headers"), keys.get("enable-real-ip"))
    ranges = [text.strip() for text in keys.get("proxy-real-ip-cidr", EVERYBODY[0]).split(",")]
    return not believes or not any(text in EVERYBODY for text in ranges)


def is_passed_over(values: Sequence[str], resolution: Resolution, trusted: Ranges) -> bool:
    """Return whether an entry nearer than the boundary is an address in no trusted range."""
    for depth, entry in enumerate(from_right(values), 1):
        if depth >= min(resolution.depth, MAX_TOLD_ENTRIES):
            return False
        address = parse_hop(entry)
        if address is not None and address.packed not in trusted:
            return True
    return False


def rightmost_untrusted(values: Sequence[str], trusted: Ranges) -> Address | None:
    """Return the rightmost entry in no trusted range; None if there is none, or if something else stands there."""
    for depth, entry in enumerate(from_right(values), 1):
        address = parse_hop(entry)
        if address is None or depth > MAX_TOLD_ENTRIES:
            return None
        if address.packed not in trusted:
            return address
    return None


def right_of_boundary(values: Sequence[str], resolution: Resolution) -> Address | None:
    """Return the entry that was written after the boundary's; None if the peer itself wrote that one."""
    for depth, entry in enumerate(from_right(values), 1):
        if depth == resolution.depth - 1:
            return parse_hop(entry)
    return None


def count(values: Sequence[str]) -> int:
    """Return how many entries the fields of a list have."""
    return sum([value.count(",") + 1 for value in values])


def last(values: Sequence[str]) -> Address | None:
    """Return the address of the last entry."""
    return parse_hop(values[-1].rpartition(",")[2])


def leftmost(values: Sequence[str]) -> Address | None:
    """Return the address of the first entry."""
    return parse_hop(values[0].partition(",")[0]) if values else None


def first(headers: Headers, name: str) -> str:
    """Return the first field of a name, "" without one."""
    values = headers.get(name, ())
    return values[0] if values else ""
