"""
HAProxy's HTTP log (`option httplog`, `option httpslog`), with or without what a syslog puts before it.

    client:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes cookie cookie state
        actconn/feconn/beconn/srvconn/retries queue/queue {request headers} {response headers} "request"

1. The client is the peer, or the source of a PROXY header where HAProxy accepts one (`accept-proxy`): the line does not
   say.
2. The accept date has no zone: it is read as UTC.
3. The captured headers have no names here. A list of hops with a comma is no host and no user agent: it is kept as
   X-Forwarded-For. A single address may be a Host, and whoever asks chooses that: it is left alone.
4. Quotes, braces and bars in values are written as #22, #7B, …: what is between the marks is a value.
5. A connection that ended before a request (a handshake that failed) is a row that is not HTTP.
"""

from __future__ import annotations

from pipeline.sources.fields import patterned, refusing

_PREFIX = r"^(?:.*?\s)?"
_DATE = r"\[(?P<time>\d\d?/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?)\]"
_ENDS = r"(?P<peer_end>(?:[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]|unix):\d+)"
_NUMBER = r"[+-]?\d+"
_HOP = r"[0-9A-Fa-f.:%\[\]]+"
_VALUE = r"[^{}|]*"
_HOPS = rf"{_HOP}(?:, ?[\w.:%\[\]-]+)+"
_CAPTURES = (
    rf"(?: \{{(?:{_VALUE}\|)*?(?P<h_x_forwarded_for>{_HOPS})(?:\|{_VALUE})*\}}(?: \{{[^{{}}]*\}})?"
    r"| \{[^{}]*\}(?: \{[^{}]*\})?)?"
)
# httpslog: fc_err/ssl_fc_err/ssl_c_err/ssl_c_ca_err/ssl_fc_is_resumed SNI/version/cipher
_TLS = r"(?: \d+/[0-9A-Fa-f-]+/\d+/\d+/\d+ \S+?/(?P<tls>[\w.-]+)/\S+)?"

HTTP = (
    rf"{_PREFIX}{_ENDS} {_DATE} [^\s/]+ [^\s/]+/\S+ {_NUMBER}/{_NUMBER}/{_NUMBER}/{_NUMBER}/(?P<millis>{_NUMBER})"
    rf" +(?P<status>-1|\d{{1,3}}) (?P<body_bytes>{_NUMBER}) \S+ \S+ [\w-]{{4}} (?:{_NUMBER}/){{4}}{_NUMBER}"
    rf' {_NUMBER}/{_NUMBER}{_CAPTURES} "(?P<request>[^"]*)"?{_TLS}\s*$'
)
# what is said of a connection that brought no request
EARLY = rf"{_PREFIX}{_ENDS} {_DATE} [^\s/]+/\S+: (?P<error>[^\d\s].*)$"


def why_not(line: str) -> str:
    """Return why a line is none of HAProxy's HTTP log."""
    if "[" not in line:
        return "no client:port [date] in it"
    if '"' not in line:
        return "no quoted request: a TCP connection's, or a message of HAProxy"
    return "the fields between the date and the request are not as documented"


HAPROXY = patterned(
    "haproxy",
    "HAProxy's HTTP log, behind a syslog's prefix or not; dates are UTC; a list among the captured headers is"
    " X-Forwarded-For",
    (HTTP, EARLY),
    refusing(why_not),
)
