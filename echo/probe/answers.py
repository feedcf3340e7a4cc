"""
What an answer says: whofrom's /explain?format=json, or whoami's /api, read into one value.

Answers are as hostile as requests. A shape that is not ours is a fault and no guess; texts are cut here, and made
printable where they are shown.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from echo.clientip import Address, parse_hop, quote
from echo.clientip.headers import fields
from echo.probe.client import NOT_OURS, Reply
from echo.probe.errors import ProbeFault, Unanswered

WHOFROM, WHOAMI = "whofrom", "whoami"
VERSION = 1  # of /explain's JSON
NONCE_HEADER = "X-Whofrom-Nonce"
MAX_FIELDS = 500  # headers of one request; servers take some 100
MAX_TEXT = 4000  # of a cause or a remedy
MAX_VALUE = 16384  # of a header that came back
MAX_NAMES = 200  # of headers read, of ranges trusted
REDIRECTS = range(300, 400)
GATEWAY = (502, 503, 504)  # a proxy answers in the server's place
UNDERSTOOD = 200


class Answer(NamedTuple):
    """
    What the server saw of one request, and, if it is a whofrom, what it made of it.

    kind        WHOFROM or WHOAMI
    target      of the request line as it arrived
    headers     as they arrived; by whoami sorted, those of one name in order
    peer        the other end of the server's socket; `port` its port, or that of the proxied source, 0 if not told
    proxied     the source that a PROXY header gave
    client      whom it resolved; None too for whoami, which resolves nobody
    source      what named the client: a header, or the socket
    why         the reason, in words
    finding     code; `verdict`, `title`, `cause`, `remedy` are the finding's; `lost_at` the hop that lost the address
    connection  of the server's, by its id, "" if it tells none; `number` of the request on it
    server      which one answered, as far as it says
    reads       headers that its policy reads; `trusted` the ranges that it trusts
    """

    kind: str
    target: str
    headers: tuple[tuple[str, str], ...]
    peer: Address | None
    port: int = 0
    proxied: Address | None = None
    client: Address | None = None
    source: str = ""
    why: str = ""
    finding: str = ""
    verdict: str = ""
    title: str = ""
    cause: str = ""
    remedy: str = ""
    manifest: str = ""
    lost_at: str = ""
    connection: str = ""
    number: int = 0
    server: str = ""
    reads: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()

    def values(self, name: str) -> list[str]:
        """Return the values of a header's fields."""
        return fields(self.headers, name)


class NotOurs(Exception):
    """The body is no such JSON: a fact, which the caller makes a fault, or asks otherwise."""


def check_status(reply: Reply, url: str) -> None:
    """Raise ProbeFault where an answer is none of a server's own."""
    status = reply.status
    if status in REDIRECTS:
        where = f" to {quote(reply.location)}" if reply.location else ""
        raise ProbeFault(f"answered with a redirect ({status}){where}", url, "redirects are not followed: probe that")
    if status in GATEWAY:
        raise Unanswered(
            f"a proxy on the way answered {status}: it got no answer itself",
            url,
            "does the server run, is it ready?",
        )
    if status >= 500:
        raise Unanswered(f"answered {status}", url, "read the server's log")
    if status in (401, 403, 407):
        raise ProbeFault(f"answered {status}: not allowed", url, "pass what it asks for with -H")
    if status == 400:
        raise ProbeFault("answered 400: it refuses the request", url, "is this the scheme (http, https) of the port?")
    if status == 429:
        raise Unanswered("answered 429: too many requests", url, "raise --interval")
    if status != UNDERSTOOD:
        raise ProbeFault(f"answered {status}", url, NOT_OURS)


def read_whofrom(body: bytes) -> Answer:
    """Return what /explain?format=json says. Raises NotOurs."""
    document = _object(_parsed(body))
    if document.get("v") != VERSION:
        raise NotOurs
    finding, client, policy = (_object(document.get(key)) for key in ("finding", "client", "policy"))
    request = _object(document.get("request"))
    connection = _object(request.get("connection"))
    lost_at = document.get("lost_at")
    return Answer(
        WHOFROM,
        _text(request.get("target") or "", MAX_VALUE),
        tuple(_pair(pair) for pair in _list(request.get("headers"), MAX_FIELDS)),
        _end(request.get("peer")),
        _port(request.get("proxied") or request.get("peer")),
        _end(request.get("proxied")),
        _address(client.get("ip")),
        _optional(client.get("source")),
        _optional(client.get("why")),
        _text(finding.get("code")),
        _text(document.get("verdict")),
        _text(finding.get("title")),
        _text(finding.get("cause")),
        _text(finding.get("remedy")),
        _optional(finding.get("manifest")),
        _lost_at(_object(lost_at)) if lost_at is not None else "",
        _optional(connection.get("id")),
        _number(connection.get("request") or 0),
        _server(document.get("server")),
        tuple(_text(name) for name in _list(policy.get("headers"), MAX_NAMES)),
        tuple(_text(name) for name in _list(policy.get("trusted"), MAX_NAMES)),
    )


def read_whoami(body: bytes) -> Answer:
    """Return what /api says. Raises NotOurs."""
    document = _object(_parsed(body))
    found: list[tuple[str, str]] = []
    for name, values in _object(document.get("headers")).items():
        found += [(_text(name), _text(value, MAX_VALUE)) for value in _list(values, MAX_FIELDS)]
    if len(found) > MAX_FIELDS:
        raise NotOurs
    return Answer(
        WHOAMI,
        _text(document.get("url"), MAX_VALUE),
        tuple(found),
        _address(_text(document.get("remoteAddr"))),
        _last_number(_text(document.get("remoteAddr"))),
        server=_optional(document.get("hostname")),
    )


def is_echo_of(answer: Answer, nonce: str, url: str) -> None:
    """Raise ProbeFault where the answer is to another request: a cache's, or of a server that makes things up."""
    if nonce in answer.target or nonce in answer.values(NONCE_HEADER):
        return
    raise ProbeFault(
        "the answer is to another request than ours",
        url,
        "a cache on the way keeps answers of this path: have it pass the path on, or probe past it",
    )


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotOurs from None


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise NotOurs
    return value


def _list(value: object, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise NotOurs
    return value


def _text(value: object, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise NotOurs
    return value[:most]


def _optional(value: object) -> str:
    return "" if value is None else _text(value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise NotOurs
    return value


def _pair(value: object) -> tuple[str, str]:
    pair = _list(value, 2)
    if len(pair) != 2:
        raise NotOurs
    return _text(pair[0]), _text(pair[1], MAX_VALUE)


def _address(value: object) -> Address | None:
    """Return an address; None where there is none, or text that is none (a UNIX socket's)."""
    return parse_hop(_text(value)) if value is not None else None


def _end(value: object) -> Address | None:
    return _address(_object(value).get("ip")) if value is not None else None


def _port(value: object) -> int:
    port = _object(value).get("port") if value is not None else None
    return _number(port) if port is not None else 0


def _last_number(text: str) -> int:
    """Return the port of `10.0.0.1:80`, 0 where there is none."""
    port = text.rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0


def _lost_at(value: Mapping[str, Any]) -> str:
    ip, meaning = _optional(value.get("ip")), _optional(value.get("class"))
    return f"{ip} ({meaning})" if ip and meaning else ip or meaning


def _server(value: object) -> str:
    """Return the name of the host that answered; a pod's is its own."""
    return _optional(_object(value).get("hostname"))
