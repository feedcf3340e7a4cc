"""What signatures are to see of a value: its texts, an area each, decoded and in lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.signatures.decode import bounded, decoded, plain_path, readings
from pipeline.signatures.signature import Area

Text = tuple[Area, str]

_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*://[^/?]*", re.IGNORECASE)


def texts_of(area: Area, value: str) -> Iterator[Text]:
    """Yield the texts of a value: of a target if the area is `line`, else of the area that is named."""
    if area == "line":
        yield from _of_target(value)
    elif area == "referer":
        yield from _of_payload(area, value.partition("?")[2] or value, plus=True)
    elif area in ("agent", "header"):
        yield from _of_payload(area, value)
    else:
        yield area, bounded(value).lower()


def _of_payload(area: Area, value: str, *, plus: bool = False) -> Iterator[Text]:
    plain = decoded(value, plus=plus)
    yield area, plain.lower()
    for reading in readings(plain):
        yield area, reading


def _of_target(target: str) -> Iterator[Text]:
    target = bounded(target)
    yield "line", target.lower()
    authority = _ABSOLUTE.match(target)
    if authority is not None:
        target = target[authority.end() :]
    path, mark, query = target.partition("?")
    path = decoded(path)
    small = path.lower()
    yield "path", small
    for reading in readings(path):
        yield "path", reading
    if not mark:
        yield "url", plain_path(small)
        query = small.partition("?")[2]  # an escaped question mark: what is behind it is a query to some
        if query:
            yield "args", query
        return
    query = decoded(query, plus=True)
    small = query.lower()
    yield "url", plain_path(path.lower()) + "?" + small
    yield "args", small
    for reading in readings(query):
        yield "args", reading
