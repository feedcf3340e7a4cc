"""
Of a request, what its finding depends on: few values of few kinds, so that verdicts can be remembered by them.

No header decides who the client is here: the resolution has done that. Headers say more about how the request came,
and where they do, `echo.explain.evidence` marks them as what a client can forge.
"""

from typing import NamedTuple

# where a connection from a node, a bridge or a pod began, as the handshake shows (echo.handshake)
NEAR = "near"  # at that very machine
FORWARDED = "forwarded"  # beyond it: the machine forwarded it, and put its own address there
NEIGHBOUR = "neighbour"  # likewise, at another pod of this node: its frame came over the bridge
SELF = "self"  # likewise, at this pod: the frame is its own
SENDER = "sender"  # at the balancer that sent a PROXY header: it said LOCAL
# what the user agent is
AGENT_KUBELET, AGENT_BALANCER = "kubelet", "balancer"
# what X-Real-IP says beside the chain
REAL_IP_LEFT = "left"  # an entry left of the boundary
REAL_IP_OTHER = "other"  # an address that the chain does not hold
# what X-Original-Forwarded-For (ingress-nginx: the header as it arrived there) says beside the chain
ORIGINAL_SAME = "same"  # it holds the client, and the ingress appended nothing
ORIGINAL_THERE = "there"
SPREAD = "spread"  # several nodes took turns in the last minutes: a balancer spreads connections over them


class Facts(NamedTuple):
    """
    reason, source   of the resolution
    peer             class of what the policy was told is the other end
    client           class of the client; of the leftmost hop, where all hops are trusted; "invalid" if there is none
    entries, claims  the forwarding header has entries; some of them left of the boundary
    last_is_peer     its one entry is the peer's own address
    guarded          the policy asks whether the peer is trusted before it reads a header
    sender           class of who sent the PROXY header; "" without one
    origin           NEAR, FORWARDED, NEIGHBOUR, SELF, SENDER or "" (not known, or not asked)
    agent, real_ip, original, window         as above, "" for nothing of interest
    policy           of the Service before the hop in question: Cluster, Local, Direct, or "" (unknown, or several)
    writer           class of the hop that wrote the client into the header
    single           another header names a client where the policy's has none
    passed           a hop nearer than the client is in no trusted range: the strategy passed it over
    disagrees        X-Forwarded-For, walked by the trusted ranges, names another client
    """

    reason: str
    source: str
    peer: str
    client: str
    entries: bool = False
    claims: bool = False
    last_is_peer: bool = False
    guarded: bool = True
    sender: str = ""
    origin: str = ""
    agent: str = ""
    real_ip: str = ""
    original: str = ""
    window: str = ""
    policy: str = ""
    writer: str = ""
    single: bool = False
    passed: bool = False
    disagrees: bool = False
