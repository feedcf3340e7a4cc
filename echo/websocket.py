"""
`/echo`: the WebSocket that sends every message back, as whoami does with gorilla/websocket 1.5.3. No I/O.

Rules (whoami v1.11.0 app.go; gorilla's server.go, util.go and conn.go; RFC 6455):

* The request must say so in this order: `upgrade` in Connection, `websocket` in Upgrade, GET, version 13, a key of 16
  bytes in Base64. Any Origin and any HTTP/1 version will do; subprotocols and extensions are not taken up.
* Bytes behind the head before the 101 end the connection without an answer, those of a body too: a client may not
  speak before it was heard.
* A message comes back as one frame of its kind, whatever fragments it came in; text need not be UTF-8. A ping comes
  back as a pong at once, between fragments as well.
* All that is wrong with the first two bytes of a frame is told in one close frame of code 1002. What follows a close
  frame, ours or theirs, is not read.
* whoami leaves the connection open after a close frame, and takes messages of any size. Here the caller closes once
  `closed` says so, and a message over the limit is answered with code 1009, as gorilla does under SetReadLimit.
"""

import re
from base64 import b64encode
from hashlib import sha1
from typing import NamedTuple

from echo.request import Fields, Request

MAX_MESSAGE_BYTES = 1 << 20  # echoed from memory, held twice while it is sent: 1 MiB is more than a probe needs
MAX_CONTROL_BYTES = 125  # RFC 6455 §5.5
MAX_LENGTH = (1 << 63) - 1  # Go's int64: beyond it gorilla ends without a close frame

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
NORMAL, GOING_AWAY, PROTOCOL_ERROR, NO_STATUS, ABNORMAL, TOO_BIG = 1000, 1001, 1002, 1005, 1006, 1009
EXPECTED_CODES = (NORMAL, GOING_AWAY, NO_STATUS)  # with these a client just leaves
RECEIVABLE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013})  # and 3000 to 4999
CODE_WORDS = {
    1002: "protocol error",
    1003: "unsupported data",
    1006: "abnormal closure",
    1007: "invalid payload data",
    1008: "policy violation",
    1009: "message too big",
    1010: "mandatory extension missing",
    1011: "internal server error",
}

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
_LIST_ENTRY = re.compile(rb"[ \t]*([!#$%&'*+\-.0-9A-Z^_`a-z|~]+)[ \t]*(,|\Z)")
_KEY = re.compile(rb"[A-Za-z0-9+/]{22}==")  # 16 bytes; Go does not mind the four bits that are left over
_NOT_WEBSOCKET = "websocket: the client is not using the websocket protocol: "
_REASONS = {400: b"Bad Request\n", 405: b"Method Not Allowed\n"}
_REFUSAL_HEADERS = (
    (b"Content-Type", b"text/plain; charset=utf-8"),
    (b"Sec-Websocket-Version", b"13"),
    (b"X-Content-Type-Options", b"nosniff"),
)


class Handshake(NamedTuple):
    """
    The answer to a request for a WebSocket.

    status   101: send `head` as it is, and what follows are frames
             400, 405: an answer like any other, of `headers` and `body`
             0: close the connection, send nothing
    error    why not, in gorilla's words; whoami logs them
    """

    status: int
    head: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    error: str = ""


