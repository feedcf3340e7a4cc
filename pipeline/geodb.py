"""
One open MaxMind DB: addresses to what it holds for them, each record decoded once.

A broken file is one error that names it, told when it is opened if possible: rows should not depend on it before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import maxminddb

from echo.clientip import printable, quote
from pipeline.errors import GeoFault
from pipeline.mmdb import Tree
from pipeline.places import MAX_NAME_CHARS, NOWHERE, PLACE_COLUMNS, Place, place_of

PROBED_RECORDS = 1000  # read when a database is opened; a millisecond, and enough to meet what breaks readers
PLACES, NETWORKS = "places", "AS numbers"  # what a database may know
MAX_CACHED = 1 << 18  # addresses or records remembered over the batches of a run; more would outweigh a block

# What the readers raise on a broken file: their own error, and whatever decoding garbage as a value leads to.
BROKEN = (
    maxminddb.InvalidDatabaseError,
    ValueError,
    TypeError,
    OverflowError,
    KeyError,
    AttributeError,
    RecursionError,
    MemoryError,
)


class Database:
    """An open database. `build` names it in rows, e.g. `DBIP-City-Lite 2023-04-01`."""

    def __init__(self, path: str) -> None:
        """Raises GeoFault if the file is missing, broken, or not about addresses."""
        self.path = path
        self._of_record: dict[int, Place] = {}
        try:
            self._reader = maxminddb.open_database(path, maxminddb.MODE_AUTO)
            metadata = self._reader.metadata()
            kind = printable(str(metadata.database_type))[:MAX_NAME_CHARS]
            built = datetime.fromtimestamp(metadata.build_epoch, UTC)
        except FileNotFoundError:
            raise GeoFault("no such file", printable(path), "name an .mmdb file") from None
        except BROKEN as error:
            raise self._broken(error) from None
        except OSError as error:
            raise GeoFault(
                f"cannot read it: {error.strerror or error}", printable(path), "name a readable .mmdb"
            ) from None
        self._tree = _tree(path, metadata)
        self.build = f"{kind} {built:%Y-%m-%d}"
        self.subjects = self._probe()
        if not self.subjects:
            raise GeoFault(
                f"holds no places and no AS numbers, its type is {quote(kind)}",
                printable(path),
                "name a country or city database, or one of AS numbers",
            )

    def _probe(self) -> frozenset[str]:
        """Return what the first records, and one in each /8, tell of: PLACES, NETWORKS. A broken file fails here."""
        try:
            first = [place_of(found) for _, found in islice(self._reader, PROBED_RECORDS)]
        except BROKEN as error:
            raise self._broken(error) from None
        seen = [*first, *(self.place(f"{octet}.1.1.1") for octet in range(1, 224))]
        parts = ((PLACES, slice(PLACE_COLUMNS)), (NETWORKS, slice(PLACE_COLUMNS, None)))
        return frozenset(what for what, part in parts if any(found[part] != NOWHERE[part] for found in seen))

    def _broken(self, error: Exception) -> GeoFault:
        opening = str(error).startswith("Error opening database file")  # the path again, and nothing about the fault
        what = "not a MaxMind DB" if opening else printable(str(error))[:120]
        return GeoFault(
            f"the geo database is broken: {what}", printable(self.path), "fetch it again, or go without: --no-geo"
        )

    def record(self, address: str) -> object:
        """Return what it holds for an address in canonical text, as it is. Raises GeoFault."""
        try:
            return self._reader.get(address.partition("%")[0])
        except BROKEN as error:
            raise self._broken(error) from None

    def place(self, address: str) -> Place:
        """Return the geo columns but geo_build of one address; all None if it is unknown. Raises GeoFault."""
        try:
            return place_of(self.record(address))
        except BROKEN as error:
            raise self._broken(error) from None

    def places(self, addresses: Sequence[str]) -> list[Place]:
        """Return the places of addresses: one look-up a record, of which neighbours have the same."""
        if self._tree is None:
            return [self.place(text) for text in addresses]
        if len(self._of_record) > MAX_CACHED:
            self._of_record.clear()
        places = []
        for text, record in zip(addresses, self._tree.records(addresses), strict=True):
            found = NOWHERE if record is None else self._of_record.get(record)
            if found is None and record is not None:
                found = self._of_record[record] = self.place(text)
            places.append(found or NOWHERE)
        return places


def _tree(path: str, metadata: Any) -> Tree | None:
    """Return the search tree of a database, None if it is none that we can walk."""
    try:
        return Tree(path, metadata.node_count, metadata.record_size, metadata.ip_version)
    except (ValueError, OSError):
        return None
