"""
Write `pipeline/world/`: the shapes of countries and their names, out of what others publish.

    python -m docs.pages.atlas countries-50m.json

It needs what the project does not: that file of npm's package world-atlas 2.0.2 (Natural Earth 4.1, public domain, as
TopoJSON), and PyPI's babel 2.18 (CLDR's names) and pycountry (ISO 3166-1's numbers). It is run when one of these has
changed; what it writes is committed.

1. Arcs, which neighbours share, are made simpler before they become shapes, so that neighbours still fit.
2. What is lost is what a map of 2,000 units does not show: Visvalingam's triangles below LEAST_TRIANGLE, islands below
   LEAST_ISLAND. Countries that are small there get a point beside, or instead, to be drawn as a circle.
3. Parts that have codes of their own by ISO 3166-1 are taken out of the country they are in there (PARTS).
4. Natural Earth draws who is in control (de facto). Its areas without a code go to the code under which geo databases
   have their addresses, or stay land without one (OTHERS).
"""

from __future__ import annotations

import heapq
import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipeline.world.projection import equal_earth

FOLDER = Path(__file__).parents[2] / "pipeline" / "world"
UNITS = 2000 / 5.41  # of the map, by what the projection gives for the equator: 2 × 2.7
LEAST_TRIANGLE, LEAST_ISLAND, SMALL = 2.0, 5.0, 40.0  # square units
DIGITS = 100  # parts of a degree that are kept
LOWEST = -58.0  # degrees of latitude: Antarctica is not drawn, nobody's address is there
LANGS = ("en", "zh_Hans_CN")
CONTINENTS = {"AF": "002", "AN": "AQ", "AS": "142", "EU": "150", "NA": "003", "OC": "009", "SA": "005"}  # in CLDR
EXTRA = ("XK",)  # a code that is no ISO code, and that geo databases use
# (code, code of the part, west, south, east, north)
PARTS = (
    ("FR", "GF", -55, 2, -51, 6), ("FR", "GP", -62, 15.5, -60.9, 16.6), ("FR", "MQ", -61.5, 14.2, -60.7, 15),
    ("FR", "RE", 55, -21.6, 56, -20.6), ("FR", "YT", 45, -13.2, 45.4, -12.5), ("NO", "SJ", -10, 70.5, 35, 81),
    ("NL", "BQ", -70, 11, -62, 18),
)  # fmt: skip
OTHERS = {"Somaliland": "SO", "N. Cyprus": "CY", "Kosovo": "XK"}
# what is too small for a shape: (longitude, latitude)
POINTS = {
    "BQ": (-68.3, 12.2), "BV": (3.4, -54.4), "CC": (96.8, -12.2), "CX": (105.6, -10.5), "GI": (-5.35, 36.14),
    "TK": (-171.8, -9.2), "TV": (179.2, -8.5), "UM": (166.6, 19.3), "AQ": (0.0, -57.0),
}  # fmt: skip

Point = tuple[float, float]


def main(path: str) -> None:
    """Write shapes.json and names.json."""
    topology = json.loads(Path(path).read_text("utf-8"))
    (FOLDER / "shapes.json").write_text(compact(shapes(topology, numbers())) + "\n", "utf-8")
    (FOLDER / "names.json").write_text(json.dumps(names(), ensure_ascii=False, indent=1) + "\n", "utf-8")


def compact(value: Any) -> str:
    """Return JSON without blanks, an entry a line."""
    entries = ",\n".join(f"{json.dumps(key)}:{json.dumps(one, separators=(',', ':'))}" for key, one in value.items())
    return "{" + entries + "}"


def numbers() -> dict[str, str]:
    """Return ISO 3166-1's number -> its letters."""
    import pycountry  # noqa: PLC0415  # see above

    return {one.numeric: one.alpha_2 for one in pycountry.countries}


def names() -> dict[str, dict[str, list[str]]]:
    """Return code -> name in each language, of countries and of continents, as CLDR has them."""
    from babel import Locale  # noqa: PLC0415  # see above

    told = [Locale.parse(lang).territories for lang in LANGS]
    return {
        "continents": {code: [one[number] for one in told] for code, number in CONTINENTS.items()},
        "countries": {code: [one[code] for one in told] for code in sorted({*numbers().values(), *EXTRA})},
    }