def handshake(request: Request, *, early: bool = False) -> Handshake:
    """Answer a request; `early`: bytes behind its head are here already, be they its body's."""
    fields = request.fields
    if not _listed(fields, b"Connection", b"upgrade"):
        return _refusal(400, _NOT_WEBSOCKET + "'upgrade' token not found in 'Connection' header")
    if not _listed(fields, b"Upgrade", b"websocket"):
        return _refusal(400, _NOT_WEBSOCKET + "'websocket' token not found in 'Upgrade' header")
    if request.method != b"GET":
        return _refusal(405, _NOT_WEBSOCKET + "request method is not GET")
    if not _listed(fields, b"Sec-Websocket-Version", b"13"):
        return _refusal(400, "websocket: unsupported version: 13 not found in 'Sec-Websocket-Version' header")
    key = request.firsts.get(b"Sec-Websocket-Key", b"")
    if not _KEY.fullmatch(key):
        words = "'Sec-WebSocket-Key' header must be Base64 encoded value of 16-byte in length"
        return _refusal(400, f"websocket: not a websocket handshake: {words}")
    if early:
        return Handshake(0, error="websocket: client sent data before handshake is complete")
    accept = b64encode(sha1(key + _GUID, usedforsecurity=False).digest())
    lines = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
    return Handshake(101, b"\r\n".join((*lines, b"Sec-WebSocket-Accept: " + accept, b"", b"")))


def _refusal(status: int, error: str) -> Handshake:
    return Handshake(status, b"", _REFUSAL_HEADERS, _REASONS[status], error)


def _listed(fields: Fields, name: bytes, token: bytes) -> bool:
    """Return whether a field of this name lists the token before anything that is no list."""
    for field, value in fields:
        entry = _LIST_ENTRY.match(value) if field == name else None
        while entry:
            if entry[1].lower() == token:
                return True
            entry = _LIST_ENTRY.match(value, entry.end()) if entry[2] else None
    return False


