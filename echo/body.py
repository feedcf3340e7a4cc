"""
Bytes → the body of a request, after net/http/internal/chunked.go. No I/O.

1. A body is never refused: what is wrong with it is told, in Go's words, behind what was read.
2. Every piece of framing has its limit, so that a stream of it costs no memory.
3. whoami prints a chunked body in chunks of its own: one for each read. So pieces end where Go's reads end: within no
   chunk, unless they are full, and between two where its buffer does not hold the next chunk's size.
"""

import re
from collections.abc import Callable

from echo.request import Fields
from echo.wire import BadLine, header_lines, holds_controls

MAX_BODY_BYTES = 64 << 20  # whoami has no limit and echoes the body from memory; nobody echoes 64 MiB on purpose
MAX_CHUNK_LINE = 4096  # Go's bufio size: a chunk-size line or a trailer block longer than this is an error
MAX_CHUNK_DIGITS = 16
PIECE_BYTES = 32 << 10  # what Go copies at once
GO_READER_BYTES = 4096  # and its reader's buffer
MAX_CHUNK_OVERHEAD = 16 << 10  # Go's limit on framing bytes beyond 16 a chunk: one-byte chunks are an attack

_BLANK_LINE = re.compile(rb"(?:\A|\n)\r?\n")
_LONG_TRAILER = "http: suspiciously long trailer after chunked body"  # Go's words for one cut short, too


class BodyReader:
    """
    Takes a body out of the bytes of a connection. `feed` it the buffer whenever that grew; it eats from its front.

    done   the body is complete, or `error` says why it never will be
    keep   pieces are kept; otherwise they are only counted
    seen   how many of the bytes to come Go's reader holds already, since it read them with the head
    """

    def __init__(self, length: int, *, keep: bool, limit: int = MAX_BODY_BYTES, seen: int = 0) -> None:
        self.chunked = length < 0
        self.keep = keep
        self.limit = limit
        self.pieces: list[bytes] = []
        self.trailers: Fields = []
        self.size = 0
        self.error = ""
        self.done = length == 0
        self._left = 0 if self.chunked else length
        self._overhead = 0
        self._trailer_begun = False  # there is more of it than Go looks at first
        self._seen = seen
        self._piece: list[bytes] = []  # what Go's read in hand has so far
        self._room = PIECE_BYTES  # and what more it takes
        self._step: Callable[[bytearray], bool] = self._chunk_size

    def feed(self, buffer: bytearray) -> None:
        """Eat what belongs to the body."""
        if self.done:
            return
        if self.chunked:
            while not self.done and self._step(buffer):
                pass
        else:
            self._data(buffer, self._left)
            self._end_piece()
        if self.keep and self.size > self.limit:
            self.fail(f"the body is longer than {self.limit:,} bytes, this server's --max-body-bytes")
        elif not self.chunked and not self._left:
            self.done = True

    def feed_eof(self) -> None:
        """Say that no more will come."""
        if self._step != self._trailer or not self.chunked:
            self.fail("unexpected EOF")
        else:
            self.fail(_LONG_TRAILER if self._trailer_begun else "http: unexpected EOF reading trailer")

    def fail(self, error: str) -> None:
        """End the body with an error, unless it is complete."""
        if not self.done:
            self.error = error
            self._finish()

    def _finish(self) -> None:
        self.done = True
        self._end_piece()

    def _end_piece(self) -> None:
        if self._piece:
            self.pieces.append(b"".join(self._piece))
            self._piece = []
        self._room = PIECE_BYTES

    def _data(self, buffer: bytearray, size: int) -> None:
        taken = bytes(buffer[:size])
        del buffer[: len(taken)]
        self._left -= len(taken)
        self.size += len(taken)
        if self.keep and taken:
            self._piece.append(taken)

    def _chunk_size(self, buffer: bytearray) -> bool:
        if self._room < PIECE_BYTES and buffer.find(b"\n", 0, self._seen) < 0:
            self._end_piece()
        newline = buffer.find(b"\n", 0, MAX_CHUNK_LINE)
        if newline >= self._seen:
            self._seen = min(len(buffer), GO_READER_BYTES)
        if newline < 0:
            if len(buffer) >= MAX_CHUNK_LINE:
                self.fail("header line too long")
            return False
        line = bytes(buffer[:newline])
        del buffer[: newline + 1]
        self._seen -= newline + 1
        self._overhead += len(line) + 1  # without its CR, and the CRLF behind the data
        carriage_return = line.find(b"\r")
        if carriage_return != len(line) - 1 or not line:
            self.fail("chunked line ends with bare LF" if carriage_return < 0 else "invalid CR in chunked line")
            return False
        digits = line.rstrip(b" \t\r\n").partition(b";")[0]
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,%d}" % MAX_CHUNK_DIGITS, digits):
            self.fail(_bad_chunk_size(digits))
            return False
        self._left = int(digits, 16)
        self._overhead = max(0, self._overhead - 16 - 2 * self._left)
        if self._overhead > MAX_CHUNK_OVERHEAD:
            self.fail("chunked encoding contains too much non-data")
            return False
        self._step = self._chunk_data if self._left else self._trailer
        return True

    def _chunk_data(self, buffer: bytearray) -> bool:
        if not self._left:
            self._step = self._chunk_end
            return True
        if not self._room:
            self._end_piece()
        if not buffer:
            return False
        wanted = min(self._left, self._room)
        if not self._seen and wanted < GO_READER_BYTES:  # longer ones Go reads past its buffer
            self._seen = min(len(buffer), GO_READER_BYTES)
        taken = min(wanted, self._seen or len(buffer))
        self._data(buffer, taken)
        self._room -= taken
        self._seen = max(0, self._seen - taken)
        return True

    def _chunk_end(self, buffer: bytearray) -> bool:
        if self._room < PIECE_BYTES and self._seen < 2:
            self._end_piece()
        if len(buffer) < 2:
            return False
        if buffer[:2] != b"\r\n":
            self.fail("malformed chunked encoding")
            return False
        if self._seen < 2:
            self._seen += min(len(buffer) - self._seen, GO_READER_BYTES)
        del buffer[:2]
        self._seen -= 2
        self._step = self._chunk_size
        return True

    def _trailer(self, buffer: bytearray) -> bool:
        if buffer[:2] == b"\r\n":
            del buffer[:2]
            self._finish()
            return False
        blank = _BLANK_LINE.search(buffer) if buffer.find(b"\r\n\r\n", 0, MAX_CHUNK_LINE) >= 0 else None
        if blank is None:
            self._trailer_begun = len(buffer) >= 2  # a CRLF would have been the end
            if len(buffer) >= MAX_CHUNK_LINE:
                self.fail(_LONG_TRAILER)
            return False
        block = bytes(buffer[: blank.end()])
        del buffer[: blank.end()]
        try:
            _, self.trailers = header_lines(block)
            _refuse_controls(self.trailers)
        except BadLine as line:
            self.fail(line.words.decode("latin-1"))
        self._finish()
        return False


def _refuse_controls(fields: Fields) -> None:
    for name, value in fields:
        if holds_controls(value) or b"\r" in value:
            raise BadLine("a control character in a trailer", b"malformed MIME header line: %b: %b" % (name, value))


def _bad_chunk_size(digits: bytes) -> str:
    if not digits:
        return "empty hex number for chunk length"
    wrong = re.search(rb"[^0-9A-Fa-f]", digits[: MAX_CHUNK_DIGITS + 1])  # Go looks at one more before it counts
    return "invalid byte in chunk length" if wrong else "http chunk length too large"
