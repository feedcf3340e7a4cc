"""What is said of places, distances and times; texts out of the lake are quoted as they are, and escaped when shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Row = Mapping[str, Any]


def where(row: Row, prefix: str = "") -> str:
    """Return a row's place: Berlin (DE), Bavaria (DE), DE, or its address where it has none."""
    country, region, city = (row.get(prefix + name) for name in ("country", "region", "city"))
    finest = city or region
    if country is None:
        return str(row.get(prefix + "client_ip") or "an unknown place")
    return f"{finest} ({country})" if finest else str(country)


def network(row: Row, prefix: str = "") -> str:
    """Return a row's network: AS3320 Deutsche Telekom AG; "" if it is not known."""
    asn = row.get(prefix + "asn")
    if asn is None:
        return ""
    return f"AS{asn} {row.get(prefix + 'as_org') or ''}".rstrip()


def moment(time: datetime) -> str:
    """Return a time to the second, UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S}"
