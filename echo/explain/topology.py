"""
What an address means: what this machine knows of itself, what [network] of the TOML calls it, what an RFC says.

The answer carries the source of the knowledge, since a verdict is worth what it rests on.

1. What the operator called a proxy stays one, wherever it runs. Then this pod and its node (downward API, the kernel's
   interfaces and routes), then the other keys of [network], then lists of CDNs, then special-purpose ranges.
2. Of the ranges of [network] the narrowest that holds an address decides; the order of NETWORK_MEANINGS between equals.
3. A node's CNI bridge holds the first host address of the node's block of pod addresses (cbr0, 172.18.0.65 in
   172.18.0.64/26), some overlays the block's very first (flannel.1). It is known where [network] says how long a
   block's prefix is, or where this pod's own interface does; this pod's default gateway is its own node's bridge.
4. A pod with a lone address (/32) and no gateway among the pods has no bridge before it (VPC-CNI, Calico); then neither
   have the others of its range.
5. A range of nodes that is wider than a subnet is the network's: an address in it may be another machine's.
6. A gateway is a bridge for a pod or a container only: a machine's gateway is a router.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from echo.clientip import NAMED_RANGES, PUBLIC, Address, Config, Ranges, classify, parse_address, quote
from echo.clientip.address import V4_PREFIX
from echo.clientip.lists import PROVIDERS, provider_list
from echo.clientip.ranges import parse_range

MAX_CACHED_ADDRESSES = 4096  # distinct addresses whose meaning is remembered; a scan of the Internet must not grow us
MIN_HOST_BITS = 2  # of a node's block: in a smaller one no address is left for pods beside the bridge
SIDECAR = "127.0.0.6"  # Istio's sidecar connects from here where it passes bytes on (InboundPassthroughClusterIpv4)
SWARM_INGRESS = "10.0.0.0/24"  # Docker's default for the network named ingress


class Meaning(NamedTuple):
    """
    What an address is: a code, the words for people, and where we know it from.

    vague  it is known by a range so wide that other machines may well be in it
    """

    code: str
    words: str
    source: str
    vague: bool = False


class Interface(NamedTuple):
    """An interface's name, one of its addresses, and the length of that address's prefix (of 128 bits for IPv6)."""

    name: str
    address: Address
    prefix: int


class Surroundings(NamedTuple):
    """
    What a process knows of where it runs; `echo.surroundings` reads it.

    kind        "pod", "container" or "machine"
    node_ips    addresses of the node (NODE_IP)
    pod_ips     addresses of the pod (POD_IP)
    interfaces  of this network namespace, loopback excepted
    gateways    (interface's name, address of the default route's gateway)
    """

    kind: str = "machine"
    node_ips: tuple[Address, ...] = ()
    pod_ips: tuple[Address, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    gateways: tuple[tuple[str, Address], ...] = ()


NOWHERE = Surroundings()
# addresses of a range of nodes: more than a subnet of nodes has, and it is the whole network's, with others in it
WIDE, WIDE_V6 = 1 << 12, 1 << 72
MAPPED = 0xFFFF  # the 32 bits before an IPv4 address
VAGUE_NODE = "a cluster node, or another machine of its network"
POD, CONTAINER, MACHINE = "pod", "container", "machine"

# key of [network] -> (code, words), in the order they are tried
NETWORK_MEANINGS = {
    "ingress": ("ingress", "an ingress controller"),
    "service_lb": ("service-lb", "a pod of k3s's ServiceLB, which forwards and masquerades"),
    "load_balancers": ("load-balancer", "a load balancer"),
    "node_external": ("node-external", "an address that the cluster shows to the Internet"),
    "bridges": ("bridge", "a node's pod bridge"),
    "nodes": ("node", "a cluster node"),
    "services": ("service", "a Service's virtual address"),
    "vpc_pods": ("pod", "a pod, with an address of the VPC"),
    "pods": ("pod", "a pod"),
    "cdn": ("cdn", "an edge of a CDN"),
}
PROXIES = ("ingress", "service_lb", "load_balancers")  # keys that stand before what this machine knows of itself
BLOCKS = "pods"  # the key whose ranges hold nodes' blocks
BRIDGE_WORDS = "a node's pod bridge: the first address of a node's block of pod addresses"
OTHER_BRIDGE = ("other-bridge", "the pod bridge of another node: the first address of its block of pod addresses")
OWN_BRIDGE = ("bridge", "the pod bridge of this pod's node")
# kind of the surroundings -> (code, words) of an own address
OWN = {
    POD: ("own-pod", "this pod itself"),
    CONTAINER: ("own-pod", "this container itself"),
    MACHINE: ("own-host", "this machine itself"),
}
# name of NAMED_RANGES -> words
RANGE_WORDS = {
    "loopback": "this machine itself (loopback)",
    "cloud-metadata": "the cloud's metadata service",
    "link-local": "a link-local address",
    "private": "a private address",
    "cgnat": "shared address space (carrier NAT, or a cloud's load balancers)",
    "documentation": "an address reserved for examples",
    "benchmarking": "an address reserved for benchmarks",
    "multicast": "a multicast address",
    "transition": "an address of an IPv6 tunnel (6to4 or Teredo)",
    "reserved": "a reserved address",
}
# class of an address by itself -> what it means
BY_CLASS = {name: Meaning(name, RANGE_WORDS[name], source) for name, (_, source) in NAMED_RANGES.items()}
BY_CLASS[PUBLIC] = Meaning(PUBLIC, "a public address", "in no special-purpose range")
NO_ADDRESS = Meaning("invalid", "not an IP address", "it does not parse")
# code -> words, of what is in no table above
MORE_MEANINGS = {
    "own-node": "this pod's node",
    "docker-bridge": "the bridge of this container's host",
    "swarm-ingress": "Docker Swarm's routing mesh",
    "sidecar": "a service mesh's sidecar in this pod",
}


class Topology:
    """The meanings of addresses under one configuration, for a process in some surroundings."""

    def __init__(self, config: Config, surroundings: Surroundings = NOWHERE) -> None:
        place = f" of {quote(config.path)}" if config.path else ""
        meanings = {
            key: Meaning(code, words, f"[network] {key}{place}") for key, (code, words) in NETWORK_MEANINGS.items()
        }
        ranges = {key: config.network[key] for key in NETWORK_MEANINGS if key in config.network}
        self.kind = _kind(surroundings, ranges)
        self.own = {address.packed for address in _own(surroundings)}
        self._singles = _singles([(ranges[key], meanings[key]) for key in PROXIES if key in ranges])
        self._near = dict(_near(surroundings, self.kind, ranges))
        self._tables = _by_prefix([(ranges[key], meanings[key]) for key in ranges])
        self.on_node_network = _on_node_network(surroundings, ranges.get("nodes", Ranges()), self.own)
        self._blocks = _blocks(ranges.get(BLOCKS, Ranges()), surroundings)
        self._pod = meanings[BLOCKS]
        self._host_masks, self._block_source = _block(config, surroundings, self.kind, ranges, place)
        self._own_blocks = self._find_own_blocks()
        self._cdns = [
            (Ranges(provider_list(name).ranges), Meaning("cdn", f"an edge of {name.capitalize()}", f"list {name}"))
            for name in PROVIDERS
        ]
        swarm = self.kind == CONTAINER and any(address in Ranges([SWARM_INGRESS]) for address in self.own)
        self._swarm = Ranges([SWARM_INGRESS] if swarm else ())
        self._find = lru_cache(MAX_CACHED_ADDRESSES)(self._look_up)

    def meaning(self, address: Address | None) -> Meaning:
        """Return what an address means; NO_ADDRESS for None."""
        return NO_ADDRESS if address is None else self._find(address.packed)

    @property
    def knows_own_node(self) -> bool:
        """Return whether this pod's node can be told from other nodes: by its address, or by its bridge."""
        return any(meaning.code in ("own-node", "bridge") for meaning in self._near.values()) or bool(self._own_blocks)

    def in_own_block(self, address: Address) -> bool:
        """Return whether an address is in the block of pod addresses of this pod's node."""
        return self._block_of(address.packed) in self._own_blocks

    def _look_up(self, packed: bytes) -> Meaning:
        found = self._singles.get(packed) or self._near.get(packed)
        if found is not None:
            return found
        for table in self._tables:
            found = table.look_up(packed)
            if found is not None:
                break
        if found is not None:
            if found is self._pod and self._is_first_of_block(packed):
                return self._bridge(packed)
            return found
        if packed == _SIDECAR:
            return Meaning("sidecar", MORE_MEANINGS["sidecar"], "Istio's InboundPassthroughCluster")
        if packed in self._swarm:
            source = f"this container has an address in {SWARM_INGRESS}, Docker's ingress network"
            return Meaning("swarm-ingress", MORE_MEANINGS["swarm-ingress"], source)
        for ranges, meaning in self._cdns:
            if packed in ranges:
                return meaning
        return BY_CLASS[classify(packed)]

    def _bridge(self, packed: bytes) -> Meaning:
        if not self._own_blocks:
            return Meaning("bridge", BRIDGE_WORDS, self._block_source)
        if self._block_of(packed) in self._own_blocks:
            return Meaning(*OWN_BRIDGE, self._block_source)
        return Meaning(*OTHER_BRIDGE, self._block_source)

    def _is_first_of_block(self, packed: bytes) -> bool:
        mask = self._host_masks[not packed.startswith(V4_PREFIX)]
        return mask is not None and packed in self._blocks and int.from_bytes(packed) & mask <= 1

    def _block_of(self, packed: bytes) -> int | None:
        mask = self._host_masks[not packed.startswith(V4_PREFIX)]
        return int.from_bytes(packed) & ~mask if mask is not None and packed in self._blocks else None

    def _find_own_blocks(self) -> frozenset[int]:
        return frozenset(block for packed in self.own if (block := self._block_of(packed)) is not None)


