"""
What is no request, or one that is cut short: said once in words, counted by kind, answered and logged like any other.

It is no Fault (`echo.errors`): who sent it is not who reads our messages, so the answer itself says what to change.
"""

from echo.units import spell_duration

# kind -> what it counts, in metrics
KINDS = {
    "request-line": "The first line is not METHOD TARGET HTTP/x.y.",
    "target": "The target is no path and no URL.",
    "header": "A header line is none.",
    "host": "The Host header is missing, repeated or no host.",
    "framing": "Content-Length or Transfer-Encoding does not say where the body ends.",
    "version": "A version of HTTP that is not spoken here.",
    "head-too-large": "The head is longer than --max-header-bytes.",
    "cut-off": "The connection ended within the head.",
    "timeout": "The head, the TLS handshake or the PROXY header was not complete in --header-timeout.",
    "tls-on-plain": "A TLS hello on the plain port.",
    "plain-on-tls": "Plain HTTP on the TLS port.",
    "tls-handshake": "A TLS handshake that failed.",
    "proxy-unexpected": "A PROXY header that is not taken from this peer.",
    "proxy-untrusted": "A peer outside the trusted ranges, where a PROXY header is required.",
    "proxy-missing": "No PROXY header, where one is required.",
    "proxy-broken": "A PROXY header that does not parse.",
    "pipelined": "More than --max-pipelined requests at once.",
    "connections": "More than --max-connections connections at once.",
}


class Malformed(Exception):  # not an error of ours: a value the connection answers with
    """
    Bytes that are no request.

    kind    a key of KINDS
    error   what was wrong, for the record
    status, phrase  make the status line of the answer
    body    of the answer
    """

    def __init__(self, kind: str, error: str, phrase: str = "Bad Request", status: int = 400, body: str = "") -> None:
        super().__init__(error)
        self.kind = kind
        self.error = error
        self.status = status
        self.phrase = phrase
        self.body = body or f"{status} {phrase}"


def told(kind: str, error: str, next_step: str, phrase: str = "Bad Request", status: int = 400) -> Malformed:
    """Return one whose answer says what it was and what to change."""
    return Malformed(kind, error, phrase, status, f"{status} {phrase}: {error}; {next_step}\n")


UNAVAILABLE = ("Service Unavailable", 503)


def no_proxy_header() -> Malformed:
    """Return the answer to a connection without the PROXY header that is required."""
    return told(
        "proxy-missing",
        "no PROXY header came, and --proxy-protocol is required",
        "have the balancer send one, or start the server with --proxy-protocol optional (from --trust ranges) or off",
    )


def proxy_untrusted() -> Malformed:
    """Return the answer to a peer that may not send the PROXY header that is required."""
    return told(
        "proxy-untrusted",
        "this peer may not send the PROXY header that is required: it is in no trusted range",
        "connect through the balancer, or name this peer with --trust (or in [trust] ranges of the TOML)",
    )


def proxy_broken(error: Exception) -> Malformed:
    """Return the answer to a PROXY header that does not parse."""
    return told("proxy-broken", str(error), "have the balancer send it as the standard has it")


def head_too_late(seconds: float) -> Malformed:
    """Return the answer to a head that was not complete in so many seconds."""
    return told(
        "timeout",
        f"the head of the request was not complete after {spell_duration(seconds)}",
        "send it faster, or start the server with a longer --header-timeout",
        "Request Timeout",
        408,
    )


def too_many_requests(limit: int) -> Malformed:
    """Return the answer to more requests at once than the limit."""
    return told(
        "pipelined",
        f"more than {limit:,} requests at once",
        "wait for answers, or start the server with a higher --max-pipelined",
        *UNAVAILABLE,
    )


def too_many_connections(limit: int) -> Malformed:
    """Return the answer to a connection beyond the limit."""
    return told(
        "connections",
        f"{limit:,} connections are open already",
        "close some, or start the server with a higher --max-connections",
        *UNAVAILABLE,
    )
