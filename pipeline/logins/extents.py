"""
How large countries are: the circle around each, for logins whose city is not known.

Two such places are as far apart as the nearest points of their circles, at least: what is impossible by that is
impossible. `extents.csv`: country, latitude and longitude of the circle's centre, its radius in kilometres.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

import pyarrow as pa

SCHEMA = pa.schema([
    ("country", pa.string()), ("latitude", pa.float64()), ("longitude", pa.float64()), ("radius_km", pa.float64()),
])  # fmt: skip


@cache
def extents() -> pa.Table:
    """Return the table of countries."""
    lines = files("pipeline").joinpath("logins", "extents.csv").read_text("utf-8").splitlines()
    rows = [
        {"country": code, "latitude": float(latitude), "longitude": float(longitude), "radius_km": float(radius)}
        for code, latitude, longitude, radius in csv.reader(line for line in lines if not line.startswith("#"))
    ]
    return pa.Table.from_pylist(rows, SCHEMA)