_SIDECAR = V4_PREFIX + bytes(map(int, SIDECAR.split(".")))


class _Table(NamedTuple):
    """Ranges of one prefix length: what the address is masked with, and what each range means."""

    mask: int
    ranges: dict[int, Meaning]

    def look_up(self, packed: bytes) -> Meaning | None:
        return self.ranges.get(int.from_bytes(packed) & self.mask)


def _by_prefix(known: list[tuple[Ranges, Meaning]]) -> list[_Table]:
    """Return tables of ranges, the longest prefixes first."""
    tables: dict[int, dict[int, Meaning]] = {}
    for ranges, meaning in known:
        for text in ranges.texts:
            first, last = (int.from_bytes(end) for end in parse_range(text))
            vague = meaning.code == "node" and last - first >= (WIDE if last >> 32 == MAPPED else WIDE_V6)
            told = meaning._replace(words=VAGUE_NODE, vague=True) if vague else meaning
            tables.setdefault(last - first, {}).setdefault(first, told)
    every = (1 << 128) - 1
    return [_Table(every & ~hosts, tables[hosts]) for hosts in sorted(tables)]


def _singles(known: list[tuple[Ranges, Meaning]]) -> dict[bytes, Meaning]:
    """Return the single addresses among ranges."""
    found: dict[bytes, Meaning] = {}
    for ranges, meaning in known:
        for text in ranges.texts:
            first, last = parse_range(text)
            if first == last:
                found.setdefault(first, meaning)
    return found


