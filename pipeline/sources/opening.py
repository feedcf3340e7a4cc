"""
Opens a source, plain or compressed: a file, an object of a store, or `-` for standard input; what it gives is the text.

A compressed file is read through once first: one that is cut short must be refused before its first rows are committed.
A compressed object is fetched once, not twice, since each byte of it costs time and money: it is kept while it is read,
a large one in a file without a name, which is gone when this process is. A plain object is read in ranges and not kept.
An object is whole when it is there, so its last line is, too: only a plain file may still grow.
"""

from __future__ import annotations

import lzma
import os
import shlex
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from echo.clientip import printable
from pipeline.errors import Gone, SourceFault, Unfinished
from pipeline.sources.folders import STDIN
from pipeline.sources.objects import open_object
from pipeline.sources.packed import ENDS, MAGIC_BYTES, fault_of, packing_of
from pipeline.sources.stores import is_store, source_of

READ_BYTES = 1 << 20
STEADY_BYTES = 1024  # looked at again before more is believed to be of the same log
KEPT_BYTES = 16 << 20  # of a compressed object, kept in memory: most that load balancers write are smaller


class Steady:
    """
    A plain file, which ends for us where it is truncated while it is read: what is there then is of another log.

    A writer that does not append leaves a hole there, and goes on at the offset where it was. What it wrote before is
    in the copy that the rotation has made.
    """

    def __init__(self, raw: IO[bytes], position: int = 0) -> None:
        """`position` is where the file stands; what is before it was not looked at."""
        self._raw, self._position, self._tail = raw, position, b""

    def read(self, size: int = -1) -> bytes:
        """Return what is there, b"" at the end."""
        data = self._raw.read(size)
        if not data or os.pread(self._raw.fileno(), len(self._tail), self._position - len(self._tail)) != self._tail:
            return b""
        self._position += len(data)
        self._tail = (self._tail + data[-STEADY_BYTES:])[-STEADY_BYTES:]
        return data


class _Watched:
    """A stream that tells how far the file below it was read; of standard input, how much came out of it."""

    def __init__(self, stream: IO[bytes], raw: IO[bytes], told: Callable[[int], None]) -> None:
        self._stream, self._raw, self._told = stream, raw, told
        self._seekable, self._count = raw.seekable(), 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._count += len(data)
        self._told(self._raw.tell() if self._seekable else self._count)
        return data


@contextmanager
def opened(name: str, told: Callable[[int], None] | None = None) -> Iterator[tuple[IO[bytes], bool]]:
    """
    Open a source and say whether it may still grow (a plain file), decompressing it whatever the name says.

    told  hears with each read up to which byte of the source, as it is stored, that was
    """
    shown = printable(source_of(name))
    packing = None
    try:
        with ExitStack() as closing:
            raw, size = _raw(name)
            if name != STDIN:
                closing.enter_context(raw)
            packing = packing_of(raw.peek(MAGIC_BYTES)[:MAGIC_BYTES])  # type: ignore[attr-defined]  # a BufferedReader
            if packing is not None and is_store(name):
                kept = closing.enter_context(tempfile.SpooledTemporaryFile(KEPT_BYTES))
                raw, told = _fetched(raw, kept, size, shown, told)
            if packing is not None and name != STDIN and raw.seekable():
                whole = packing.unpack(raw)
                while whole.read(READ_BYTES):
                    pass
                raw.seek(0)
            stream = raw if packing is None else packing.unpack(raw)
            if packing is None and name != STDIN and not is_store(name) and raw.seekable():
                stream = cast("IO[bytes]", Steady(raw))
            if told is not None:
                stream = cast("IO[bytes]", _Watched(stream, raw, told))
            yield stream, packing is None and name != STDIN and not is_store(name)
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        wrong = fault_of(error) if packing is not None else None
        if packing is not None and wrong is not None:
            rest = f"{packing.tool} {'FILE' if is_store(name) else shlex.quote(name)} | whofrom ingest -"
            raise (Unfinished if wrong == ENDS else SourceFault)(
                f"the {packing.name} {wrong}", shown, f"fetch it again, or take what can be read of it: {rest}"
            ) from None
        raise unreadable(error, shown) from None


def unreadable(error: Exception, shown: str) -> SourceFault:
    """Return what is said of a source that the system does not let us read."""
    reason = getattr(error, "strerror", None) or error
    fault = Gone if isinstance(error, FileNotFoundError) else SourceFault
    return fault(f"cannot read it: {reason}", shown, "check the path and its mode")


def _raw(name: str) -> tuple[IO[bytes], int]:
    """Open what holds a source's bytes as they are stored, and tell an object's size, 0 of others."""
    if is_store(name):
        return open_object(name)
    return (sys.stdin.buffer if name == STDIN else Path(name).open("rb", buffering=READ_BYTES)), 0


def _fetched(
    raw: IO[bytes],
    kept: tempfile.SpooledTemporaryFile[bytes],
    size: int,
    shown: str,
    told: Callable[[int], None] | None,
) -> tuple[IO[bytes], Callable[[int], None] | None]:
    """
    Fetch a compressed object whole, and return what holds it now, and who hears how far it is read.

    To whom it is told, fetching is the first half of its bytes, and reading them is the other.
    """
    fetched = 0
    while data := raw.read(READ_BYTES):
        fetched += len(data)
        try:
            kept.write(data)
            kept.flush()
        except OSError as error:
            raise SourceFault(
                f"cannot keep it in {printable(tempfile.gettempdir())} while it is read: {error.strerror}",
                shown,
                f"it needs {size:,} bytes there; name a folder that has them by TMPDIR",
            ) from None
        if told is not None:
            told(fetched // 2)
    kept.seek(0)
    return cast("IO[bytes]", kept), None if told is None else lambda position: told((size + position) // 2)
