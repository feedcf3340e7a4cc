r"""
Lines as they are pasted to pieces: a request's head, an answer of `/`, a JSON object, a line of a log.

What a terminal shows around them is passed over: prompts, fences, `* ` and `< ` of `curl -v`, `tcpdump -A`'s headers
and what it prints of bytes that are none, status lines with their headers, bodies as long as a head says.
What is left is a piece of shape "line", whether anybody knows it or not.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import orjson

from echo.clientip import parse_address
from echo.explain.pasted.lines import MAX_ITEM_BYTES, Line
from echo.record.combined import is_dated

HEAD, ANSWER, JSON, LINE = "head", "answer", "json", "line"
CURL, TCPDUMP = "> ", "tcpdump"
LAST_CHUNK = "0"
NO_ENDS = ("", "")

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rf"({_NAME}) (\S.*?) (HTTP/\d(?:\.\d)?)\s*", re.ASCII)
FIELD = re.compile(rf"({_NAME}):(.*)", re.ASCII | re.DOTALL)
_ANSWER_KEY = re.compile(r"(?:Hostname|Name|IP|RemoteAddr|Certificate\[\d+\] Subject):(?: |$)")
_STATUS_LINE = re.compile(r"HTTP/\d(?:\.\d)? \d{3}(?: |$)", re.ASCII)
_PROXY_LINE = re.compile(r"PROXY (?:TCP4|TCP6|UNKNOWN)\b")
# in what tcpdump prints of a packet, headers of IP and TCP stand before the request as dots and chance letters
_IN_PACKET = re.compile(r"(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) \S+ HTTP/1\.[01]$")
_STATUS_IN_PACKET = re.compile(r"HTTP/1\.[01] \d{3} ", re.ASCII)
_PACKET = re.compile(
    r"(?:^|\s)(\S+?)\.([0-9]+|[a-z][a-z0-9-]*) > (\S+?)\.([0-9]+|[a-z][a-z0-9-]*): (?:Flags|tcp)", re.ASCII
)
# the first of two lines under -v; with a date before it and an interface behind it, where they are asked for
_PACKET_HEAD = re.compile(
    r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ (?:\S+ +(?:In|Out|P|B|M) +)?(?:IP6?|ARP)\b", re.ASCII
)
_PROMPT = re.compile(r"(?:\[[^\[\]]{1,80}\]|[^\s\[\]\"'{]{0,80})[$#%](?: |$)")
_NOISE = re.compile(r"```|~~~|[*<] |[*<]$|[{}] \[\d+ bytes data\]|\s*$|% Total|--$", re.ASCII)
# what stands before each line of `kubectl logs --prefix --timestamps`, `docker compose logs`, a container's own file
_PREFIX = re.compile(
    r"\[pod/[^\]\s]+\] |[^\s|]+ +\| |\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d) (?:(?:stdout|stderr) [FP] )?", re.ASCII
)
_WRAPPED = '{"log":"'  # a line of a container as Docker's json-file keeps it
_FIELD_NAMES = frozenset(
    {"host", "user-agent", "accept", "x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"}
)


class Piece(NamedTuple):
    """
    Something that was pasted.

    number  of its first line
    lines   without what stood before each of them
    shape   HEAD, ANSWER, JSON or LINE
    via     CURL or TCPDUMP where one of them shows it
    ends    (from, to) of the packet that it came in, "" for what is no address
    proxy   the PROXY header (version 1) before it
    overlong  it goes on, but was not read
    """

    number: int
    lines: list[str]
    shape: str
    via: str = ""
    ends: tuple[str, str] = NO_ENDS
    proxy: str = ""
    overlong: bool = False


def pieces(lines: Iterable[Line], *, by_line: bool = False) -> Iterator[Piece]:
    """Yield the pieces; by_line: each line that is not empty is one, of shape LINE."""
    if by_line:
        for line in lines:
            text = unwrapped(line.text)
            if text.strip():
                yield Piece(line.number, [text], LINE, overlong=line.overlong)
        return
    sent = None  # what curl shows of a request is of no interest where the server's own view follows
    for piece in _pieces(lines):
        if sent is not None and piece.shape not in (ANSWER, JSON):
            yield sent
        sent = piece if piece.via == CURL else None
        if sent is None:
            yield piece
    if sent is not None:
        yield sent


def _pieces(lines: Iterable[Line]) -> Iterator[Piece]:
    splitter = _Splitter()
    for line in lines:
        yield from splitter.feed(line)
    yield from splitter.end()


def unwrapped(text: str) -> str:
    """Return a line without what kubectl, a container's runtime or Docker puts around it."""
    if text.startswith(_WRAPPED):
        try:
            log = orjson.loads(text).get("log")
        except orjson.JSONDecodeError:
            return text
        return log.rstrip("\r\n") if isinstance(log, str) else text
    for _ in range(2):  # --prefix and --timestamps together
        found = _PREFIX.match(text)
        if found is None:
            break
        text = text[found.end() :]
    return text


