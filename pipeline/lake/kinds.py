"""What an address is to people: a node, a pod, a balancer by [network] of the TOML, else a client or its class."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import PUBLIC, Config, Ranges, parse_address
from pipeline.texts import Texts

# key of [network] -> the class of its addresses, as /explain names them; the first that holds an address says it
NETWORK_KINDS = {
    "ingress": "ingress",
    "service_lb": "service-lb",
    "load_balancers": "load-balancer",
    "node_external": "node-external",
    "bridges": "bridge",
    "nodes": "node",
    "services": "service",
    "pods": "pod",
    "vpc_pods": "pod",
    "cdn": "cdn",
}
POD, BRIDGE, NOBODY = "pod", "bridge", "unknown"
# class -> how a sentence names it; the classes that are not here are "a … address"
WORDS = {
    "ingress": "the ingress",
    "service-lb": "a Service's balancer",
    "load-balancer": "a load balancer",
    "node-external": "a node's public address",
    BRIDGE: "a node's bridge",
    "node": "a node",
    "service": "a Service",
    POD: "a pod",
    "cdn": "a CDN",
    PUBLIC: "a client",
    NOBODY: "unknown",
}


class Kinds:
    """The classes of addresses by a configuration."""

    def __init__(self, config: Config) -> None:
        self._network: Mapping[str, Ranges] = config.network
        self._prefix = config.node_pod_prefix

    def of(self, texts: pa.Array, classes: pa.Array) -> pa.Array:
        """Return the kind of each address: by [network] where that holds it, else its class, NOBODY for null."""
        found = Texts(texts)
        kinds = pc.fill_null(classes, NOBODY)
        for key, kind in reversed(NETWORK_KINDS.items()):
            ranges = self._network.get(key)
            if not ranges:
                continue
            inside = found.within(ranges)
            if not pc.any(inside).as_py():
                continue
            kinds = pc.if_else(inside, kind, kinds)
            if key == "pods" and self._prefix is not None:
                pods = pc.unique(texts.filter(inside)).to_pylist()
                bridges = pa.array([text for text in pods if _first_of_block(text, self._prefix)], pa.string())
                kinds = pc.if_else(pc.is_in(texts, bridges), BRIDGE, kinds)
        return kinds


def words_of(kind: str) -> str:
    """Return a kind for a sentence."""
    return WORDS.get(kind) or f"a {kind} address"


def _first_of_block(text: str, prefix: int) -> bool:
    """Tell whether an address is the first host address of its node's block, where the bridge is."""
    address = parse_address(text)
    if address is None:
        return False
    bits = (32 if "." in text else 128) - prefix
    return bits > 1 and int.from_bytes(address.packed) % (1 << bits) == 1
