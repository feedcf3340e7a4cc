"""Opens a source, plain or compressed, a file, or `-` for standard input; what it gives is the text."""

from __future__ import annotations

import lzma
import shlex
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from echo.clientip import printable
from pipeline.errors import Gone, SourceFault, Unfinished
from pipeline.sources.folders import STDIN
from pipeline.sources.packed import ENDS, MAGIC_BYTES, fault_of, packing_of

READ_BYTES = 1 << 20


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

    A compressed file is read through once first: one that is cut short must be refused before its first rows are
    committed.

    told  hears with each read up to which byte of the file, as it lies on the disk, that was
    """
    shown = printable(name)
    packing = None
    try:
        raw: IO[bytes] = sys.stdin.buffer if name == STDIN else Path(name).open("rb", buffering=READ_BYTES)  # noqa: SIM115
        try:
            packing = packing_of(raw.peek(MAGIC_BYTES)[:MAGIC_BYTES])  # type: ignore[attr-defined]  # a BufferedReader
            if packing is not None and name != STDIN and raw.seekable():
                whole = packing.unpack(raw)
                while whole.read(READ_BYTES):
                    pass
                raw.seek(0)
            stream = raw if packing is None else packing.unpack(raw)
            if told is not None:
                stream = cast("IO[bytes]", _Watched(stream, raw, told))
            yield stream, packing is None and name != STDIN
        finally:
            if name != STDIN:
                raw.close()
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        wrong = fault_of(error) if packing is not None else None
        if packing is not None and wrong is not None:
            rest = f"{packing.tool} {shlex.quote(name)} | whofrom ingest -"
            raise (Unfinished if wrong == ENDS else SourceFault)(
                f"the {packing.name} {wrong}", shown, f"fetch it again, or take what can be read of it: {rest}"
            ) from None
        reason = getattr(error, "strerror", None) or error
        fault = Gone if isinstance(error, FileNotFoundError) else SourceFault
        raise fault(f"cannot read it: {reason}", shown, "check the path and its mode") from None