class EchoSocket:
    """
    The conversation behind the 101. `feed` it what came; send what it returns.

    What it returns is no longer than what it was fed, one message and a close frame: a caller that waits until the
    client took that before it feeds more needs no other bound.

    closed         the connection must end once all is sent
    messages       echoed, of `payload_bytes` in all
    error          why it ended, in gorilla's words; "" while it goes on, and where the client just closed it
    """

    __slots__ = (
        *("closed", "error", "messages", "payload_bytes"),
        *("_final", "_key", "_kind", "_left", "_limit", "_message", "_open", "_rest"),
    )

    def __init__(self, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.closed = False
        self.messages = 0
        self.payload_bytes = 0
        self.error = ""
        self._limit = max_message_bytes
        self._rest = b""  # less than a frame's head, or a control frame
        self._message = bytearray()
        self._kind = TEXT
        self._open = False  # a fragment came that was not the last
        self._final = True  # the frame being read is the last of its message
        self._left = 0  # bytes of its payload still to come
        self._key = b""  # as it applies to the next of them

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the client's and return those to send."""
        if self.closed:
            return b""
        buffer, at = self._rest + data, 0
        sent: list[bytes] = []
        while not self.closed:
            taken = self._payload(buffer, at, sent) if self._left else self._frame(buffer, at, sent)
            if not taken:
                break
            at += taken
        self._rest = b"" if self.closed else buffer[at:]
        return b"".join(sent)

    def leave(self) -> bytes:
        """End it from our side: return the close frame that says we are going away (RFC 6455 §7.4.1)."""
        if self.closed:
            return b""
        self._end("")
        return _frame_of(CLOSE, GOING_AWAY.to_bytes(2, "big"))

    def feed_eof(self) -> None:
        """Say that no more will come: a client that closed with a close frame has left already."""
        if not self.closed:
            self._end(f"{_close_words(ABNORMAL)}: unexpected EOF")

    def _frame(self, buffer: bytes, at: int, sent: list[bytes]) -> int:
        """Read the head of a frame, and all of it if it is a control frame; return how many bytes that took."""
        if len(buffer) < at + 2:
            return 0
        first, second = buffer[at], buffer[at + 1]
        kind, final, length = first & 0x0F, first >= 0x80, second & 0x7F
        wrong = self._wrong(first, second)
        if wrong:
            sent.append(self._protocol_error(wrong))
            return 2
        head = 6 + (0 if length < 126 else 2 if length == 126 else 8)
        if len(buffer) < at + head:
            return 0
        if length >= 126:
            length = int.from_bytes(buffer[at + 2 : at + head - 4], "big")
        key = buffer[at + head - 4 : at + head]
        if kind >= CLOSE:
            if len(buffer) < at + head + length:
                return 0
            sent.append(self._control(kind, _unmasked(buffer[at + head : at + head + length], key)))
            return head + length
        total = len(self._message) + length
        if total > MAX_LENGTH:
            self._end("websocket: read limit exceeded")
        elif total > self._limit:
            sent.append(_frame_of(CLOSE, TOO_BIG.to_bytes(2, "big")))
            self._end("websocket: read limit exceeded")
        else:
            self._kind = kind or self._kind
            self._open, self._final = not final, final
            self._left, self._key = length, key
            if not length:
                self._frame_end(sent)
        return head

    def _wrong(self, first: int, second: int) -> str:
        """Return all that is wrong with the first two bytes of a frame."""
        kind, final = first & 0x0F, first >= 0x80
        wrong = [f"RSV{number} set" for number, bit in ((1, 0x40), (2, 0x20), (3, 0x10)) if first & bit]
        if kind in (CLOSE, PING, PONG):
            if second & 0x7F > MAX_CONTROL_BYTES:
                wrong.append("len > 125 for control")
            if not final:
                wrong.append("FIN not set on control")
        elif kind in (TEXT, BINARY):
            if self._open:
                wrong.append("data before FIN")
        elif kind != CONTINUATION:
            wrong.append(f"bad opcode {kind}")
        elif not self._open:
            wrong.append("continuation after FIN")
        if second < 0x80:
            wrong.append("bad MASK")
        return ", ".join(wrong)

    def _payload(self, buffer: bytes, at: int, sent: list[bytes]) -> int:
        """Read what is there of the payload of a data frame."""
        piece = buffer[at : at + self._left]
        self._message += _unmasked(piece, self._key)
        self._left -= len(piece)
        turn = len(piece) % 4
        self._key = self._key[turn:] + self._key[:turn]
        if not self._left:
            self._frame_end(sent)
        return len(piece)

    def _frame_end(self, sent: list[bytes]) -> None:
        if self._final:
            self.messages += 1
            self.payload_bytes += len(self._message)
            sent.append(_frame_of(self._kind, self._message))
            self._message = bytearray()

    def _control(self, kind: int, payload: bytes) -> bytes:
        """Answer a control frame."""
        if kind == PING:
            return _frame_of(PONG, payload)
        if kind == PONG:
            return b""
        code = NO_STATUS
        if len(payload) >= 2:
            code = int.from_bytes(payload[:2], "big")
            if code not in RECEIVABLE_CODES and not 3000 <= code <= 4999:
                return self._protocol_error(f"bad close code {code}")
            try:
                payload[2:].decode()
            except UnicodeDecodeError:
                return self._protocol_error("invalid utf8 payload in close frame")
        self._end("" if code in EXPECTED_CODES else _close_words(code))
        return _frame_of(CLOSE, b"" if code == NO_STATUS else payload[:2])

    def _protocol_error(self, words: str) -> bytes:
        self._end("websocket: " + words)
        return _frame_of(CLOSE, PROTOCOL_ERROR.to_bytes(2, "big") + words.encode())

    def _end(self, error: str) -> None:
        self.closed, self.error = True, error
        self._message = bytearray()


def _close_words(code: int) -> str:
    """Return gorilla's words for a close code; the client's own words, which may say anything, are left out."""
    return f"websocket: close {code}" + (f" ({CODE_WORDS[code]})" if code in CODE_WORDS else "")


def _frame_of(kind: int, payload: bytes | bytearray) -> bytes:
    """Return a final frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | kind, size)) + payload
    if size < 1 << 16:
        return bytes((0x80 | kind, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | kind, 127)) + size.to_bytes(8, "big") + payload


def _unmasked(data: bytes, key: bytes) -> bytes:
    size = len(data)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
