"""
The vectorised resolver: a batch of records and a policy to the effective client of each row.

It owns no rule. Each distinct hop is parsed once by `echo.clientip.parse_hop` and looked up once in the policy's
ranges; the walk over all chains is then arithmetic on arrays: the boundary of a chain is the last of its hops that is
not a trusted address, so it is found by keeping those hops and taking the last one of each chain.

Equal to `Policy.resolve` on every row; tests hold the two together.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import Policy, classify, parse_hop
from echo.clientip.resolve import (
    ALL_TRUSTED,
    HOP_INVALID,
    NO_HEADER,
    PEER,
    PEER_INVALID,
    PEER_UNTRUSTED,
    RIGHTMOST_UNTRUSTED,
    SOURCE_PEER,
    SOURCE_PROXIED,
)

POLICY_OF_RECORD = "record"  # in column `policy`: the server's own verdict was kept
BLANKS = " \t"
# Classes of addresses that a proxy, a node or a colleague has, and no attacker from outside
INSIDE = frozenset({"loopback", "cloud-metadata", "link-local", "private", "cgnat"})


class Hops:
    """Distinct hops of a batch, each parsed once; the arrays are parallel to the distinct texts."""

    def __init__(self, texts: pa.Array, policy: Policy) -> None:
        """Parse the distinct strings of texts; null stays null."""
        encoded = texts.dictionary_encode()
        addresses = [None if text is None else parse_hop(text) for text in encoded.dictionary.to_pylist()]
        self.index = encoded.indices
        self._text = pa.array([None if address is None else str(address) for address in addresses], pa.string())
        self._packed = pa.array([None if address is None else address.packed for address in addresses], pa.binary())
        self._trusted = pa.array(
            [address is not None and address.packed in policy.trusted for address in addresses], pa.bool_()
        )

    def __len__(self) -> int:
        return len(self.index)

    def text(self) -> pa.Array:
        """Return canonical text a hop; null where it is no address."""
        return self._text.take(self.index)

    def packed(self) -> pa.Array:
        """Return the 16 bytes of each hop."""
        return self._packed.take(self.index)

    def trusted(self) -> pa.Array:
        """Return whether each hop is an address in the policy's ranges; False for a null hop."""
        return pc.fill_null(self._trusted.take(self.index), fill_value=False)

    def classes(self) -> pa.Array:
        """Return the class of each hop."""
        classes = [None if packed is None else classify(packed) for packed in self._packed.to_pylist()]
        return pa.array(classes, pa.string()).take(self.index)


def header_lists(headers: pa.Array, name: str) -> pa.Array:
    """Return for each row all fields of one header joined by commas, in order; null where the row has none."""
    offsets, keys = headers.offsets, headers.keys
    rows = pa.array(range(len(headers)), pa.int64())
    starts, ends = offsets[:-1], offsets[1:]
    counts = pc.subtract(ends, starts)
    row_of_entry = (
        pc.list_parent_indices(pa.ListArray.from_arrays(offsets, keys)) if len(keys) else pa.array([], pa.int64())
    )
    first = offsets[0].as_py() if len(offsets) else 0
    span = pc.sum(counts).as_py() or 0
    wanted = pc.equal(keys.slice(first, span), name)
    joined = pc.binary_join(headers.items.slice(first, span).filter(wanted).cast(pa.list_(pa.string())), ",")
    where = pc.index_in(rows, row_of_entry.cast(pa.int64()).filter(wanted))
    return joined.take(where)


def resolve(peer: pa.Array, chain: pa.Array, policy: Policy, proxied: pa.Array | None = None) -> dict[str, pa.Array]:
    """
    Resolve rows.

    peer     the other end of the socket as text, null if there is none
    chain    all fields of `policy.header` joined by commas, null where the row has none
    proxied  the source of a PROXY header, which takes the peer's place where it is not null

    Returns the columns peer_ip (canonical, null where the peer is no address), client_ip, client_ip_num, client_class,
    client_source, client_reason, client_depth (int64) and peer_trusted (bool).
    """
    rows = len(peer)
    from_proxy = pa.nulls(rows, pa.string()) if proxied is None else proxied
    peers = Hops(peer, policy)
    ends = peers if from_proxy.null_count == rows else Hops(pc.coalesce(from_proxy, peer), policy)
    source = pc.if_else(from_proxy.is_valid(), SOURCE_PROXIED, SOURCE_PEER)
    address = ends.text()
    columns = {
        "client_ip": address,
        "client_ip_num": ends.packed(),
        "client_class": ends.classes(),
        "client_source": pc.if_else(address.is_valid(), source, pa.scalar(None, pa.string())),
        "client_depth": pa.repeat(pa.scalar(0, pa.int64()), rows),
    }
    trusted = ends.trusted()
    if policy.steps[0].name == "remote-addr":
        columns["client_reason"] = pc.if_else(address.is_valid(), PEER.code, PEER_INVALID.code)
        return {**columns, "peer_ip": peers.text(), "peer_trusted": trusted}
    columns["client_reason"] = pa.repeat(pa.scalar(PEER_UNTRUSTED.code), rows)
    # the header is read where the peer is trusted, or is no address at all
    walked = pc.or_(trusted, address.is_null())
    which = pa.array(range(rows), pa.int64()).filter(walked)
    if len(which):
        found = _walk(chain.take(which), policy)
        # row -> its place among the walked, null for the others
        place = pc.index_in(pa.array(range(rows), pa.int64()), which)
        columns = {name: pc.if_else(walked, found[name].take(place), column) for name, column in columns.items()}
    return {**columns, "peer_ip": peers.text(), "peer_trusted": trusted}


def _walk(chain: pa.Array, policy: Policy) -> dict[str, pa.Array]:
    """Walk each chain from the right to its boundary."""
    encoded = chain.dictionary_encode()
    lists = pc.split_pattern(encoded.dictionary, ",")
    hops = Hops(pc.utf8_trim(lists.flatten(), BLANKS), policy)
    parents = pc.list_parent_indices(lists)
    stops = pc.invert(hops.trusted())
    positions = pa.array(range(len(hops)), pa.int64()).filter(stops)
    owners = parents.filter(stops).cast(pa.int64())
    # the last stop of each chain: the one whose follower belongs to another chain
    if len(owners) > 1:
        last = pa.concat_arrays([pc.not_equal(owners[:-1], owners[1:]), pa.array([True])])
        positions, owners = positions.filter(last), owners.filter(last)
    chains = pa.array(range(len(lists)), pa.int64())
    boundary = positions.take(pc.index_in(chains, owners))  # per distinct chain, null where all are trusted
    ends = lists.offsets[1:].cast(pa.int64())
    lengths = lists.value_lengths().cast(pa.int64())
    address = hops.text().take(boundary)
    reason = pc.if_else(
        boundary.is_null(), ALL_TRUSTED.code, pc.if_else(address.is_valid(), RIGHTMOST_UNTRUSTED.code, HOP_INVALID.code)
    )
    source = pc.if_else(address.is_valid(), pa.scalar(policy.header), pa.scalar(None, pa.string()))
    columns = {
        "client_ip": address,
        "client_ip_num": hops.packed().take(boundary),
        "client_class": hops.classes().take(boundary),
        "client_source": source,
        "client_reason": reason,
        "client_depth": pc.coalesce(pc.subtract(ends, boundary), lengths),
    }
    columns = {name: column.take(encoded.indices) for name, column in columns.items()}
    columns["client_reason"] = pc.fill_null(columns["client_reason"], NO_HEADER.code)
    columns["client_depth"] = pc.fill_null(columns["client_depth"], 0)
    return columns