def _own(surroundings: Surroundings) -> Iterator[Address]:
    yield from surroundings.pod_ips
    yield from (interface.address for interface in surroundings.interfaces)


def _kind(surroundings: Surroundings, ranges: dict[str, Ranges]) -> str:
    """Return the surroundings' kind; what has an address among the TOML's pods is a pod."""
    if surroundings.kind != POD:
        for key in ("pods", "vpc_pods", "ingress"):
            if any(address.packed in ranges.get(key, ()) for address in _own(surroundings)):
                return POD
    return surroundings.kind


def _near(surroundings: Surroundings, kind: str, ranges: dict[str, Ranges]) -> Iterator[tuple[bytes, Meaning]]:
    """Yield what is known of single addresses from the surroundings, the least certain first."""
    if kind != MACHINE:
        for name, gateway in surroundings.gateways:
            on_link = any(
                same_block(interface.address, gateway, interface.prefix)
                for interface in surroundings.interfaces
                if interface.name == name
            )
            is_local = BY_CLASS[classify(gateway.packed)].code == "link-local"
            if not is_local and (on_link or gateway.packed in ranges.get(BLOCKS, ())):
                code, words = OWN_BRIDGE if kind == POD else ("docker-bridge", MORE_MEANINGS["docker-bridge"])
                yield gateway.packed, Meaning(code, words, f"the default gateway of {_shown(name)}")
    for interface in surroundings.interfaces:
        yield interface.address.packed, Meaning(*OWN[kind], f"an address of {_shown(interface.name)}")
    for address in surroundings.pod_ips:
        yield address.packed, Meaning(*OWN[POD], "POD_IP of the downward API")
    for address in surroundings.node_ips:  # last: with host networking it is the pod's address, too
        yield address.packed, Meaning("own-node", MORE_MEANINGS["own-node"], "NODE_IP of the downward API")


