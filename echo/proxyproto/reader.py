"""
The incremental reader: bytes as they come in, to a header, to "more", or to "this is no PROXY header".

Rules:

1. No byte is guessed. `PROXY ` and the signature of version 2 begin no HTTP request and no TLS hello, so the first
   bytes tell; where they do not yet, the reader asks for more.
2. The same bytes give the same result however they are cut.
3. What it holds is bounded by v1.MAX_BYTES and v2.MAX_BYTES; each byte is searched once.
4. Whether to believe the header is not decided here: accepting one from an untrusted peer lets it forge.
"""

from typing import NamedTuple

from echo.proxyproto import v1, v2
from echo.proxyproto.header import Header, ProxyError


class NeedMore(NamedTuple):
    """The header is not complete: at least this many bytes are wanted."""

    wanted: int


class NotProxy(NamedTuple):
    """The bytes cannot begin a PROXY header; they are in `Reader.rest`, untouched."""


NOT_PROXY = NotProxy()


class Reader:
    """Reads one header. `rest` holds what came behind it, or everything where it is no header."""

    def __init__(self) -> None:
        self.rest = b""
        self._data = bytearray()
        self._searched = 0

    @property
    def begun(self) -> bool:
        """Return whether bytes came."""
        return bool(self._data)

    def feed(self, data: bytes) -> Header | NeedMore | NotProxy:
        """Take bytes. Raises ProxyError once they began as a header and went on as none; do not feed it again then."""
        self._data += data
        held = self._data
        for start, read in ((v2.SIGNATURE, self._binary), (v1.PREFIX, self._line)):
            if held.startswith(start):
                return read()
            if start.startswith(held):
                return NeedMore(len(start) - len(held))
        self.rest = bytes(held)
        return NOT_PROXY

    def _line(self) -> Header | NeedMore:
        held = self._data
        end = held.find(b"\r\n", self._searched, v1.MAX_BYTES)
        if end < 0:
            if len(held) >= v1.MAX_BYTES:
                raise ProxyError(f"no CRLF in {v1.MAX_BYTES} bytes", v1.MAX_BYTES, bytes(held))
            self._searched = max(0, len(held) - 1)
            return NeedMore(1)
        return self._done(v1.parse_line(bytes(held[:end])))

    def _binary(self) -> Header | NeedMore:
        held = self._data
        if len(held) < v2.FIXED_BYTES:
            return NeedMore(v2.FIXED_BYTES - len(held))
        size = v2.FIXED_BYTES + v2.block_length(bytes(held[: v2.FIXED_BYTES]))
        if len(held) < size:
            return NeedMore(size - len(held))
        return self._done(v2.parse_header(bytes(held[:size])))

    def _done(self, header: Header) -> Header:
        self.rest = bytes(self._data[header.size :])
        return header
