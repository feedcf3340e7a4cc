"""
What an ordinary text must contain to match a pattern: literals of which any match has at least one.

An alternation of hundreds of patterns is slow as an automaton, one of literals is not; so most texts are told apart by
literals alone. It is the idea of Russ Cox's code search (https://swtch.com/~rsc/regexp/regexp4.html), for a set of
patterns that is known beforehand: the best literals are chosen from each pattern's parse tree, which is Python's own.

A text is ordinary if it has none but ORDINARY characters. What of a pattern matches no such text needs no literal.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

# The parser of `re` has no public name since 3.11. The tests of the catalogue fail where it is another.
from re import _constants as names  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, NamedTuple

ORDINARY = frozenset(string.ascii_letters + string.digits + "_-./~=&?,:@+ ")
MAX_EXACT = 256  # texts that a part of a pattern is replaced by; more are not listed
# Literals that half the targets of an ordinary site have tell nothing.
COMMON = frozenset(
    [".php", ".php?", ".asp", ".aspx", ".jsp", ".html", "wp-", "/wp-", "/api/", "/js/", "/css/", "/img/", "/images/"]
    + ["http://", "https://", "mozilla", "mozilla/5.0"]
)
PIECE = 3  # characters
MAX_SPREAD = 1000  # sequences that a pattern is spread to
MAX_CLASS = 4  # characters of a class that are tried one by one
MIN_CHARS = 3  # a literal of two characters is in every other target
# Of a pattern: RE2 keeps an automaton of some MiB, and is ten times slower where that is too little.
MAX_LITERALS = 1000
ENOUGH_CHARS = 9  # a literal of so many is as good as a longer one

Texts = frozenset[str]
Items = Sequence[tuple[Any, Any]]
EMPTY: Texts = frozenset({""})


class Part(NamedTuple):
    """
    What is known of a part of a pattern.

    exact     all texts that it matches, None if these are too many
    required  literals of which each match contains one, None if there are none such
    odd       each match contains a character that is not ordinary
    """

    exact: Texts | None
    required: Texts | None
    odd: bool = False


UNKNOWN = Part(None, None)


def hints(pattern: str) -> tuple[Texts, bool] | None:
    """
    Return literals of which every match of a pattern in an ordinary text contains at least one; and if they are common.

    Empty if no ordinary text can match; None if there are no such literals.
    """
    found = _Reader(ORDINARY, MIN_CHARS).needed(pattern)
    return None if found is None else (found, not found.isdisjoint(COMMON))


def needed(pattern: str) -> tuple[str, ...] | None:
    """Return literals of which every text that matches has one, however short they are, None if there are none such."""
    reader = _Reader(None, 1)
    part = reader.sequence(list(parser.parse(pattern, re.DOTALL)))
    literals = reader.best(part.required, part.exact)
    return None if literals is None else tuple(sorted(literals))


class Pieces:
    """Tells quickly whether any of a few texts has a literal."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._whole = "\n".join(texts)
        whole = self._whole
        self._there = {whole[place : place + PIECE] for place in range(len(whole))}

    def any_of(self, literals: Iterable[str]) -> bool:
        """Return whether a literal of these is there; most are ruled out by their first PIECE characters."""
        return any((len(one) < PIECE or one[:PIECE] in self._there) and one in self._whole for one in literals)


def least(literals: Iterable[str]) -> tuple[str, ...]:
    """Return the literals by which any of them is found: one that holds another is not needed."""
    kept: set[str] = set()
    for text in sorted(set(literals), key=len):
        ends = range(MIN_CHARS, len(text) + 1)
        if not any(text[start:end] in kept for end in ends for start in range(end - MIN_CHARS + 1)):
            kept.add(text)
    return tuple(sorted(kept))


def literal_patterns(texts: Sequence[str]) -> tuple[str, ...]:
    """Return patterns that find any of the literals between them."""
    return tuple(
        "|".join(re.escape(text) for text in texts[start : start + MAX_LITERALS])
        for start in range(0, len(texts), MAX_LITERALS)
    )


