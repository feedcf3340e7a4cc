"""
Compressed sources: told by their first bytes, whatever the name says, and read as the text that they hold.

Several compressed parts one behind another are one text, as `cat a.gz b.gz` makes them. gzip, bzip2 and xz are read by
the standard library, zstd by pyarrow.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from typing import IO, NamedTuple, cast

import pyarrow as pa

MAGIC_BYTES = 6  # the longest below
# what the readers below raise for data that is cut short, and for data that is no such data
ENDS = "ends before its end"
CUT = "Truncated compressed stream"  # pyarrow's words; the others raise EOFError
BROKEN = (zlib.error, gzip.BadGzipFile, lzma.LZMAError)
BROKEN_WORDS = ("ZSTD decompress failed", "Invalid data stream")  # of OSErrors without a number: pyarrow's, bz2's


class Packing(NamedTuple):
    """A kind of compression: its first bytes, how to read it, and the command that prints what it holds."""

    name: str
    magic: bytes
    unpack: Callable[[IO[bytes]], IO[bytes]]
    tool: str


def _zstd(raw: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"))


PACKINGS = (
    Packing("gzip", b"\x1f\x8b", lambda raw: cast("IO[bytes]", gzip.GzipFile(fileobj=raw, mode="rb")), "zcat"),
    Packing("zstd", b"\x28\xb5\x2f\xfd", _zstd, "zstdcat"),
    Packing("bzip2", b"BZh", lambda raw: cast("IO[bytes]", bz2.BZ2File(raw)), "bzcat"),
    Packing("xz", b"\xfd7zXZ\0", lambda raw: cast("IO[bytes]", lzma.LZMAFile(raw)), "xzcat"),  # noqa: SIM115  # raw is closed
)


def packing_of(head: bytes) -> Packing | None:
    """Return how a source that begins with head is compressed, None if it is not."""
    return next((one for one in PACKINGS if head.startswith(one.magic)), None)


def fault_of(error: Exception) -> str | None:
    """Return what an exception of reading says about the compressed data, None if it is about something else."""
    words = str(error)
    if isinstance(error, EOFError) or CUT in words:
        return ENDS
    if isinstance(error, BROKEN) or (isinstance(error, OSError) and words.startswith(BROKEN_WORDS)):
        return f"is broken: {words}"
    return None
