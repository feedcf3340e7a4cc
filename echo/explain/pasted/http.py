"""A request's head, and whoami's answer of `/`, which has one in it, to what was pasted."""

from collections.abc import Sequence

from echo.clientip import parse_hop, quote
from echo.clientip.dialects import Arrival
from echo.explain.pasted.pasted import UNIX, Form, Pasted, Unlike, endpoint
from echo.explain.pasted.split import ANSWER, CURL, FIELD, HEAD, REQUEST_LINE, Piece
from echo.proxyproto.header import ProxyError
from echo.proxyproto.v1 import parse_line

LOOPBACK = ("127.", "::1")  # beginnings of addresses that every host has
WITHOUT_PEER = "a request does not hold who sent it"


def read_head(piece: Piece) -> Pasted:
    """Read a request, its request line perhaps missing."""
    asked, headers = head(piece.lines)
    source, _ = piece.ends
    proxied = None
    if piece.proxy:
        try:
            header = parse_line(piece.proxy.encode("utf-8", "backslashreplace"))
        except ProxyError as error:
            raise Unlike(str(error)) from None
        proxied = endpoint(str(header.source), header.source_port) if header.source else None
    lacks = "" if source else WITHOUT_PEER
    notes = ("curl-sent",) if piece.via == CURL else ()
    return Pasted("request", asked, Arrival(source or None, headers, proxied), lacks=lacks, notes=notes)


def read_answer(piece: Piece) -> Pasted:
    """Read what whoami, or we, answer at `/`."""
    peer, lacks, own = None, "RemoteAddr is missing", []
    begin = next((at for at, text in enumerate(piece.lines) if REQUEST_LINE.fullmatch(text)), None)
    if begin is None:
        raise Unlike("no request follows its first lines")
    for text in piece.lines[:begin]:
        key, _, value = text.partition(": ")
        if key == "IP" and parse_hop(value) and not value.startswith(LOOPBACK):
            own.append(value)
        if key == "RemoteAddr":
            peer = UNIX if value == UNIX else remote(value)
            lacks = "" if peer else f"RemoteAddr is {quote(value)}, no address"
    asked, headers = head(piece.lines[begin:])
    return Pasted("whoami", asked, Arrival(peer, headers), lacks=lacks, own=tuple(own))


def head(lines: Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """Return method and target ("" without a request line) and the header fields. Raises Unlike."""
    first = REQUEST_LINE.fullmatch(lines[0])
    headers: list[tuple[str, str]] = []
    for text in lines[1 if first else 0 :]:
        field = FIELD.fullmatch(text)
        if text[:1] in (" ", "\t") and headers:  # obs-fold of RFC 9112 §5.2: a blank stands for it
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {text.strip()}")
        elif field is None:
            raise Unlike(f"{quote(text)} is no header field")
        else:
            headers.append((field[1], field[2].strip(" \t")))
    return f"{first[1]} {first[2]}" if first else "", headers


def remote(text: str) -> str | None:
    """Return an end of a connection as Go spells it, `ip:port` or `[v6]:port`."""
    if parse_hop(text) is None or not (text.startswith("[") or text.count(":") == 1):
        return endpoint(text)
    ip, _, port = text.rpartition(":")
    return endpoint(ip, port) or endpoint(text)


HTTP_FORMS = (
    Form("request", HEAD, "a request's head, also as curl -v or tcpdump -A print it", read_head),
    Form("whoami", ANSWER, "what whoami and whofrom answer at /", read_answer),
)
