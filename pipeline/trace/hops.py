"""
The ways that a subject's requests came, hop by hop: who said what, and whom the policy believed.

The raw peer and the headers are in the rows, so that a policy can be asked again (`Policy.resolve`, `chain_of`).
Without one, the row's own verdict says where the client was read: what stands right of it was believed then, what
stands left of it is a claim.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from echo.clientip import Hop, Policy, Resolution, chain_of, classify, parse_address, parse_hop
from echo.clientip.chain import MAX_HOPS_SHOWN
from echo.clientip.resolve import PARSERS, REASONS, SOURCE_PEER, SOURCE_PROXIED
from pipeline.resolve import POLICY_OF_RECORD

# column of trace/chains -> the header that it is; lists first
LISTS = {"x_forwarded_for": "x-forwarded-for", "forwarded": "forwarded"}
SINGLES = {
    "x_real_ip": "x-real-ip",
    "x_client_ip": "x-client-ip",
    "x_cluster_client_ip": "x-cluster-client-ip",
    "client_ip_header": "client-ip",
    "x_originating_ip": "x-originating-ip",
    "x_remote_ip": "x-remote-ip",
    "x_remote_addr": "x-remote-addr",
    "cf_connecting_ip": "cf-connecting-ip",
    "true_client_ip": "true-client-ip",
    "fastly_client_ip": "fastly-client-ip",
    "x_azure_clientip": "x-azure-clientip",
    "x_appengine_user_ip": "x-appengine-user-ip",
    "fly_client_ip": "fly-client-ip",
    "x_envoy_external_address": "x-envoy-external-address",
}
OTHER_LISTS = {"x_original_forwarded_for": "x-original-forwarded-for"}
COLUMNS = LISTS | OTHER_LISTS | SINGLES
# role of a hop -> what it means; those of echo.clientip.chain in the words of a trace
ROLES = {
    "client": "the client",
    "trusted": "believed",
    "claim": "claimed, believed by nobody",
    "passed": "passed over",
    "stop": "no address: the walk ended here",
}
AS_THE_ROW_SAYS = "row"  # in place of a policy's id


class Way(NamedTuple):
    """
    One way that requests came.

    requests  how many of them
    peer      as text, "" where there is none
    hops      left to right as written, the peer last
    client    whom the policy, or the row, takes for the client; None for nobody
    source    where that was read: peer, proxied-peer or a header's name
    reason    a code of REASONS
    recorded  the client that the row has; differs from `client` where the policy is another
    judged    id of the policy that was asked, or AS_THE_ROW_SAYS
    headers   header -> its fields, of those that name a client
    """

    requests: int
    peer: str
    hops: tuple[Hop, ...]
    client: str | None
    source: str
    reason: str
    recorded: str | None
    judged: str
    headers: Mapping[str, tuple[str, ...]]

    @property
    def claims(self) -> tuple[Hop, ...]:
        """Return the hops that nobody believed."""
        return tuple(hop for hop in self.hops if hop.role == "claim")


def way_of(row: Mapping[str, Any], policy: Policy | None) -> Way:
    """
    Return the way of a row of trace/chains.

    policy  asked again about it; None leaves it at what the row says
    """
    headers = {
        header: tuple(text for text in row[column] if text is not None)
        for column, header in COLUMNS.items()
        if row[column]
    }
    peer = row["proxied_ip"] or row["peer_ip"] or row["peer_name"] or ""
    proxied = row["proxied_ip"] is not None
    if policy is None or (not peer and not any(header in headers for header in policy.headers)):
        return _as_recorded(row, headers, peer, proxied=proxied)
    resolution = policy.resolve(peer, headers, proxied)
    header = resolution.source if resolution.source in headers else policy.header
    hops = chain_of(policy, peer, header, headers.get(header, ()), resolution, proxied=proxied)
    client = None if resolution.client is None else str(resolution.client)
    return Way(
        row["requests"], peer, tuple(hops), client, resolution.source, resolution.reason.code, row["client_ip"],
        policy.id, headers,
    )  # fmt: skip


def _as_recorded(row: Mapping[str, Any], headers: Mapping[str, tuple[str, ...]], peer: str, *, proxied: bool) -> Way:
    client, source = row["client_ip"], (row["client_source"] or "").lower()
    kind = SOURCE_PROXIED if proxied else SOURCE_PEER
    header = source if source in headers else next((one for one in LISTS.values() if one in headers), "")
    entries = [entry.strip(" \t") for value in headers.get(header, ()) for entry in value.split(",")][-MAX_HOPS_SHOWN:]
    parse = PARSERS.get(header, parse_hop)
    addresses = [parse(entry) for entry in entries]
    wanted = parse_address(client) if client else None
    at = len(entries)  # the peer's place
    if source not in (SOURCE_PEER, SOURCE_PROXIED) and wanted is not None:
        at = max((n for n, one in enumerate(addresses) if one and one.packed == wanted.packed), default=len(entries))
    hops = []
    for place, (text, address) in enumerate(zip([*entries, peer], [*addresses, parse_hop(peer)], strict=True)):
        role = "claim" if place < at else "client" if place == at else "trusted"
        if role == "client" and (wanted is None or address is None or address.packed != wanted.packed):
            role = "stop" if wanted is None else "passed"
        hops.append(Hop(text, address, header if place < len(entries) else kind, role == "trusted", role))
    return Way(
        row["requests"], peer, tuple(hops), client, source, row["client_reason"] or "", client,
        AS_THE_ROW_SAYS if row["policy"] != POLICY_OF_RECORD else POLICY_OF_RECORD, headers,
    )  # fmt: skip


def ways_of(rows: Sequence[Mapping[str, Any]], policy: Policy | None) -> list[Way]:
    """Return the ways of rows of trace/chains, the most frequent first."""
    return [way_of(row, policy) for row in rows]


def alike(ways: Sequence[Way]) -> list[tuple[Way, int]]:
    """
    Return ways with those told once that differ in who the client is, or in what was claimed, alone.

    Each is the most frequent of its kind with the requests of all, and how many clients they are of.
    """
    kinds: dict[tuple[object, ...], list[Way]] = {}
    for way in ways:
        hops = tuple((hop.source, hop.role, hop.text if hop.role == "trusted" else class_of(hop)) for hop in way.hops)
        moved = way.client != way.recorded
        kinds.setdefault((way.source, way.reason, way.judged, moved, hops), []).append(way)
    found = [
        (same[0]._replace(requests=sum(way.requests for way in same)), len({way.client for way in same}))
        for same in kinds.values()
    ]
    return sorted(found, key=lambda pair: -pair[0].requests)


def why(reason: str) -> str:
    """Return the meaning of a reason's code, "" for one that is not ours."""
    return REASONS[reason].meaning if reason in REASONS else ""


def class_of(hop: Hop) -> str:
    """Return what a hop's address is by itself, "" for no address."""
    return "" if hop.address is None else classify(hop.address.packed)


__all__ = ["ROLES", "Resolution", "Way", "class_of", "way_of", "ways_of", "why"]
