"""
Whom to trust: a proposal, each entry with its reason.

Rules:

* Trusted is who writes X-Forwarded-For on the way found, and nobody else: pods of ingress controllers; the cloud's L7
  balancers where an Ingress is theirs, and their own addresses where they write those behind the client's.
* What would let others forge is written as a comment, with the price, for the reader to decide: nodes and bridges,
  where an L7 balancer sends to a NodePort of policy Cluster; nodes on which a controller runs on the host network.
  It is chosen where our own pods stand behind that very Service, since nothing else would find the client there.
* With nobody to trust, the client is the peer.
"""

from typing import NamedTuple

from echo.clientip.config import PROXY_REQUIRED
from echo.clientip.network import CLUSTER
from echo.clientip.strategies import RIGHTMOST_UNTRUSTED
from echo.topology.addresses import balancers
from echo.topology.exposure import Exposed, Exposure
from echo.topology.facts import Facts
from echo.topology.nets import hosts, spelled
from echo.topology.toml import Item, Line, Table
from echo.topology.view import few

HEADER = "X-Forwarded-For"  # what the proxies above write


class Proposal(NamedTuple):
    """
    table         [trust]
    names_bridges whether it names `bridges`, which must then be there
    notes         what should be said beside it
    """

    table: Table
    names_bridges: bool
    notes: tuple[str, ...]


def trust(facts: Facts, exposure: Exposure) -> Proposal:
    """Propose [trust]."""
    masked = _masked(facts, exposure)
    items = [*_ingress(facts), *_balancers(facts, exposure), *_nodes(masked), *_host_network(facts)]
    remarks = [*_unknown_balancers(exposure), *_proxy(exposure)]
    notes = list(remarks)
    if masked.services:
        what = "are trusted, because whofrom stands behind it" if masked.ours else "stand as comments in [trust] ranges"
        notes.append(
            f"an L7 balancer sends to Service {masked.services}, whose policy is Cluster: nodes {what}, and whoever "
            "reaches the NodePort past the balancer can then forge; policy Local or direct access ends it"
        )
    believing = [pod.shown for _, pod in facts.controllers if pod.believes]
    if believing:
        notes.append(
            f"pod {few(believing)} runs with forwardedHeaders.insecure and believes everybody's X-Forwarded-For; set "
            "forwardedHeaders.trustedIPs to what stands before it"
        )
    namespaces = sorted({pod.namespace for _, pod in facts.controllers})
    if len(namespaces) > 1:
        notes.append(f"ingress controllers' pods are in namespaces {few(namespaces)}: are they all yours?")
    if any(item.chosen for item in items):
        why = (
            "A proposal: who writes X-Forwarded-For on the way to your pods. Whoever is in these ranges can name any "
            "client it likes: take out what does not stand before them."
        )
        head = [Line("strategy", RIGHTMOST_UNTRUSTED), Line("headers", (Item(HEADER),))]
    else:
        why = "Nobody: no proxy was found that writes X-Forwarded-For, so every header is a claim of the client's."
        head = []
    table = Table("[trust]", why, (*head, Line("ranges", tuple(items)), *(Line("", None, text) for text in remarks)))
    return Proposal(table, masked.bridges, tuple(notes))


class _Masked(NamedTuple):
    services: str
    ours: bool
    bridges: bool


def _ingress(facts: Facts) -> list[Item]:
    if not facts.ingress:
        return []
    names = sorted({name for name, _ in facts.ingress.values()})
    return [Item("ingress", f"pods of {few(names)} write the header")]


def _balancers(facts: Facts, exposure: Exposure) -> list[Item]:
    writing = [(ingress, cloud) for ingress, cloud in exposure.balanced if cloud.writes]
    if not writing or not balancers(facts):
        return []
    first, cloud = writing[0]
    items = [Item("load_balancers", f"{cloud.name}'s L7 balancer of Ingress {first.shown} writes the header")]
    own = hosts(net for ingress, cloud in writing if cloud.appends for net in ingress.balancers)
    why = "the balancer writes this address, its own, behind the client's"
    return items + [Item(spelled(net), why) for net in own]


def _masked(facts: Facts, exposure: Exposure) -> _Masked:
    """Return the Services of policy Cluster that an L7 balancer sends to by the nodes' ports."""
    behind = {(one.namespace, name) for one, _ in exposure.balanced if not one.direct for name in one.backends}
    found: list[Exposed] = [
        one
        for one in exposure.exposed
        if one.policy == CLUSTER and (one.service.namespace, one.service.name) in behind and facts.nodes
    ]
    ours = any(facts.ours.intersection(one.endpoints) for one in found)
    bridges = bool(found and (facts.bridges or facts.tunnels))
    return _Masked(few([one.service.shown for one in found]), ours, bridges)


def _nodes(masked: _Masked) -> list[Item]:
    if not masked.services:
        return []
    why = (
        f"kube-proxy puts them in the L7 balancer's place before Service {masked.services} (policy Cluster). The "
        "price: who reaches its NodePort past the balancer, or any other Service of that policy, can forge the header."
    )
    items = [Item("nodes", why, masked.ours)]
    return [*items, Item("bridges", "the same, on the pod's own node", masked.ours)] if masked.bridges else items


def _host_network(facts: Facts) -> list[Item]:
    own = {net: (name, pod) for name, pod in facts.controllers if pod.host_network for net in pod.addresses}
    return [
        Item(
            spelled(net),
            f"{own[net][0]}, pod {own[net][1].shown}, writes the header, but it has its node's address: every program "
            "there, and whoever the node masquerades, would be believed with it.",
            chosen=False,
        )
        for net in hosts(own)
    ]


def _unknown_balancers(exposure: Exposure) -> list[str]:
    unknown = {cloud.name: (ingress, cloud) for ingress, cloud in exposure.balanced if not cloud.writes}
    return [
        f"ranges lacks {cloud.name}'s L7 balancer of Ingress {ingress.shown}, which writes the header: {cloud.add}"
        for ingress, cloud in unknown.values()
    ]


def _proxy(exposure: Exposure) -> list[str]:
    if not exposure.proxying:
        return []
    names = few([one.shown for one in exposure.proxying])
    then = f'set proxy_protocol = "{PROXY_REQUIRED}"'
    return [f"the balancer of Service {names} sends PROXY headers: if whofrom stands behind it, {then}"]
