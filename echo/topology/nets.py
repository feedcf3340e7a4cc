"""
Networks as values: parsed by the same rules as the TOML's ranges, joined, covered, cut.

An address is a network of one. IPv4-mapped IPv6 is IPv4, as everywhere in whofrom.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, summarize_address_range

from echo.clientip import ConfigFault, parse_address, parse_range
from echo.clientip.address import V4_PREFIX
from echo.clientip.ranges import V4_BITS_OFFSET

Net = IPv4Network | IPv6Network

# no cluster's block is wider; 0.0.0.0/0 as a pod range would make everybody a pod
WIDEST_BLOCK = {4: 8, 6: 20}
# the widest --service-cluster-ip-range that kube-apiserver takes: 20 bits of addresses
WIDEST_SERVICES = {4: 12, 6: 108}
# of a range that is inferred from pods' addresses: what clusters are made with
WIDEST_PODS = {4: 12, 6: 48}


def one(address: IPv4Address | IPv6Address) -> Net:
    """Return an address as a network of one."""
    return IPv4Network(address) if isinstance(address, IPv4Address) else IPv6Network(address)


def parse_net(text: str) -> Net | None:
    """Return the network that a CIDR or an address names, None if it is none."""
    try:
        first, last = parse_range(text)
    except ConfigFault:
        return None
    low, bits = int.from_bytes(first), 128 - (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
    if first.startswith(V4_PREFIX) and bits >= V4_BITS_OFFSET:
        return IPv4Network((low & 0xFFFFFFFF, bits - V4_BITS_OFFSET))
    return IPv6Network((low, bits))


def parse_host(text: str) -> Net | None:
    """Return an address as a network of one, None if the text is no address."""
    address = parse_address(text)
    return None if address is None else parse_net(str(address._replace(zone="")))


def parse_block(text: str) -> Net | None:
    """Return a network no wider than a cluster's may be, else None."""
    net = parse_net(text)
    return net if net is not None and net.prefixlen >= WIDEST_BLOCK[net.version] else None


def spelled(net: Net) -> str:
    """Return the network as whofrom.toml has it: an address without its length, but the one that names nobody."""
    alone = net.prefixlen == net.max_prefixlen and not net.network_address.is_unspecified
    return str(net.network_address) if alone else str(net)


def hosts(nets: Iterable[Net]) -> list[Net]:
    """Return networks once each, IPv4 first, in order."""
    return sorted(set(nets), key=_order)


def union(nets: Iterable[Net]) -> list[Net]:
    """Return the fewest networks that hold exactly what these hold."""
    four, six = split(nets)
    return [*collapse_addresses(four), *collapse_addresses(six)]


def split(nets: Iterable[Net]) -> tuple[list[IPv4Network], list[IPv6Network]]:
    """Return the networks of IPv4 and those of IPv6."""
    four: list[IPv4Network] = []
    six: list[IPv6Network] = []
    for net in nets:
        if isinstance(net, IPv4Network):
            four.append(net)
        else:
            six.append(net)
    return four, six


class Space:
    """A set of addresses: asked whether it holds a network, or meets one, in O(log n)."""

    def __init__(self, nets: Iterable[Net]) -> None:
        self._spans: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for net in union(nets):
            self._spans[net.version].append((int(net.network_address), int(net.broadcast_address)))
        self._firsts = {version: [first for first, _ in spans] for version, spans in self._spans.items()}

    def __contains__(self, net: Net) -> bool:
        last = self._last_before(net)
        return last is not None and int(net.broadcast_address) <= last

    def __bool__(self) -> bool:
        return any(self._spans.values())

    def meets(self, net: Net) -> bool:
        """Return whether any address is in both."""
        last = self._last_before(net)
        if last is not None and int(net.network_address) <= last:
            return True
        firsts = self._firsts[net.version]
        index = bisect_right(firsts, int(net.network_address))
        return index < len(firsts) and firsts[index] <= int(net.broadcast_address)

    def _last_before(self, net: Net) -> int | None:
        index = bisect_right(self._firsts[net.version], int(net.network_address)) - 1
        return self._spans[net.version][index][1] if index >= 0 else None


def cover(addresses: Iterable[Net], avoid: Space, widest: Mapping[int, int]) -> list[Net]:
    """
    Return few networks that hold the addresses: their common prefix, cut in two where it is wider than `widest` or
    meets what it must avoid. An address that must be avoided itself stays, alone.
    """
    found: list[Net] = []
    groups: list[Sequence[Net]] = [hosts(part) for part in split(addresses) if part]
    while groups:
        group = groups.pop()
        net = _common(group[0], group[-1])
        if len(group) == 1 or (net.prefixlen >= widest[net.version] and not avoid.meets(net)):
            found.append(net)
            continue
        middle = int(net.network_address) + (1 << (net.max_prefixlen - net.prefixlen - 1))
        lower = sum(int(address.network_address) < middle for address in group)
        groups += [group[:lower], group[lower:]]
    return hosts(found)


def without(net: Net, holes: Iterable[Net]) -> list[Net]:
    """Return the network less the holes."""
    gaps: list[tuple[int, int]] = []
    at, last = int(net.network_address), int(net.broadcast_address)
    for hole in union(hole for hole in holes if hole.version == net.version):
        first, end = int(hole.network_address), int(hole.broadcast_address)
        if first > last:
            break
        if at < first:
            gaps.append((at, first - 1))
        at = max(at, end + 1)
    if at <= last:
        gaps.append((at, last))
    address = IPv4Address if net.version == 4 else IPv6Address
    return [piece for low, high in gaps for piece in summarize_address_range(address(low), address(high))]


def _common(low: Net, high: Net) -> Net:
    first = int(low.network_address)
    bits = low.max_prefixlen - (first ^ int(high.broadcast_address)).bit_length()
    cut = first >> (low.max_prefixlen - bits) << (low.max_prefixlen - bits)
    return IPv4Network((cut, bits)) if low.version == 4 else IPv6Network((cut, bits))


def _order(net: Net) -> tuple[int, int, int]:
    return net.version, int(net.network_address), net.prefixlen