class _Splitter:
    """Where the lines stand: in a piece, in an answer's head, in a body, in a packet, or between."""

    def __init__(self) -> None:
        self._open: Piece | None = None
        self._size = 0  # of the open piece
        self._in_head = False  # the open piece has its request line
        self._body = 0  # bytes of a body that are still to come
        self._in_answer = False
        self._packet: tuple[str, str] | None = None  # its ends
        self._answered = False  # the packet holds an answer
        self._proxy = ""

    def feed(self, line: Line) -> Iterator[Piece]:
        """Take a line; yield the pieces that it ends or is."""
        text = unwrapped(line.text)
        if self._open is not None:
            done, taken = self._continue(self._open, text, overlong=line.overlong)
            if done:
                yield from self.end()
            if taken:
                return
        yield from self._begin(line, text)

    def end(self) -> Iterator[Piece]:
        """Yield the piece that is open."""
        piece, self._open = self._open, None
        if piece is not None:
            yield piece

    def _continue(self, piece: Piece, text: str, *, overlong: bool) -> tuple[bool, bool]:
        """Return whether the open piece is complete, and whether the line belongs to it."""
        self._size += len(text) + 1
        if overlong or self._size > MAX_ITEM_BYTES:
            self._open = piece._replace(overlong=True)
            return True, True
        if piece.shape == JSON:
            piece.lines.append(text)
            return text.rstrip() == "}", True
        if piece.via == CURL:
            if not text.startswith(">"):
                return True, False
            text = text[1:].removeprefix(" ")
        if not text.strip(" \t"):
            self._body = _body_bytes(piece.lines) if self._in_head else 0
            return True, True
        if self._in_head:
            belongs = FIELD.fullmatch(text) is not None or text[0] in " \t"
        else:
            self._in_head = REQUEST_LINE.fullmatch(text) is not None
            belongs = self._in_head or _ANSWER_KEY.match(text) is not None
        if belongs:
            piece.lines.append(text)
        return not belongs, belongs

    def _begin(self, line: Line, text: str) -> Iterator[Piece]:
        """Begin a piece with a line, or pass it over."""
        packet = _PACKET.search(text)
        if packet or _PACKET_HEAD.match(text):
            self._packet = (_end(packet[1], packet[2]), _end(packet[3], packet[4])) if packet else NO_ENDS
            self._body, self._in_answer, self._answered = 0, False, False
            return
        if self._packet is not None and not is_dated(text):
            found = _IN_PACKET.search(text)
            if found and not self._answered:
                self._start(Piece(line.number, [found[0]], HEAD, TCPDUMP, self._packet), line)
                self._packet = None
                return
            self._answered = self._answered or _STATUS_IN_PACKET.search(text) is not None
            if self._answered:  # the request stands in a packet of its own
                return
        if self._in_answer:  # its fields look like those of a request
            self._in_answer = FIELD.fullmatch(text) is not None
            if self._in_answer:
                return
        shape, via, first = _shape(text)
        if shape == LINE and (self._packet is not None or self._body > 0) and not is_dated(text):
            self._body = 0 if text == LAST_CHUNK else max(0, self._body - len(text) - 1)
            return
        self._body = 0
        if _STATUS_LINE.match(text):
            self._in_answer = True
        elif _PROXY_LINE.match(text):
            self._proxy = text
        elif shape == LINE:
            if not (_NOISE.match(text) or _PROMPT.match(text)):
                yield Piece(line.number, [text], LINE, overlong=line.overlong)
        else:
            self._packet = None
            self._start(Piece(line.number, [first], shape, via, proxy=self._proxy), line)
            self._proxy = ""
            if shape == JSON and text.strip() != "{":
                yield from self.end()

    def _start(self, piece: Piece, line: Line) -> None:
        self._open = piece._replace(overlong=line.overlong)
        self._size = len(line.text)
        self._in_head = piece.shape == HEAD


def _shape(text: str) -> tuple[str, str, str]:
    """Return the shape of the piece that a line begins, how it is shown, and the line without that."""
    via = CURL if text.startswith(CURL) else ""
    first = text.removeprefix(via)
    if text.lstrip().startswith("{") and not _NOISE.match(text):
        return JSON, "", text
    if not via and _ANSWER_KEY.match(text):
        return ANSWER, "", text
    if REQUEST_LINE.fullmatch(first):
        return HEAD, via, first
    field = FIELD.fullmatch(text)
    if field and field[1].lower() in _FIELD_NAMES:
        return HEAD, "", text
    return LINE, "", text


def _body_bytes(lines: list[str]) -> int:
    """Return how many bytes of a body follow a head; a chunked one's are not known, nor is one longer than a piece."""
    for text in lines:
        name, _, value = text.partition(":")
        if name.lower() == "content-length" and value.strip().isascii() and value.strip().isdigit():
            return min(int(value.strip()[:9]), MAX_ITEM_BYTES)
        if name.lower() == "transfer-encoding" and "chunked" in value.lower():
            return MAX_ITEM_BYTES
    return 0


def _end(host: str, port: str) -> str:
    address = parse_address(host)
    if address is None:
        return ""
    return f"[{address}]:{port}" if not address.is_ipv4 else f"{address}:{port}"
