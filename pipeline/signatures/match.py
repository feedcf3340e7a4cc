"""
Texts to the signatures that they match.

Signatures of a family that look at the same areas are one alternation; only texts that match it are matched by each of
its signatures. All matching is RE2's, which takes time in proportion to the text, whatever the text and the pattern.

Where texts are few, making all automata would take longer than using them. Then only those signatures are tried of
which a text has a literal that no match can do without (`hints.needed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.signatures.catalogue import SIGNATURES
from pipeline.signatures.hints import Pieces
from pipeline.signatures.literals import literals
from pipeline.signatures.signature import Area
from pipeline.signatures.texts import Text

MAX_FEW = 20_000  # characters of texts that are few

FLAGS = "(?s)"  # a line end is a character like others

Hits = tuple[int, ...]  # numbers of SIGNATURES, rising


class Group(NamedTuple):
    """Signatures of a family that look at the same areas, and the pattern that matches what any of them does."""

    where: tuple[Area, ...]
    pattern: str
    numbers: tuple[int, ...]


def either(patterns: Iterable[str]) -> str:
    """Return a pattern that matches what any of these does."""
    return FLAGS + "|".join(f"(?:{pattern})" for pattern in patterns)


def _groups() -> tuple[Group, ...]:
    def key(number: int) -> tuple[str, tuple[Area, ...]]:
        return SIGNATURES[number].family, SIGNATURES[number].where

    numbers = sorted(range(len(SIGNATURES)), key=key)
    return tuple(
        Group(where, either(SIGNATURES[number].pattern for number in members), tuple(members))
        for (_, where), found in groupby(numbers, key=key)
        if (members := list(found))
    )


GROUPS = _groups()


def _tried(texts: Mapping[Area, Sequence[str]]) -> Iterator[Group]:
    """Yield the groups with those signatures alone that one of a few texts may match."""
    there = {area: Pieces(column) for area, column in texts.items()}
    known = literals().needed
    for group in GROUPS:
        here = [there[area] for area in group.where if area in there]
        numbers = tuple(number for number in group.numbers if _may(known[SIGNATURES[number].id], here))
        if numbers:
            yield Group(group.where, either(SIGNATURES[number].pattern for number in numbers), numbers)


def _may(needed: tuple[str, ...] | None, here: Sequence[Pieces]) -> bool:
    return needed is None or any(pieces.any_of(needed) for pieces in here)


def matched(values: Sequence[Iterable[Text]]) -> list[Hits]:
    """Return for each value the signatures that any of its texts matches."""
    owners: dict[Area, list[int]] = {}
    texts: dict[Area, list[str]] = {}
    for number, value in enumerate(values):
        for area, text in value:
            owners.setdefault(area, []).append(number)
            texts.setdefault(area, []).append(text)
    arrays = {area: pa.array(column, pa.string()) for area, column in texts.items()}
    hits: list[set[int]] = [set() for _ in values]
    few = sum(map(len, chain.from_iterable(texts.values()))) < MAX_FEW
    for group in _tried(texts) if few else GROUPS:
        here = [area for area in group.where if area in arrays]
        if not here:
            continue
        column = pa.concat_arrays([arrays[area] for area in here])
        which = pc.indices_nonzero(pc.match_substring_regex(column, group.pattern))
        if not len(which):
            continue
        owner = list(chain.from_iterable(owners[area] for area in here))
        places, column = which.to_pylist(), column.take(which)
        for number in group.numbers:
            found = pc.match_substring_regex(column, FLAGS + SIGNATURES[number].pattern)
            for place in pc.indices_nonzero(found).to_pylist():
                hits[owner[places[place]]].add(number)
    return [tuple(sorted(found)) for found in hits]
