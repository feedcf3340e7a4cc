"""What is read out of something pasted, whichever its form."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from echo.clientip import parse_hop
from echo.clientip.dialects import Arrival
from echo.explain.pasted.split import Piece
from echo.request import spelled_endpoint

UNIX = "@"  # whom whoami names on a UNIX socket
MAX_PORT = 65535

# code -> what a reader of the explanation must know of where it comes from
NOTES = {
    "peer-given": "The other end of the connection is that of --peer.",
    "peer-held": "--peer was not used: what was pasted holds the other end of the connection.",
    "column-derived": (
        "The first column is the other end of the connection, or the client that real_ip (nginx) or mod_remoteip "
        "(Apache) put in its place: the line does not say which. If it was derived, name the other end with --peer."
    ),
    "column-in-header": (
        "The first column stands in X-Forwarded-For too, so it was probably derived from it: name the other end with "
        "--peer, or log $realip_remote_addr."
    ),
    "no-forwarded-logged": "The format of this log has no X-Forwarded-For: it may have come all the same.",
    "ingress-derived": (
        "The first column is ingress-nginx's $remote_addr: the other end of the connection, or with "
        "use-forwarded-headers, enable-real-ip or use-proxy-protocol the client that was derived; then name the other "
        "end with --peer."
    ),
    "of-a-proxy": (
        "A proxy wrote this line: 'this server' is that proxy, and the headers are those with which the request "
        "reached it."
    ),
    "traefik-host": "Traefik's ClientHost is X-Forwarded-For where one came; it was taken for that header.",
    "traefik-column": (
        "The first column is Traefik's ClientHost: X-Forwarded-For where one came, else the other end of the "
        "connection. In its JSON log ClientAddr is the latter."
    ),
    "traefik-headers": (
        "Traefik removes X-Forwarded-* of peers outside forwardedHeaders.trustedIPs before it logs them, and logs "
        "headers only with accesslog.fields.headers.defaultmode=keep."
    ),
    "envoy-forwarded": (
        "Envoy logs X-Forwarded-For as it hands it on: with use_remote_address its last entry is the other end of the "
        "connection."
    ),
    "envoy-derived": (
        "downstream_remote_address is what Envoy derived; its %DOWNSTREAM_DIRECT_REMOTE_ADDRESS% is the other end of "
        "the connection. If they differ, name that with --peer."
    ),
    "curl-sent": "These are the headers as curl sent them: what proxies on the way add is not among them.",
    "judged-otherwise": (
        "Whoever wrote this concluded otherwise: it knew more of the connection than is written down, or had another "
        "configuration."
    ),
}


class Logged(NamedTuple):
    """What the writer of a line had concluded itself; "" where it does not say."""

    client: str = ""
    finding: str = ""


class Pasted(NamedTuple):
    """
    A request, as far as it is known.

    form     a key of FORMS
    asked    method and target
    arrival  the request; `peer` is None where the form does not say who connected
    sure     the peer is the other end of the connection, and nothing derived
    lacks    why there is no peer, in words
    notes    codes of NOTES
    own      addresses that the server had
    in_pod   the server said that it ran in Kubernetes
    time     seconds since 1970, None if unknown
    error    why it is no request, for what is none
    """

    form: str
    asked: str
    arrival: Arrival
    sure: bool = True
    lacks: str = ""
    notes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    in_pod: bool = False
    time: float | None = None
    logged: Logged = Logged()
    error: str = ""


class Unlike(ValueError):
    """A piece that is not of a form; the text says why, hostile text quoted."""


class NoRequest(ValueError):
    """A piece that is known and about no request; the text says what it is."""


class Form(NamedTuple):
    """
    A form by the name that --format takes.

    shape  of the pieces it reads: "head", "answer", "json" or "line"
    read   piece -> Pasted; raises Unlike, or NoRequest
    """

    name: str
    shape: str
    meaning: str
    read: Callable[[Piece], Pasted]


def endpoint(ip: object, port: object = None) -> str | None:
    """Return an end of a connection as programs are told it; None if it is none."""
    if not isinstance(ip, str):
        return None
    address = parse_hop(ip)
    if address is None:
        return None
    number = int(port) if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) < 6 else port
    return spelled_endpoint(str(address), number if type(number) is int and 0 <= number <= MAX_PORT else 0)


def text_of(fields: Mapping[str, object], *names: str) -> str:
    """Return the first of the fields that is text and says something; `-` says nothing."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value not in ("", "-"):
            return value
    return ""
