"""
Which values may match at all: the few that Python has to look at, found by RE2 in all that a batch has.

A value may match if it is odd, that is, not made of what ordinary ones are made of; or if it has one of the literals
that patterns for ordinary characters need (`hints`); or if it matches one of the few such patterns that need none.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, reduce

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.signatures.catalogue import SIGNATURES
from pipeline.signatures.hints import MIN_CHARS, hints, least, literal_patterns, needed
from pipeline.signatures.literals import Literals, Prefilter, literals
from pipeline.signatures.match import either
from pipeline.signatures.signature import Area

# What ordinary targets are not made of. Escapes of letters beyond ASCII are ordinary, those of ASCII but the space are
# not, nor those of forms that NFKC makes ASCII (U+FFxx, circled letters), nor of UTF-8 that is too long.
ODD_IN_TARGET = (
    r"[^\w\-./~=&?,:@+% ]|%[013-7]|%2[1-9a-fA-F]|%[cC][01]|%[eE]0%[89]|%[fF]0%8|%[eE][fF]%[bB]|%[eE]2%9"
    r"|%[eE]5%98%8[aAdD]|%[uU]|%$|%[^0-9a-fA-F]|\.\.|//|^[^/]|=~|--(?:[ +&]|%20|$)"
)
# Headers are full of quotes, semicolons and parentheses; of a payload these are odd. In lower case.
ODD_IN_HEADER = (
    r"[<>{}`$\\|^]|%(?:[01]|2[1-4789a]|25|3[bce]|5[bce]|60|7[bce]|c[01]|u)|&#|&[a-z]{2,6};|\.\./|'|\(\)|/\*|--|\bor\b"
    r"|union|select|sleep|:\W*[a-z0-9+.-]+://|[^\x00-\x7f]"
)
PREFILTERED: tuple[Area, ...] = ("line", "agent", "header", "referer")  # columns whose ordinary values are told
FEW_BYTES = 8 << 10  # of values that Python looks through faster than RE2 makes its automata: 1 ms, not 6
TARGET_AREAS = frozenset[Area]({"line", "url", "path", "args"})


def suspects(area: Area, values: pa.Array) -> pa.Array:
    """Return for each value of a column whether it may match; `line` is the target's."""
    if area == "line":
        odd = pc.match_substring_regex(values, ODD_IN_TARGET)
        rest = pc.if_else(odd, None, pc.ascii_lower(values))  # a null costs nothing
        for written in ("+", "%20"):
            rest = pc.replace_substring(rest, written, " ")
        found = pc.or_(odd, pc.fill_null(_hit("line", rest), fill_value=False))
    elif area in PREFILTERED:
        small = pc.ascii_lower(values)
        found = pc.or_(_hit(area, small), pc.match_substring_regex(small, ODD_IN_HEADER))
    else:
        found = values.is_valid()
    return pc.fill_null(found, fill_value=False)


def _hit(area: Area, values: pa.Array) -> pa.Array:
    """Return for each value, in lower case, whether it may match by ordinary characters alone."""
    known = literals().prefilters[area]
    found = _has(values, known.literals)
    left = pc.if_else(found, None, values)
    if known.common:
        left = pc.if_else(_has(left, known.common), left, None)
    return pc.or_(found, _any(left, known.rest))


def _has(values: pa.Array, texts: tuple[str, ...]) -> pa.Array:
    """Return for each value whether it has one of the literals; null does not."""
    if values.nbytes > FEW_BYTES:
        return _any(values, _patterns(texts))
    few = values.to_pylist()
    whole = "\n".join(value or "" for value in few)
    there = {whole[place : place + MIN_CHARS] for place in range(len(whole))}
    begun = _by_beginning(texts)
    literals = [one for piece in there & begun.keys() for one in begun[piece] if one in whole]
    return pa.array([value is not None and any(one in value for one in literals) for value in few], pa.bool_())


_patterns = cache(literal_patterns)


@cache
def _by_beginning(texts: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        found.setdefault(text[:MIN_CHARS], []).append(text)
    return found


def _any(values: pa.Array, patterns: tuple[str, ...]) -> pa.Array:
    """Return for each value whether it matches one of the patterns; null does not."""
    hits = (pc.fill_null(pc.match_substring_regex(values, pattern), fill_value=False) for pattern in patterns)
    return reduce(pc.or_, hits, pa.repeat(pa.scalar(False), len(values)))


def worked_out() -> Literals:
    """Return what the package is to bring."""
    return Literals(
        {area: prefilter(area) for area in PREFILTERED}, {one.id: needed(one.pattern) for one in SIGNATURES}
    )


def prefilter(area: Area) -> Prefilter:
    """Work out the prefilter for the values of a column."""
    areas = TARGET_AREAS if area == "line" else frozenset({area})
    rare: set[str] = set()
    common: set[str] = set()
    rest, unhinted = [], False
    for one in SIGNATURES:
        if areas.isdisjoint(one.where) or not (areas.issuperset(one.where) or (one.plain and area == "line")):
            continue
        found = hints(one.pattern)
        if found is not None and not found[1]:
            rare |= found[0]
            continue
        rest.append(one.pattern)
        unhinted = unhinted or found is None
        common |= found[0] if found is not None else set()
    return Prefilter(_literals(rare), () if unhinted else _literals(common), (either(rest),) if rest else ())


def _literals(texts: Iterable[str]) -> tuple[str, ...]:
    return least(text.replace("+", " ") for text in texts)
