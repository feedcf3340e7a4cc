"""
Where a connection began that shows an address of a node or a pod: at that machine, or beyond it.

The handshake tells, by the rules of `echo.handshake`; what it cannot tell is "".

1. A program of the own node meets no router, and the node sends its frame. No router, but a frame of this pod's own or
   of a neighbour's on the bridge: the node's NAT turned a packet around. A router: the node forwarded it.
2. A program of another node meets one router, our node, and perhaps one between the nodes: two are one too many only
   where that node has shown itself with one.
3. Where the own node cannot be told from others, one router and two tell nothing.
4. A pod meets none or one on its own node, two or three from another; with more, it forwarded for somebody else.
"""

from echo.clientip import Address
from echo.explain.choose import NODES, OWN_NODE
from echo.explain.facts import FORWARDED, NEAR, NEIGHBOUR, SELF
from echo.explain.shared import SharedAddresses
from echo.explain.topology import Topology
from echo.handshake import LINK_GATEWAY, LINK_NEIGHBOUR, LINK_OWN, Handshake

POD_HOPS, OWN_NODE_POD_HOPS = 3, 1  # routers that a pod's own connection meets at most
NODE_HOPS = 2  # likewise another node's
HOST_BRIDGE = "docker-bridge"  # a container's host is to it what its node is to a pod
# who sent a frame that no router touched -> where the connection began, though our node's address stands on it
LINKS = {LINK_OWN: SELF, LINK_NEIGHBOUR: NEIGHBOUR}


class Origins:
    """Tells where connections began; remembers, for all workers, the nodes that have shown themselves next door."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._adjacent = SharedAddresses()

    def of(self, address: Address, meaning: str, handshake: Handshake) -> str:
        """Return where a connection began; `meaning` is the class of the address that it shows."""
        hops = handshake.hops
        if hops is None:
            return ""
        if meaning == "pod":
            own = self._topology.in_own_block(address)
            return FORWARDED if hops > (OWN_NODE_POD_HOPS if own else POD_HOPS) else ""
        if meaning not in NODES and meaning != HOST_BRIDGE:
            return ""
        known = self._topology.knows_own_node
        is_own = meaning == HOST_BRIDGE or (known and meaning in OWN_NODE)
        if is_own and not hops and handshake.link in LINKS:
            return LINKS[handshake.link]
        if is_own or not hops:
            told = handshake.link == LINK_GATEWAY and handshake.is_quick
            return FORWARDED if hops else NEAR if told else ""
        if hops > NODE_HOPS or (hops == NODE_HOPS and address.packed in self._adjacent):
            return FORWARDED
        if hops < NODE_HOPS and known and handshake.is_quick:
            self._adjacent.add(address.packed)
            return NEAR
        return ""
