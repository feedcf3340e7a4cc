"""AS numbers for the generated clients: each /16 of IPv4 is of one of 1,200 networks, some of them large."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from random import Random

from benchmarks.ingest.pools import IPV6_NETWORKS, NOT_PUBLIC
from tests.pipeline.mmdb_files import UINT32, mmdb

NETWORKS, FIRST = 1_200, 4_200_000_000  # numbers for private use


def write(path: Path, seed: int = 1) -> None:
    """Write the database."""
    random = Random(seed)
    v4 = [f"{one}.{two}.0.0/16" for one in range(1, 224) if one not in NOT_PUBLIC for two in range(256)]
    v6 = [f"{prefix}::/32" for prefix in IPV6_NETWORKS]
    known = {ip_network(text): _network(int(NETWORKS ** random.random())) for text in [*v4, *v6]}
    path.write_bytes(mmdb(known, record_bits=28))


def _network(number: int) -> dict[str, object]:
    name = f"Network {number} of examples"
    return {"autonomous_system_number": (UINT32, FIRST + number), "autonomous_system_organization": name}
