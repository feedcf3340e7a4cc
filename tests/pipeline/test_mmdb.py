"""Which record an address has: the one that a reader of the database finds, for trees of every size and version."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import maxminddb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.geo import Geo
from pipeline.mmdb import LAYOUTS, Tree
from tests.pipeline.mmdb_files import Network, mmdb

MMDB = Path(__file__).parent.parent / "data" / "mmdb"
REAL = [path for path in sorted(MMDB.glob("*.mmdb")) if "roken" not in path.name and "Invalid" not in path.name]


def tree_of(path: Path) -> tuple[Tree, maxminddb.Reader]:
    reader = maxminddb.open_database(str(path))
    found = reader.metadata()
    return Tree(str(path), found.node_count, found.record_size, found.ip_version), reader


def agree(path: Path, addresses: list[str]) -> None:
    """A record has one number, another one another number, and nothing known is no number."""
    tree, reader = tree_of(path)
    with reader:
        version = reader.metadata().ip_version
        seen: dict[int, Any] = {}
        for address, number in zip(addresses, tree.records(addresses), strict=True):
            told = None if version < ip_address(address).version else reader.get(address)
            assert (number is None) == (told is None), address
            if number is not None:
                assert seen.setdefault(number, told) == told
        assert len({str(told) for told in seen.values()}) == len(seen)


NETWORKS: list[Network] = [
    ip_network(text)
    for text in (
        "0.0.0.0/1",
        "81.2.69.0/24",
        "81.2.69.160/27",
        "203.0.113.7/32",
        "::/64",
        "2001:db8::/32",
        "2001:db8::1/128",
    )
]
EDGES = [str(one[at]) for one in NETWORKS for at in (0, -1)] + [
    "128.0.0.0",
    "203.0.113.8",
    "2001:db7::",
    "ffff::",
    "::1",
]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("bits", LAYOUTS)
def test_the_edges_of_networks(tmp_path: Path, bits: int, version: int) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(mmdb({one: {"name": str(one)} for one in NETWORKS if one.version <= version}, bits, version))
    agree(path, EDGES)


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_real_databases(path: Path) -> None:
    with maxminddb.open_database(str(path)) as reader:
        networks = [network for network, _ in reader]
    agree(path, [str(one[0]) for one in networks] + [str(one[-1]) for one in networks] + EDGES)


v4_networks = st.builds(
    lambda number, length: IPv4Network((number, length), strict=False), st.integers(0, 2**32 - 1), st.integers(1, 32)
)
v6_networks = st.builds(
    lambda number, length: IPv6Network((number, length), strict=False), st.integers(0, 2**128 - 1), st.integers(1, 128)
)
addresses = st.builds(IPv4Address, st.integers(0, 2**32 - 1)) | st.builds(IPv6Address, st.integers(0, 2**128 - 1))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(v4_networks | v6_networks, min_size=1, max_size=6, unique=True),
    st.lists(addresses.map(str), max_size=6),
    st.sampled_from(sorted(LAYOUTS)),
)
def test_any_networks_and_any_addresses(
    tmp_path_factory: pytest.TempPathFactory, networks: list[Network], others: list[str], bits: int
) -> None:
    path = tmp_path_factory.mktemp("any") / "x.mmdb"
    path.write_bytes(mmdb({one: {"name": str(one)} for one in networks}, bits))
    agree(path, [str(one[at]) for one in networks for at in (0, -1)] + others)


@pytest.mark.parametrize(("nodes", "bits", "version"), [(1, 25, 6), (1, 24, 5), (0, 24, 6), (10_000, 24, 6)], ids=str)
def test_what_cannot_be_a_tree_is_refused(tmp_path: Path, nodes: int, bits: int, version: int) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(mmdb({NETWORKS[0]: {}}))
    with pytest.raises(ValueError, match="tree"):
        Tree(str(path), nodes, bits, version)


def test_a_tree_of_garbage_ends(tmp_path: Path) -> None:
    """Each record of it is the node itself, so that a walk never leaves it."""
    path = tmp_path / "x.mmdb"
    path.write_bytes(bytes(12))
    assert Tree(str(path), 2, 24, 6).records(["81.2.69.160", "2001:db8::1", "fe80::1%eth0%x"]) == [None] * 3


def test_each_record_is_decoded_once_and_v6_is_unknown_to_a_v4_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.mmdb"
    path.write_bytes(mmdb({ip_network("81.2.69.0/24"): {"country": "GB"}}, version=4))
    geo = Geo(str(path))
    (database,) = geo.databases
    asked = []
    place = database.place
    monkeypatch.setattr(database, "place", lambda address: asked.append(address) or place(address))
    found = geo.columns(pa.array(["81.2.69.1", "81.2.69.2", "81.2.70.1", "2001:db8::1", None]))
    assert found["country"].to_pylist() == ["GB", "GB", None, None, None]
    assert asked == ["81.2.69.1"]