def _on_node_network(surroundings: Surroundings, nodes: Ranges, own: set[bytes]) -> bool:
    """
    Return whether we have the host's network: then our address is a node's, and no node stands between us and others.

    Without NODE_IP only a single address among the nodes tells; a range of nodes may hold pods, too (VPC-CNI).
    """
    if surroundings.node_ips:
        return any(address.packed in own for address in surroundings.node_ips)
    return any(first == last and first in own for first, last in map(parse_range, nodes.texts))


def _blocks(pods: Ranges, surroundings: Surroundings) -> Ranges:
    """Return the pods' ranges that nodes have blocks of: not one where this pod has a lone address, and no subnet."""
    alone = [
        one.address.packed for one in surroundings.interfaces if one.prefix == (32 if one.address.is_ipv4 else 128)
    ]
    gateways = {gateway.packed for _, gateway in surroundings.gateways}
    kept = []
    for text in pods.texts:
        one = Ranges([text])
        if not any(packed in one for packed in alone) or any(packed in one for packed in gateways):
            kept.append(text)
    return Ranges(kept)


def _block(
    config: Config, surroundings: Surroundings, kind: str, ranges: dict[str, Ranges], place: str
) -> tuple[tuple[int | None, int | None], str]:
    """Return the bits within a node's block of IPv4 and of IPv6 addresses, and where we know them from."""
    source = f"[network] pods and node_pod_prefix{place}"
    if config.node_pod_prefix is not None or kind != POD:
        return _host_masks(config.node_pod_prefix), source
    masks: list[int | None] = [None, None]
    for interface in surroundings.interfaces:
        is_v6 = not interface.address.is_ipv4
        bits = (128 if is_v6 else 32) - interface.prefix
        if interface.address.packed in ranges.get(BLOCKS, ()) and bits >= MIN_HOST_BITS:
            masks[is_v6] = (1 << bits) - 1
            source = f"[network] pods{place} and the prefix /{interface.prefix} of {_shown(interface.name)}"
    return (masks[0], masks[1]), source


def _host_masks(prefix: int | None) -> tuple[int | None, int | None]:
    """Return the bits within a node's block of IPv4 and of IPv6 addresses, None where the prefix tells nothing."""
    if prefix is None:
        return None, None
    is_v4 = prefix <= 32
    host_bits = (32 if is_v4 else 128) - prefix
    mask = (1 << host_bits) - 1 if host_bits >= MIN_HOST_BITS else None
    return (mask, None) if is_v4 else (None, mask)


def same_block(one: Address, other: Address, prefix: int) -> bool:
    """Return whether two addresses have the same first bits, as many as a prefix length says."""
    if one.is_ipv4 != other.is_ipv4:
        return False
    hosts = (32 if one.is_ipv4 else 128) - prefix
    return int.from_bytes(one.packed) >> hosts == int.from_bytes(other.packed) >> hosts


def _shown(name: str) -> str:
    return quote(name) if not name.isalnum() else name


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Return the addresses of a list with commas, as the downward API's status.podIPs; what is none is left out."""
    return tuple(address for part in text.split(",") if (address := parse_address(part.strip())) is not None)
