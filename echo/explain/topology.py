"""
What an address means: what [network] of the TOML calls it, else the special-purpose range it lies in, else public.

The answer carries the source of the knowledge, since a verdict is worth what it rests on. First match wins: single
addresses (ingress pods) before the ranges that contain them, Services before pods (some clouds cut the one out of the
other), what the operator wrote before what an RFC says.

A node's CNI bridge holds the first host address of the node's block of pod addresses (cbr0, 172.18.0.65 in
172.18.0.64/26), some overlays the block's very first (flannel.1). Which addresses these are is known only where
[network] node_pod_prefix says how long a block's prefix is; nothing else is called a bridge.
"""

from functools import lru_cache
from typing import NamedTuple

from echo.clientip import NAMED_RANGES, PUBLIC, Address, Config, Ranges, classify, quote
from echo.clientip.address import V4_PREFIX

MAX_CACHED_ADDRESSES = 4096  # distinct addresses whose meaning is remembered; a scan of the Internet must not grow us
MIN_HOST_BITS = 2  # of a node's block: in a smaller one no address is left for pods beside the bridge


class Meaning(NamedTuple):
    """What an address is: a code, the words for people, and where we know it from."""

    code: str
    words: str
    source: str


# key of [network] -> (code, words), in the order they are tried
NETWORK_MEANINGS = {
    "ingress": ("ingress", "an ingress controller"),
    "load_balancers": ("load-balancer", "a load balancer"),
    "nodes": ("node", "a cluster node"),
    "services": ("service", "a Service's virtual address"),
    "pods": ("pod", "a pod"),
}
BRIDGE = ("bridge", "a node's pod bridge: the first address of a node's block of pod addresses")
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


class Topology:
    """The meanings of addresses under one configuration."""

    def __init__(self, config: Config) -> None:
        place = f" of {quote(config.path)}" if config.path else ""
        self._known: list[tuple[Ranges, Meaning]] = [
            (config.network[key], Meaning(code, words, f"[network] {key}{place}"))
            for key, (code, words) in NETWORK_MEANINGS.items()
            if key in config.network
        ]
        self._host_masks = _host_masks(config.node_pod_prefix)
        # without ranges of the operator's a look-up is one bisection, quicker than a cache that strangers fill
        self._find = lru_cache(MAX_CACHED_ADDRESSES)(self._look_up) if self._known else self._look_up

    def meaning(self, address: Address | None) -> Meaning:
        """Return what an address means; NO_ADDRESS for None."""
        return NO_ADDRESS if address is None else self._find(address.packed)

    def _look_up(self, packed: bytes) -> Meaning:
        for ranges, meaning in self._known:
            if packed in ranges:
                if meaning.code == "pod" and self._is_first_of_block(packed):
                    return Meaning(*BRIDGE, meaning.source.replace(" pods", " pods and node_pod_prefix", 1))
                return meaning
        return BY_CLASS[classify(packed)]

    def _is_first_of_block(self, packed: bytes) -> bool:
        mask = self._host_masks[not packed.startswith(V4_PREFIX)]
        return mask is not None and int.from_bytes(packed) & mask <= 1


def _host_masks(prefix: int | None) -> tuple[int | None, int | None]:
    """Return the bits within a node's block of IPv4 and of IPv6 addresses, None where the prefix tells nothing."""
    if prefix is None:
        return None, None
    is_v4 = prefix <= 32
    host_bits = (32 if is_v4 else 128) - prefix
    mask = (1 << host_bits) - 1 if host_bits >= MIN_HOST_BITS else None
    return (mask, None) if is_v4 else (None, mask)