def _spread(items: Items, budget: int = MAX_SPREAD) -> Iterator[Items]:
    """Yield A(B|C)D as ABD and ACD, for the branch with the most alternatives, and so on in each."""
    branches = [(len(found), place) for place, item in enumerate(items) if (found := _alternatives(item))]
    count, place = max(branches, default=(0, 0))
    if not count or count > budget:
        yield items
        return
    for inner in _alternatives(items[place]):
        yield from _spread([*items[:place], *inner, *items[place + 1 :]], budget // count)


def _alternatives(item: tuple[Any, Any]) -> list[Items]:
    kind, value = item
    if kind is names.BRANCH:
        return [one.data for one in value[1]]
    if kind is names.SUBPATTERN and len(value[3]) == 1:
        return _alternatives(value[3][0])
    return []


def _worth(text: str) -> int:
    """Return how seldom a literal is met by chance: words are, in every other shop, and behind a slash more often."""
    if text in COMMON:
        return 0
    if text.isalpha():
        return min(ENOUGH_CHARS, len(text))
    if text[0] == "/" and text[1:].isalpha():
        return min(ENOUGH_CHARS, len(text)) - 1
    return min(ENOUGH_CHARS, len(text)) + 4


class _Reader:
    """
    Reads parse trees.

    ordinary  the characters that texts have; None: any
    least     characters of a literal that is worth it
    """

    def __init__(self, ordinary: frozenset[str] | None, least: int) -> None:
        self.ordinary, self.least = ordinary, least
        # by the item's id: what a pattern is spread to has the same items again and again
        self._read: dict[int, Part] = {}

    def needed(self, pattern: str) -> Texts | None:
        """Return the literals for a pattern; a reader is for one."""
        found: set[str] = set()
        tree = list(parser.parse(pattern, re.DOTALL))
        for items in _spread(tree):
            part = self.sequence(items)
            if part.odd:
                continue
            best = self.best(part.required, part.exact)
            if best is None:
                return None
            found |= best
        return frozenset(found)

    def best(self, *candidates: Texts | None) -> Texts | None:
        """Return the literals that are seldom found by chance: the shortest of them is long, and they are few."""
        kept = (None if texts is None else self.kept(texts) for texts in candidates)
        usable = [texts for texts in kept if texts and min(map(len, texts)) >= self.least]
        return max(usable, key=lambda texts: (min(map(_worth, texts)), -len(texts)), default=None)

    def kept(self, texts: Texts) -> Texts:
        """Return those that the texts can contain."""
        return texts if self.ordinary is None else frozenset(filter(self.ordinary.issuperset, texts))

    def sequence(self, items: Items) -> Part:
        """Return what is known of parts one behind the other."""
        run: Texts = EMPTY  # what the end of what was read is, exactly, but for the characters behind it
        chars = ""
        whole, odd = True, False
        best: Texts | None = None
        for item in getattr(items, "data", items):  # a list is gone through faster than what `re` wraps around it
            if item[0] is names.LITERAL:  # which most are
                chars += chr(item[1])
                continue
            if chars:
                run, odd, chars = frozenset([text + chars for text in run]), odd or self.is_odd(chars), ""
            part = self._read.get(id(item)) or self._read.setdefault(id(item), self.item(item))
            odd = odd or part.odd
            if part.exact is not None and len(run) * len(part.exact) <= MAX_EXACT:
                run = frozenset([a + b for a, b in product(run, part.exact)])
                continue
            whole = False
            best = self.best(best, run, part.required, part.exact)
            run = part.exact if part.exact is not None else EMPTY
        if chars:
            run, odd = frozenset([text + chars for text in run]), odd or self.is_odd(chars)
        return Part(run, None, odd) if whole else Part(None, self.best(best, run), odd)

    def is_odd(self, chars: str) -> bool:
        """Return whether one of the characters is not ordinary."""
        return self.ordinary is not None and not self.ordinary.issuperset(chars)

    def item(self, item: tuple[Any, Any]) -> Part:
        """Return what is known of one part that is no single character."""
        kind, value = item
        if kind is names.AT:
            return Part(EMPTY, None)
        if kind is names.IN:
            return self.chars(value)
        if kind is names.SUBPATTERN:
            return self.sequence(value[3])
        if kind is names.BRANCH:
            return self.branch([self.sequence(one) for one in value[1]])
        if kind in (names.MAX_REPEAT, names.MIN_REPEAT):
            least, most, inner = value
            return self.repeat(least, most, self.sequence(inner))
        return UNKNOWN

    def chars(self, members: Items) -> Part:
        """Return what a [class] is: each of its characters, if these are few."""
        if not all(kind is names.LITERAL for kind, _ in members):
            return UNKNOWN
        chars = self.kept(frozenset(chr(value) for _, value in members))
        return Part(chars if 0 < len(chars) <= MAX_CLASS else None, None, not chars)

    def branch(self, parts: list[Part]) -> Part:
        """Return what is known of one part or another."""
        parts = [part for part in parts if not part.odd]
        if not parts:
            return Part(None, None, odd=True)
        needed = [self.best(part.required, part.exact) for part in parts]
        required = None if None in needed else frozenset[str]().union(*(one for one in needed if one is not None))
        exact: set[str] = set()
        for part in parts:
            if part.exact is None:
                return Part(None, required)
            exact |= part.exact
        return Part(frozenset(exact) if len(exact) <= MAX_EXACT else None, required)

    def repeat(self, least: int, most: Any, inner: Part) -> Part:
        """Return what is known of a part that comes again, or not at all."""
        if least == 0:
            if inner.odd:
                return Part(EMPTY, None)
            if most == 1 and inner.exact is not None and len(inner.exact) < MAX_EXACT:
                return Part(self.kept(inner.exact) | EMPTY, None)
            return UNKNOWN
        if least == most == 1:
            return inner
        return Part(None, self.best(inner.required, inner.exact), inner.odd)
