"""
In which form /explain answers: the query says (`?format=json`), else what the client accepts (RFC 9110 §12.5.1).

A form's weight is that of the narrowest range that holds its type. Between equal weights the narrower range wins
(`application/json, */*` is JSON), then what is written first, then text: `*/*`, which curl sends, is text.
"""

import re

from echo import query
from echo.request import Request

TEXT, JSON, HTML = "text", "json", "html"
# form -> the type that asks for it, the one that is sent unasked first
TYPES = {TEXT: b"text/plain", JSON: b"application/json", HTML: b"text/html"}
MAX_RANGES = 64  # of the Accept header that are read: browsers send eight, a stranger sends a million
_QUALITY = re.compile(rb"[ \t]*[qQ]=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*")


def form_of(request: Request) -> str:
    """Return TEXT, JSON or HTML."""
    asked = query.value(request.query, b"format")
    if asked:
        return next((form for form in TYPES if form.encode() == asked), TEXT)
    return accepted(b",".join(value for name, value in request.fields if name == b"Accept"))


def accepted(accept: bytes) -> str:
    """Return the form that an Accept header asks for."""
    best, found = (0.0, 0, 0), TEXT
    ranges = [(*_range(part), place) for place, part in enumerate(accept.split(b",", MAX_RANGES)[:MAX_RANGES])]
    for form, kind in TYPES.items():
        whole = kind.partition(b"/")[0] + b"/*"
        for narrow, name in ((3, kind), (2, whole), (1, b"*/*")):
            weights = [(quality, narrow, -place) for written, quality, place in ranges if written == name]
            if weights:
                if max(weights) > best and max(weights)[0]:
                    best, found = max(weights), form
                break
    return found


def _range(part: bytes) -> tuple[bytes, float]:
    """Return a media range in lower case, and its weight; one whose weight is broken weighs nothing."""
    name, *parameters = part.split(b";")
    quality = 1.0
    for parameter in parameters:
        if parameter.strip(b" \t")[:2].lower() == b"q=":
            found = _QUALITY.fullmatch(parameter)
            quality = float(found[1]) if found else 0.0
    return name.strip(b" \t").lower(), quality
