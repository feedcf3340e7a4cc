"""
Names of countries and continents, from CLDR; of regions and cities, from the geo database that placed them.

A database is asked by an address that was seen there, and believed only where it calls the place what the row calls it:
it may be another than the one that placed the row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from pipeline.geo import Geo
from pipeline.places import MAX_NAME_CHARS, at
from pipeline.report.words import LANGS

# what stands in the place of a code where there is no place -> in each of LANGS
NO_PLACES = {
    "unknown": ("unknown", "未知"),
    "unresolved": ("client not resolved", "客户端未解析"),
    "private": ("private network", "专用网络"),
    "loopback": ("this host (loopback)", "本机（环回）"),
    "link-local": ("link-local", "链路本地"),
    "cgnat": ("carrier NAT", "运营商级 NAT"),
    "documentation": ("documentation", "文档示例地址"),
    "multicast": ("multicast", "组播"),
    "unspecified": ("unspecified", "未指定地址"),
    "reserved": ("reserved", "保留地址"),
    "other": ("other", "其他"),
}
REGION_PATHS = (("subdivisions", 0, "names"), ("region", "names"))
CITY_PATHS = (("city", "names"),)


@cache
def _names() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = json.loads(
        files("pipeline").joinpath("world/names.json").read_text("utf-8")
    )
    return loaded


def country_name(code: str | None, lang: str) -> str | None:
    """Return the name of a country's code, or of a word of NO_PLACES; the code itself if it is none that is known."""
    return _name("countries", code, lang)


def continent_name(code: str | None, lang: str) -> str | None:
    """Return the name of a continent's code, or of a word of NO_PLACES."""
    return _name("continents", code, lang)


def country_codes() -> list[str]:
    """Return the codes that have names: ISO 3166-1's, and XK."""
    return list(_names()["countries"])


def _name(kind: str, code: str | None, lang: str) -> str | None:
    if code is None:
        return None
    names = _names()[kind].get(code) or NO_PLACES.get(code)
    return names[LANGS.index(lang)] if names else code


def local_names(
    geo: Geo | None, samples: Iterable[Mapping[str, Any]], lang: str
) -> dict[tuple[str | None, str | None, str | None], tuple[str | None, str | None]]:
    """
    Return (country, region, city) -> the names of region and city in a language, None where the database has none.

    samples  rows with country, region, city, and client_ip, an address that was seen there

    Raises GeoFault.
    """
    found: dict[tuple[str | None, str | None, str | None], tuple[str | None, str | None]] = {}
    for row in samples if geo is not None else ():
        region, city = (
            _local(geo, row["client_ip"], row[column], paths, lang)
            for column, paths in (("region", REGION_PATHS), ("city", CITY_PATHS))
        )
        found[row["country"], row["region"], row["city"]] = (region, city)
    return found


def _local(geo: Geo | None, address: str | None, name: str | None, paths: Any, lang: str) -> str | None:
    if geo is None or address is None or name is None:
        return None
    for database in geo.databases:
        record = database.record(address)
        for path in paths:
            names = at(record, path)
            if isinstance(names, dict) and names.get("en") == name:
                told = names.get(lang)
                return told[:MAX_NAME_CHARS] if isinstance(told, str) and told else None
    return None
