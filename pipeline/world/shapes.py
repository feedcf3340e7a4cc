"""
The shapes of countries, as paths of an SVG and as cells of a text.

`shapes.json` (made by `docs/pages/atlas.py`) has arcs that neighbours share, in hundredths of a degree: the first
point, then the way to each next one; of each country the polygons, as rings of arcs (~n is arc n the other way); and
points for countries that are too small to be seen. The code "" is land that is nobody's by ISO 3166-1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple

from pipeline.world.projection import equal_earth

DIGITS = 100
WIDTH = 2000  # units of the map; coordinates are whole ones, so that a path is short
MARGIN = 4
NORTH, SOUTH = 83.7, -58.0
WEST_EAST = equal_earth(180.0, 0.0)[0]
SCALE = (WIDTH - 2 * MARGIN) / (2 * WEST_EAST)
TOP = equal_earth(0.0, NORTH)[1]
HEIGHT = round((TOP - equal_earth(0.0, SOUTH)[1]) * SCALE) + 2 * MARGIN

Ring = list[tuple[float, float]]


class World(NamedTuple):
    """
    rings   code -> rings of its polygons, in degrees (longitude, latitude)
    points  code of a small country -> where it is
    """

    rings: dict[str, list[Ring]]
    points: dict[str, tuple[float, float]]


@cache
def world() -> World:
    """Return the shapes."""
    data = json.loads(files("pipeline").joinpath("world/shapes.json").read_text("utf-8"))
    arcs = [_arc(numbers) for numbers in data["arcs"]]
    rings = {
        code: [part for polygon in polygons for ring in polygon for part in _cut(_ring(ring, arcs))]
        for code, polygons in data["countries"].items()
    }
    return World(rings, {code: (x, y) for code, (x, y) in data["points"].items()})


def _arc(numbers: list[int]) -> Ring:
    x = y = 0
    points = []
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + dx, y + dy
        points.append((x / DIGITS, y / DIGITS))
    return points


def _ring(indices: list[int], arcs: list[Ring]) -> Ring:
    ring: Ring = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc[1:] if ring else arc
    return ring


def _cut(ring: Ring) -> list[Ring]:
    """Return the parts of a ring that lie on either side of the 180th meridian, where the map ends."""
    whole, turn = [ring[0]], 0.0
    for (before, _), (x, y) in pairwise(ring):
        turn += -360.0 if x - before > 180 else 360.0 if x - before < -180 else 0.0
        whole.append((x + turn, y))
    parts = []
    for shift in (-360.0, 0.0, 360.0):
        part = _west_of(180.0, [(x + shift, y) for x, y in whole])
        part = [(-x, y) for x, y in _west_of(180.0, [(-x, y) for x, y in part])]
        if len(part) > 2:
            parts.append(part)
    return parts


def _west_of(limit: float, ring: Ring) -> Ring:
    """Return the part of a ring that is not east of a meridian (Sutherland and Hodgman)."""
    out: Ring = []
    for (ax, ay), (bx, by) in zip(ring[-1:] + ring[:-1], ring, strict=True):
        if (ax <= limit) != (bx <= limit):
            out.append((limit, ay + (limit - ax) / (bx - ax) * (by - ay)))
        if bx <= limit:
            out.append((bx, by))
    return out


def drawn(longitude: float, latitude: float) -> tuple[int, int]:
    """Return where a point is on a map of WIDTH × HEIGHT, y downwards."""
    x, y = equal_earth(longitude, min(max(latitude, SOUTH), NORTH))
    return round(WIDTH / 2 + x * SCALE), round((TOP - y) * SCALE) + MARGIN


@cache
def paths() -> dict[str, str]:
    """Return code -> the path of its shape."""
    return {code: "".join(map(_path, rings)) for code, rings in world().rings.items()}


def _path(ring: Ring) -> str:
    """Return a ring as a path of relative moves; points that fall upon the one before are left out."""
    points = [drawn(x, y) for x, y in ring]
    (x, y), moves = points[0], []
    for next_x, next_y in points[1:]:
        if (next_x, next_y) != (x, y):
            moves.append(f"{next_x - x}{_signed(next_y - y)}")
            x, y = next_x, next_y
    if len(moves) < 3:
        return ""
    joined = moves[0] + "".join(move if move[0] == "-" else f" {move}" for move in moves[1:])
    return f"M{points[0][0]} {points[0][1]}l{joined}z"


def _signed(number: int) -> str:
    return str(number) if number < 0 else f" {number}"


def circles() -> Iterator[tuple[str, int, int]]:
    """Yield code, x and y of countries that are too small for a shape to be seen."""
    for code, point in world().points.items():
        yield (code, *drawn(*point))


def cells(columns: int, rows: int, values: Mapping[str, Any]) -> list[list[str | None]]:
    """
    Return for each cell of a text map the code of its country, None for water.

    The text map has degrees as its coordinates (NORTH to SOUTH). Of several countries in a cell it is one with a value,
    the one with the highest, else any: what has requests is to be seen.
    """
    grid: list[list[str | None]] = [[None] * columns for _ in range(rows)]

    def put(code: str, column: int, row: int) -> None:
        held = grid[row][column]
        if held is None or (values.get(code, 0) or 0) > (values.get(held, 0) or 0):
            grid[row][column] = code

    for code, rings in world().rings.items():
        for row, first, last in _spans(rings, columns, rows):
            for column in range(first, last + 1):
                put(code, column, row)
    for code, (x, y) in world().points.items():
        if values.get(code):
            put(code, _column(x, columns), _row(y, rows))
    return grid


LINES = 3  # that are looked at in a row of the text map


def _spans(rings: list[Ring], columns: int, rows: int) -> Iterator[tuple[int, int, int]]:
    """Yield row, first and last column of what is inside of some rings, by the even-odd rule."""
    step = (NORTH - SOUTH) / (rows * LINES)
    crossings: dict[int, list[float]] = {}
    for ring in rings:
        for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
            if ay == by:
                continue
            (lx, low), (hx, high) = ((ax, ay), (bx, by)) if ay < by else ((bx, by), (ax, ay))
            first = max(0, int((NORTH - high) / step))
            for line in range(first, min(rows * LINES, int((NORTH - low) / step) + 1)):
                y = NORTH - (line + 0.5) * step
                if low <= y < high:
                    crossings.setdefault(line, []).append(lx + (y - low) / (high - low) * (hx - lx))
    for line, xs in crossings.items():
        xs.sort()
        for west, east in zip(xs[::2], xs[1::2], strict=False):
            yield line // LINES, _column(west, columns), _column(east, columns)


def _column(longitude: float, columns: int) -> int:
    return min(columns - 1, max(0, int((longitude + 180) / 360 * columns)))


def _row(latitude: float, rows: int) -> int:
    return min(rows - 1, max(0, int((NORTH - latitude) / (NORTH - SOUTH) * rows)))
