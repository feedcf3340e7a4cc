"""
Nodes that take turns: which nodes' addresses came lately for one Host, and whether a balancer spreads over them.

A balancer that spreads connections over nodes, each of which puts its own address there, makes the nodes take turns;
a program on a node shows one address. Nodes that call one after the other do not take turns, so the order counts: one
must come back after another; or, at the socket, where no proxy spreads on its own, MANY come. It is circumstantial:
programs on several nodes may call at the same time.

An address of a client that is no node, by the same way, is proof that the way keeps addresses: it begins anew.

Bounded: MAX_WAYS ways, the oldest forgotten; MAX_SEEN sightings each; nothing older than WINDOW_SECONDS counts.
"""

from collections import OrderedDict, deque
from itertools import pairwise

MAX_WAYS = 256  # (Host, proxy) pairs; Host is the client's to choose
MAX_SEEN = 16
MAX_HOST_CHARS = 255  # of a DNS name; a longer Host is nobody's
WINDOW_SECONDS = 300.0
MANY = 3
AT_THE_SOCKET = b""

Way = tuple[str, bytes]  # Host, and who wrote the address into the header, or AT_THE_SOCKET


class Turns:
    """The nodes' addresses that came lately, by way."""

    def __init__(self) -> None:
        self.ways: OrderedDict[Way, deque[tuple[float, bytes]]] = OrderedDict()

    def note(self, way: Way, node: bytes, now: float) -> int:
        """Note a node's address; return how many nodes took turns, 0 if they did not."""
        if len(way[0]) > MAX_HOST_CHARS:
            return 0
        seen = self.ways.get(way)
        if seen is None:
            if len(self.ways) >= MAX_WAYS:
                self.ways.popitem(last=False)
            seen = self.ways[way] = deque(maxlen=MAX_SEEN)
        else:
            self.ways.move_to_end(way)
        while seen and now - seen[0][0] > WINDOW_SECONDS:
            seen.popleft()
        seen.append((now, node))
        addresses = [address for _, address in seen]
        distinct = len(set(addresses))
        runs = 1 + sum(one != other for one, other in pairwise(addresses))
        return distinct if runs > distinct or (way[1] == AT_THE_SOCKET and distinct >= MANY) else 0

    def count(self, host: str) -> int:
        """Return how many nodes' addresses came lately for a Host, by whatever way."""
        return len({address for way, seen in self.ways.items() if way[0] == host for _, address in seen})

    def keeps(self, way: Way) -> None:
        """Note that another client's own address came this way."""
        self.ways.pop(way, None)
