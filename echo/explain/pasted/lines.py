"""Bytes of a file or of standard input to lines, plain or gzip, with the limits that keep a hostile one harmless."""

import gzip
import zlib
from collections.abc import Iterator
from typing import IO, NamedTuple

from echo.clientip import Fault, printable
from echo.record import header_text

MAX_BYTES = 64 << 20  # in all, decompressed: some 300,000 lines, minutes of work; whole logs are for `whofrom ingest`
MAX_ITEM_BYTES = (
    64 << 10
)  # of one request or line: the largest head that proxies take (Node 16 KiB, nginx 32 KiB) twice
GZIP_MAGIC = b"\x1f\x8b"
BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """A line's number, from 1, and its text, what is no UTF-8 as \\xNN; `overlong` if that was only its beginning."""

    number: int
    text: str
    overlong: bool = False


class Source:
    """The lines of a stream; `cut` is the number of the first line that was not read, 0 if all were."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self.cut = 0
        self._name = printable(name)
        self._stream = stream

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines. Raises Fault where the bytes cannot be read."""
        try:
            yield from self._lines(_plain(self._stream))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise Fault(f"broken gzip: {error}", self._name, "decompress it first, and pipe in what there is") from None
        except OSError as error:
            raise Fault(f"cannot read it: {error.strerror or error}", self._name, "check the path") from None

    def _lines(self, stream: IO[bytes] | gzip.GzipFile) -> Iterator[Line]:
        read = number = 0
        while True:
            raw = stream.readline(MAX_ITEM_BYTES + 1)
            if not raw:
                return
            number += 1
            read += len(raw)
            start = raw
            while raw and not raw.endswith(b"\n") and read <= MAX_BYTES:  # the rest of a line that is too long
                raw = stream.readline(MAX_ITEM_BYTES)
                read += len(raw)
            if read > MAX_BYTES:
                self.cut = number
                return
            if number == 1:
                start = start.removeprefix(BOM)
            yield Line(number, header_text(start).rstrip("\r\n"), len(start) > MAX_ITEM_BYTES)


def _plain(stream: IO[bytes]) -> IO[bytes] | gzip.GzipFile:
    peek = getattr(stream, "peek", None)
    packed = peek is not None and peek(len(GZIP_MAGIC))[: len(GZIP_MAGIC)] == GZIP_MAGIC
    return gzip.GzipFile(fileobj=stream) if packed else stream
