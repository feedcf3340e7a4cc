"""
Values made of bytes that Hypothesis draws.

Hypothesis takes some 20 microseconds for each choice of a strategy, and a few requests are a hundred choices: longer
than they take to be resolved. As bytes all of them are one choice. Bytes that are 0 are the simplest value, and so are
those beyond the last: what fails becomes simpler as bytes become 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import strategies as st

Value = TypeVar("Value")
ASCII = 128
SURROGATES = range(0xD800, 0xE000)
LAST_CHAR = 0x10FFFF


class Drawn:
    """Makes choices of bytes."""

    def __init__(self, data: bytes) -> None:
        self._left = iter(data)

    def below(self, count: int) -> int:
        """Return a number from 0 to count - 1; count is at most 256."""
        return next(self._left, 0) % count

    def one(self, choices: Sequence[Value]) -> Value:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def many(self, most: int, make: Callable[[Drawn], Value]) -> list[Value]:
        """Return at most so many values."""
        return [make(self) for _ in range(self.below(most + 1))]

    def char(self) -> str:
        """Return a character: half of them are ASCII, the others any but surrogates."""
        if not self.below(2):
            return chr(self.below(ASCII))
        number = (self.below(17) << 16 | self.below(256) << 8 | self.below(256)) % (LAST_CHAR + 1)
        return "\ufffd" if number in SURROGATES else chr(number)


def drawn(size: int, make: Callable[[Drawn], Value]) -> st.SearchStrategy[Value]:
    """Return a strategy of what is made of so many bytes."""
    return st.binary(min_size=size, max_size=size).map(lambda data: make(Drawn(data)))
