"""
A plain source read from anywhere: a file, or an object of a store. What is compressed has no anywhere, nor has a pipe.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from echo.clientip import printable
from pipeline.sources.folders import STDIN
from pipeline.sources.objects import open_anywhere
from pipeline.sources.opening import READ_BYTES, Steady, unreadable
from pipeline.sources.packed import MAGIC_BYTES, packing_of
from pipeline.sources.reader import read_head
from pipeline.sources.stores import is_store, source_of


class Plain(NamedTuple):
    """
    An open source.

    at       what gives the bytes at an offset, at most so many; fewer at the end alone
    between  what gives a stream of the bytes between two offsets; of one at a time
    growing  whether it may still grow
    """

    at: Callable[[int, int], bytes]
    between: Callable[[int, int], IO[bytes]]
    size: int
    growing: bool

    def head(self) -> bytes:
        """Return its head, as `read_head` does."""
        return read_head(cast("IO[bytes]", _Forward(self.at)))


class _Forward:
    """The bytes of a source from its start, asked for as they are wanted."""

    def __init__(self, at: Callable[[int, int], bytes]) -> None:
        self._at, self._position = at, 0

    def read(self, size: int) -> bytes:
        data = self._at(self._position, size)
        self._position += len(data)
        return data


@contextmanager
def opened_plain(name: str) -> Iterator[Plain | None]:
    """Open a source; None if it is none that can be read from anywhere. Raises SourceFault."""
    if name == STDIN:
        yield None
        return
    if is_store(name):
        at, between, size = open_anywhere(name)
        yield None if packing_of(at(0, MAGIC_BYTES)) is not None else Plain(at, between, size, growing=False)
        return
    try:
        if not stat.S_ISREG(Path(name).stat().st_mode):
            yield None
            return
        with Path(name).open("rb", buffering=READ_BYTES) as raw:
            number = raw.fileno()

            def at(offset: int, count: int) -> bytes:
                return os.pread(number, count, offset)

            def between(first: int, last: int) -> IO[bytes]:
                raw.seek(first)
                return cast("IO[bytes]", Steady(raw, first))

            packed = packing_of(at(0, MAGIC_BYTES)) is not None
            yield None if packed else Plain(at, between, os.fstat(number).st_size, growing=True)
    except OSError as error:
        raise unreadable(error, printable(source_of(name))) from None