def shapes(topology: dict[str, Any], letters: dict[str, str]) -> dict[str, Any]:
    """Return arcs, the rings of each country, and points."""
    arcs = decoded(topology)
    simple = [simplified(arc) for arc in arcs]
    countries: dict[str, list[list[list[int]]]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = letters.get(geometry.get("id", ""), OTHERS.get(geometry["properties"]["name"], ""))
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for polygon in polygons:
            countries.setdefault(part_of(code, ring_of(polygon[0], arcs)), []).append(polygon)
    points = dict(POINTS)
    kept: dict[str, list[list[list[int]]]] = {}
    for code, polygons in sorted(countries.items()):
        sized = sorted(((area(ring_of(one[0], arcs)), one) for one in polygons), key=lambda pair: -pair[0])
        if code == "AQ":
            continue
        if sized[0][0] < SMALL and code and code not in points:
            points[code] = centre(ring_of(sized[0][1][0], arcs))
        large = [one for size, one in sized if size >= LEAST_ISLAND]
        if large:
            kept[code] = large
    used = sorted(
        {
            index if index >= 0 else ~index
            for polygons in kept.values()
            for one in polygons
            for ring in one
            for index in ring
        }
    )
    place = {index: number for number, index in enumerate(used)}
    return {
        "arcs": [deltas(simple[index]) for index in used],
        "countries": {
            code: [[[place[i] if i >= 0 else ~place[~i] for i in ring] for ring in polygon] for polygon in polygons]
            for code, polygons in kept.items()
        },
        "points": {code: [round(x, 2), round(y, 2)] for code, (x, y) in sorted(points.items())},
    }


def decoded(topology: dict[str, Any]) -> list[list[Point]]:
    """Return arcs as longitudes and latitudes (TopoJSON 1.0, §2.2 and §2.1.3)."""
    (scale_x, scale_y), (x0, y0) = topology["transform"]["scale"], topology["transform"]["translate"]
    out = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + x0, y * scale_y + y0))
        out.append(points)
    return out


def ring_of(indices: Sequence[int], arcs: Sequence[Sequence[Point]]) -> list[Point]:
    """Return the points of a ring; ~n is arc n the other way."""
    ring: list[Point] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        ring += arc[1:] if ring else arc
    return ring


def part_of(code: str, ring: Sequence[Point]) -> str:
    """Return the code of a polygon's own, if it lies in the box of one."""
    for whole, part, west, south, east, north in PARTS:
        if code == whole and all(west <= x <= east and south <= y <= north for x, y in ring):
            return part
    return code


def drawn(point: Point) -> Point:
    """Return a point in units of the map."""
    x, y = equal_earth(*point)
    return x * UNITS, y * UNITS


def area(ring: Sequence[Point]) -> float:
    """Return the area of a ring in square units."""
    points = [drawn(point) for point in ring]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:] + points[:1], strict=True))) / 2


def centre(ring: Sequence[Point]) -> Point:
    """Return the middle of a ring's box."""
    xs, ys = [x for x, _ in ring], [y for _, y in ring]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def simplified(arc: list[Point]) -> list[Point]:
    """Take away, the smallest first, the points that make triangles below LEAST_TRIANGLE with their neighbours."""
    points = [drawn(point) for point in arc]
    before, after = list(range(-1, len(arc) - 1)), list(range(1, len(arc) + 1))
    gone = [False] * len(arc)

    def size(at: int) -> float:
        (ax, ay), (bx, by), (cx, cy) = points[before[at]], points[at], points[after[at]]
        return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2

    queue = [(size(at), at) for at in range(1, len(arc) - 1)]
    heapq.heapify(queue)
    closed = arc[0] == arc[-1]
    left = len(arc)
    while queue and left > (4 if closed else 2):
        triangle, at = heapq.heappop(queue)
        if triangle >= LEAST_TRIANGLE:
            break
        if gone[at] or triangle != size(at):
            continue
        gone[at] = True
        left -= 1
        after[before[at]], before[after[at]] = after[at], before[at]
        for near in (before[at], after[at]):
            if 0 < near < len(arc) - 1:
                heapq.heappush(queue, (size(near), near))
    return [point for at, point in enumerate(arc) if not gone[at]]


def deltas(arc: Sequence[Point]) -> list[int]:
    """Return the first point and the way to each next one, in hundredths of a degree."""
    whole = [(round(x * DIGITS), round(max(y, LOWEST) * DIGITS)) for x, y in arc]
    out = [*whole[0]]
    for (ax, ay), (bx, by) in pairwise(whole):
        out += [bx - ax, by - ay]
    return out


if __name__ == "__main__":
    main(sys.argv[1])
