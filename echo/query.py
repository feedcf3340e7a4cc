"""A request's query, read as Go's url.ParseQuery reads it: a pair with `;` or a bad escape is dropped."""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def values(query: bytes, name: bytes) -> Iterator[bytes]:
    """Yield the values of a parameter, decoded."""
    if name not in query and b"%" not in query:
        return
    # most pairs are told at once from the one that is wanted: strangers send a million of them
    for pair in [pair for pair in query.split(b"&") if name in pair or b"%" in pair]:
        key, _, value = pair.partition(b"=")
        if b";" in pair or _BAD_ESCAPE.search(pair):
            continue
        if unquote_to_bytes(key.replace(b"+", b" ")) == name:
            yield unquote_to_bytes(value.replace(b"+", b" "))


def value(query: bytes, name: bytes) -> bytes:
    """Return the first value of a parameter, empty without one."""
    return next(values(query, name), b"")
