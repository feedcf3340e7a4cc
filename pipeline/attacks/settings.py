"""
[attacks] of the TOML: what must be known of others, which no log tells.

    [attacks]
    never_block = ["198.51.100.0/24", "file:partners.txt"]    # read by pipeline/exports/guard.py
    crawler_hostnames = "double"
    [attacks.crawler_ranges]
    googlebot = ["file:googlebot.txt"]                         # beside those that are shipped
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echo.clientip import Config, ConfigFault, Ranges
from echo.clientip.config import check_keys, place, string_list
from echo.clientip.lists import FILE, read_list

ATTACKS = "attacks"
RANGES, HOSTNAMES = "crawler_ranges", "crawler_hostnames"
SINGLE, DOUBLE = "single", "double"
# key of [attacks] -> what it holds
ATTACKS_KEYS = {
    "never_block": "Ranges that no block list names, as [trust] ranges takes them.",
    RANGES: (
        "A table: crawler -> ranges it asks from, beside those that are shipped; CIDRs, addresses, or file:PATH, a "
        "list with one range a line (from the TOML's own folder if it is relative)."
    ),
    HOSTNAMES: (
        "What a host name in place of an address is worth: single, its owner may have written anything; double, the "
        "log's writer looked the name up again, as Apache's HostnameLookups Double does."
    ),
}


def attacks_table(config: Config | None) -> Mapping[str, Any]:
    """Return the table. Raises ConfigFault for one that is none, and for keys that are not known."""
    table = config.tables.get(ATTACKS, {}) if config is not None else {}
    path = config.path if config is not None else ""
    if not isinstance(table, dict):
        raise ConfigFault("must be a table", place(path, ATTACKS), f"write [{ATTACKS}]")
    check_keys(table, ATTACKS_KEYS, path, f"[{ATTACKS}]")
    return table


def crawler_ranges(config: Config | None, known: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return crawler -> ranges that the TOML adds. Raises ConfigFault. `known` are the crawlers there are."""
    table = attacks_table(config).get(RANGES, {})
    path = config.path if config is not None else ""
    where = f"[{ATTACKS}.{RANGES}]"
    if not isinstance(table, dict):
        raise ConfigFault("must be a table", place(path, where), f"write {where}")
    check_keys(table, known, path, where)
    found = {}
    for name in table:
        spot = place(path, f"{where} {name}")
        texts: list[str] = []
        try:
            for entry in string_list(table, name, spot):
                listed = entry.startswith(FILE)
                texts += read_list(Path(path).parent / entry.removeprefix(FILE)).ranges if listed else [entry]
            Ranges(texts)
        except ConfigFault as error:
            raise ConfigFault(error.fault, spot, error.next_step) from None
        found[name] = texts
    return found


def hostnames_checked(config: Config | None) -> bool:
    """Return whether host names of the log were looked up in both directions. Raises ConfigFault."""
    value = attacks_table(config).get(HOSTNAMES, SINGLE)
    if value not in (SINGLE, DOUBLE):
        path = config.path if config is not None else ""
        raise ConfigFault(
            f"must be {SINGLE} or {DOUBLE}",
            place(path, f"[{ATTACKS}] {HOSTNAMES}"),
            f'for example {HOSTNAMES} = "{DOUBLE}"',
        )
    return bool(value == DOUBLE)
