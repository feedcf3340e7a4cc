"""
What a geo database holds for an address, to the columns of a place and of a network.

1. Any record is read: nested (MaxMind, DB-IP: `country.iso_code`, `city.names.en`, `location.latitude`) or flat
   (`country_code`, `city`, ipinfo's `asn: "AS15169"`, `as_name`). `{}`, "", "None" and null all mean unknown.
2. A database is data from elsewhere: every value is checked for its type and range before it becomes a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pipeline.rows import GEO_COLUMNS

Path = tuple[str | int, ...]
Place = tuple[Any, ...]

MAX_NAME_CHARS = 128  # the longest place name in use has 85 letters; more is not a name
UNKNOWN = ("", "None", "-", "N/A")
NETWORK = ("asn", "as_org")  # columns that tell of an address's network; those before tell of its place
COLUMNS = tuple(column for column in GEO_COLUMNS if column.name != "geo_build")
PLACE_COLUMNS = len(COLUMNS) - len(NETWORK)  # how many of a Place are the place, the others being the network
NOWHERE: Place = (None,) * len(COLUMNS)

# column -> the paths it may stand at, the first that is there wins
TEXT_PATHS: dict[str, tuple[Path, ...]] = {
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
    "as_org": (
        ("autonomous_system_organization",),
        ("traits", "autonomous_system_organization"),
        ("as_name",),
        ("as_org",),
        ("asn", "name"),
        ("as", "name"),
    ),
}
# column -> (paths, largest absolute value)
NUMBER_PATHS: dict[str, tuple[tuple[Path, ...], float]] = {
    "latitude": ((("location", "latitude"), ("latitude",)), 90.0),
    "longitude": ((("location", "longitude"), ("longitude",)), 180.0),
    "accuracy_km": ((("location", "accuracy_radius"), ("accuracy_radius",)), 20_038.0),
}
ASN_PATHS: tuple[Path, ...] = (
    ("autonomous_system_number",),
    ("traits", "autonomous_system_number"),
    ("asn",),
    ("as_number",),
    ("asn", "asn"),
    ("as", "number"),
)
ASN = re.compile(r"(?:AS)?(\d{1,10})", re.ASCII | re.IGNORECASE)
MAX_ASN = (1 << 32) - 1  # RFC 6793; 0 is no network's (RFC 7607)
CODE_LENGTHS = {"continent": 2, "country": 2}  # elsewhere than in a code column, a name may stand at the same path


def place_of(found: object) -> Place:
    """Return the geo columns but geo_build, in their order, of what a database holds for an address."""
    if type(found) is not dict:  # maxminddb gives plain dicts, and this runs for every address: no abc check
        return NOWHERE
    return tuple(_value(found, column.name) for column in COLUMNS)


def joined(places: Iterable[Place]) -> Place:
    """
    Return what several databases know of one address: the place of the first that has one, and so the network.

    A place is never put together from two: a city of one and a country of the other would contradict each other.
    """
    place, network = NOWHERE[:PLACE_COLUMNS], NOWHERE[PLACE_COLUMNS:]
    for one in places:
        if place == NOWHERE[:PLACE_COLUMNS]:
            place = one[:PLACE_COLUMNS]
        if network == NOWHERE[PLACE_COLUMNS:]:
            network = one[PLACE_COLUMNS:]
    return place + network


def at(found: Any, path: Path) -> Any:
    """Return what stands at a path, None if nothing does."""
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and len(found) > step else None
        else:
            found = found.get(step) if type(found) is dict else None
    return found


def _value(found: dict[str, Any], name: str) -> Any:
    if name in TEXT_PATHS:
        return _text(found, name)
    return _asn(found) if name == "asn" else _number(found, *NUMBER_PATHS[name])


# Most paths are those of other databases than this: that their first step is missing is found out without a call.
def _text(found: dict[str, Any], name: str) -> str | None:
    length = CODE_LENGTHS.get(name)
    for path in TEXT_PATHS[name]:
        if path[0] not in found:
            continue
        value = at(found, path)
        if isinstance(value, str) and value not in UNKNOWN and (length is None or len(value) == length):
            return value[:MAX_NAME_CHARS]
    return None


def _number(found: dict[str, Any], paths: tuple[Path, ...], limit: float) -> float | None:
    for path in paths:
        if path[0] not in found:
            continue
        value = at(found, path)
        if isinstance(value, str):  # flat databases write coordinates as text
            try:
                value = float(value)
            except ValueError:
                continue
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= limit:
            return float(value)
    return None


def _asn(found: dict[str, Any]) -> int | None:
    for path in ASN_PATHS:
        if path[0] not in found:
            continue
        value = at(found, path)
        if isinstance(value, str):
            written = ASN.fullmatch(value)
            value = int(written[1]) if written else None
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ASN:
            return value
    return None
