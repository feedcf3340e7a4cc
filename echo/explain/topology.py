"""
What an address means: what [network] of the TOML calls it, else the special-purpose range it lies in, else public.

The answer carries the source of the knowledge, since a verdict is worth what it rests on. First match wins: single
addresses (ingress pods) before the ranges that contain them, Services before pods (some clouds cut the one out of the
other), what the operator wrote before what an RFC says.
"""

from functools import lru_cache
from typing import NamedTuple

from echo.clientip import NAMED_RANGES, Address, Config, Ranges, quote

MAX_CACHED_ADDRESSES = 4096  # distinct addresses whose meaning is remembered; a scan of the Internet must not grow us

# The CNI bridge of a node holds the first address of the node's pod range. Without knowing that range's size, the
# first address of a block of 64 (a /26, a common size) is taken for one; of a /24 it is one too.
BRIDGE_BLOCK = 64


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
BRIDGE = ("bridge", "a node's pod bridge, by its position in the pod range")
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
    "reserved": "a reserved address",
}
PUBLIC = Meaning("public", "a public address", "in no special-purpose range")
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
        self._known += [
            (Ranges(texts), Meaning(name, RANGE_WORDS[name], source)) for name, (texts, source) in NAMED_RANGES.items()
        ]
        self._cached = lru_cache(MAX_CACHED_ADDRESSES)(self._look_up)

    def meaning(self, address: Address | None) -> Meaning:
        """Return what an address means; NO_ADDRESS for None."""
        return NO_ADDRESS if address is None else self._cached(address.packed)

    def _look_up(self, packed: bytes) -> Meaning:
        for ranges, meaning in self._known:
            if packed in ranges:
                if meaning.code == "pod" and packed[-1] % BRIDGE_BLOCK == 1:
                    return Meaning(*BRIDGE, meaning.source)
                return meaning
        return PUBLIC
