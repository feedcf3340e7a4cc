"""
The fields of a record, in the order they are written.

Names follow OpenTelemetry's HTTP conventions with underscores where the name would be read by people every day, and
are short where the convention's is not; `otel` and `ecs` give the dotted name of each there. Within a schema version
fields are only added.

Types: "int" (64 bit), "text" (UTF-8), "ip" (RFC 5952 text), "timestamp" (RFC 3339, UTC, microseconds, "Z"),
"headers" (object: lower-case name -> list of values, arrival order kept per name).
"""

from typing import Literal, NamedTuple

SCHEMA_VERSION = 1

Type = Literal["int", "text", "ip", "timestamp", "headers"]


class Field(NamedTuple):
    """One field. `since` is the schema version that brought it; a nullable field is written as null, never left out."""

    name: str
    type: Type
    nullable: bool
    meaning: str
    otel: str = ""
    ecs: str = ""
    since: int = 1


FIELDS: tuple[Field, ...] = (
    Field("v", "int", False, "Schema version of the record."),
    Field("ts", "timestamp", False, "When the request's head was complete.", "", "@timestamp"),
    Field(
        "peer_ip",
        "ip",
        True,
        "The other end of the socket; null on a UNIX socket.",
        "network.peer.address",
        "source.ip",
    ),
    Field("peer_port", "int", True, "Its port.", "network.peer.port", "source.port"),
    Field("proxied_ip", "ip", True, "The source address that a PROXY header gave."),
    Field("proxied_port", "int", True, "Its port."),
    Field("local_ip", "ip", True, "Our end of the socket.", "network.local.address", "destination.ip"),
    Field("local_port", "int", True, "Its port.", "network.local.port", "destination.port"),
    Field(
        "method",
        "text",
        True,
        "Request method as sent; null if the head was malformed.",
        "http.request.method",
        "http.request.method",
    ),
    Field("target", "text", True, "Request target as sent, query included.", "url.original", "url.original"),
    Field("host", "text", True, "Host header, or the authority of an absolute target.", "server.address", "url.domain"),
    Field("protocol", "text", True, "HTTP/1.0 or HTTP/1.1.", "network.protocol.version", "http.version"),
    Field("user_agent", "text", True, "User-Agent header.", "user_agent.original", "user_agent.original"),
    Field("headers", "headers", False, "Every header field of the request; secrets redacted.", "http.request.header"),
    Field(
        "client_ip", "ip", True, "The effective client, by the server's trust policy.", "client.address", "client.ip"
    ),
    Field("client_source", "text", True, "Where the client was read: peer, proxied-peer or a header's name."),
    Field("client_reason", "text", False, "Why: a code of the reasons table."),
    Field("finding", "text", True, "Code of the verdict that /explain gives on this request."),
    Field(
        "user", "text", True, "Who signed in or is signed in, where a login rule finds it.", "user.name", "user.name"
    ),
    Field("login", "text", True, "success or failure where a login rule matches, else null.", "", "event.outcome"),
    Field("status", "int", False, "Status of the answer.", "http.response.status_code", "http.response.status_code"),
    Field(
        "response_bytes",
        "int",
        False,
        "Bytes of the answer's body.",
        "http.response.body.size",
        "http.response.body.bytes",
    ),
    Field(
        "request_bytes",
        "int",
        False,
        "Bytes of the request's body that were read.",
        "http.request.body.size",
        "http.request.body.bytes",
    ),
    Field(
        "duration_us",
        "int",
        False,
        "Microseconds from the complete head to the answer handed to the socket.",
        "",
        "event.duration",
    ),
    Field(
        "connection_id",
        "text",
        False,
        "One connection of one process: equal for requests of one keep-alive connection.",
    ),
    Field("connection_request", "int", False, "Number of the request on its connection, from 1."),
    Field(
        "tls_version",
        "text",
        True,
        "TLS version of the connection; null in the clear.",
        "tls.protocol.version",
        "tls.version",
    ),
    Field("node", "text", True, "NODE_NAME of the downward API.", "k8s.node.name", "orchestrator.resource.parent.name"),
    Field("pod", "text", True, "POD_NAME, else the host name.", "k8s.pod.name", "orchestrator.resource.name"),
    Field("namespace", "text", True, "POD_NAMESPACE.", "k8s.namespace.name", "orchestrator.namespace"),
    Field("request_id", "text", True, "X-Request-Id header.", "", "http.request.id"),
    Field("trace_id", "text", True, "Trace id of the traceparent header (W3C Trace Context).", "trace_id", "trace.id"),
    Field("error", "text", True, "What was wrong with a malformed request.", "error.type", "error.message"),
)

# Headers that carry secrets: their values are written as REDACTED unless the server was told to log them.
REDACTED_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})
REDACTED = "[redacted]"


def header_text(raw: bytes) -> str:
    """Return a header's name or value as text: UTF-8, each byte that is not as \\xNN, so that JSON can carry it."""
    return raw.decode("utf-8", "backslashreplace")


def json_printable(text: str) -> str:
    """
    Return JSON that says the same without a character that a terminal could obey or misplace.

    JSON itself escapes C0 alone: C1 (U+009B begins a control sequence), bidi marks and line separators pass.
    """
    return text if text.isprintable() else "".join(map(_json_escape, text))


def _json_escape(char: str) -> str:
    if char.isprintable():
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2))
