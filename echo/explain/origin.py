"""
Where a connection began that shows an address of a node or a pod: at that machine, or beyond it.

The handshake tells, by the rules of `echo.handshake`; what it cannot tell is "".

1. A program of the own node meets no router, and the node sends its frame. No router, but a frame of this pod's own or
   of a neighbour's on the bridge: the node's NAT turned a packet around. A router: the node forwarded it.
2. A program of another node meets our node, where we are a pod, and perhaps one router between the nodes; that one is
   one too many only where the node has lately shown itself without.
3. Where the own node cannot be told from others, one router and two tell nothing. Nor do many where the address is a
   node's by a range so wide that other machines are in it.
4. A pod meets none or one on its own node, two or three from another; with more, it forwarded for somebody else.
"""

from echo.clientip import Address
from echo.explain.choose import NODES, OWN_NODE
from echo.explain.facts import FORWARDED, NEAR, NEIGHBOUR, SELF
from echo.explain.shared import SharedAddresses
from echo.explain.topology import Meaning, Topology
from echo.handshake import LINK_GATEWAY, LINK_NEIGHBOUR, LINK_OWN, Handshake

POD_HOPS, OWN_NODE_POD_HOPS = 3, 1  # routers that a pod's own connection meets at most
ROUTERS_BETWEEN = 1  # that may stand between two nodes
ADJACENT_SECONDS = 600.0  # how long a node that showed itself next door is known to be there
HOST_BRIDGE = "docker-bridge"  # a container's host is to it what its node is to a pod
# who sent a frame that no router touched -> where the connection began, though our node's address stands on it
LINKS = {LINK_OWN: SELF, LINK_NEIGHBOUR: NEIGHBOUR}


class Origins:
    """Tells where connections began; remembers, for all workers, the nodes that have shown themselves next door."""

    def __init__(self, topology: Topology) -> None:
        self._topology = topology
        self._adjacent = SharedAddresses(ADJACENT_SECONDS)
        # a pod's packets pass its own node; a server with the node's own network has no router of its own
        self._own_routers = 0 if topology.on_node_network else 1

    def of(self, address: Address, meaning: Meaning, handshake: Handshake) -> str:
        """Return where a connection began; `meaning` is that of the address it shows."""
        hops = handshake.hops
        if hops is None:
            return ""
        if meaning.code == "pod":
            own = self._topology.in_own_block(address)
            return FORWARDED if hops > (OWN_NODE_POD_HOPS if own else POD_HOPS) else ""
        if meaning.code not in NODES and meaning.code != HOST_BRIDGE:
            return ""
        known = self._topology.knows_own_node
        if meaning.code == HOST_BRIDGE or (known and meaning.code in OWN_NODE):
            return self._own_node(hops, handshake)
        if not hops and self._own_routers:
            return NEAR if handshake.link == LINK_GATEWAY and handshake.is_quick else ""
        beyond = hops - self._own_routers
        if beyond > ROUTERS_BETWEEN or (beyond == ROUTERS_BETWEEN and address.packed in self._adjacent):
            return "" if meaning.vague else FORWARDED
        if not beyond and (known or not self._own_routers) and handshake.is_quick:
            self._adjacent.add(address.packed)
            return NEAR
        return ""

    def _own_node(self, hops: int, handshake: Handshake) -> str:
        if hops:
            return FORWARDED
        if handshake.link in LINKS:
            return LINKS[handshake.link]
        return NEAR if handshake.link == LINK_GATEWAY and handshake.is_quick else ""
