"""
HAProxy's HTTP log (`option httplog`, `option httpslog`), with or without what a syslog puts before it.

    client:port [accept date] frontend backend/server TR/Tw/Tc/Tr/Ta status bytes cookie cookie state
        actconn/feconn/beconn/srvconn/retries queue/queue {request headers} {response headers} "request"

1. The client is the peer, or the source of a PROXY header where HAProxy accepts one (`accept-proxy`): the line does not
   say.
2. The accept date has no zone: it is read as UTC.
3. The line does not name the headers that were captured, and no guess is made: a client can send a user agent that
   looks like X-Forwarded-For. `haproxy{host|x-forwarded-for}` names them, in the order of HAProxy's `capture` rules.
4. Quotes, braces and bars in values are written as #22, #7B, …: what is between the marks is a value.
5. A connection that ended before a request (a handshake that failed) is a row that is not HTTP.
"""

from __future__ import annotations

import re
from functools import lru_cache

from echo.clientip import quote
from pipeline.errors import UsageFault
from pipeline.sources.fields import header_field
from pipeline.sources.format import Format
from pipeline.sources.patterns import patterned, refusing

NAME = "haproxy"
MAX_CAPTURES = 50

# what a syslog puts in front; in quotes or brackets of another log, a client's words could look like a line
_PREFIX = r'^(?:[^"\[\]{}]*?(?:\[\d{1,10}\]:)?\s)?'
_DATE = r"\[(?P<time>\d\d?/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)?)\]"
_ENDS = r"(?P<peer_end>(?:[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]|unix):\d+)"
_NUMBER = r"[+-]?\d+"
_CAPTURES = r"(?: \{[^{}]*\}){0,2}"
# httpslog: fc_err/ssl_fc_err/ssl_c_err/ssl_c_ca_err/ssl_fc_is_resumed SNI/version/cipher; and what somebody has added
_BEHIND = r"(?: [\w-]+(?:/[\w-]+){4} \S*?/(?P<tls>[\w.-]+)/[\w-]+)?(?: .*)?"


def _http(captures: str) -> str:
    return (
        rf"{_PREFIX}{_ENDS} {_DATE} [^\s/]+ [^\s/]+/\S+ {_NUMBER}/{_NUMBER}/{_NUMBER}/{_NUMBER}/(?P<millis>{_NUMBER})"
        rf" +(?P<status>-1|\d{{1,3}}) (?P<body_bytes>{_NUMBER}) \S+ \S+ [\w-]{{4}} (?:{_NUMBER}/){{4}}{_NUMBER}"
        rf' {_NUMBER}/{_NUMBER}{captures} "(?P<request>[^"]*)"?{_BEHIND}\s*$'
    )


# what is said of a connection that brought no request
_EARLY = rf"{_PREFIX}{_ENDS} {_DATE} [^\s/]+/\S+: (?P<error>[^\d\s].*)$"


def why_not(line: str) -> str:
    """Return why a line is none of HAProxy's HTTP log."""
    if "[" not in line:
        return "no client:port [date] in it"
    if '"' not in line:
        return "no quoted request: a TCP connection's, or a message of HAProxy"
    return "the fields between the date and the request are not as documented"


HAPROXY = patterned(
    NAME,
    "HAProxy's HTTP log, behind a syslog's prefix or not; dates are UTC; `haproxy{host|x-forwarded-for}` names the"
    " headers that were captured",
    (_http(_CAPTURES), _EARLY),
    refusing(why_not),
    mark=rb"(?s).*?:\d+ \[",
)


@lru_cache(maxsize=64)
def capturing(text: str) -> Format:
    """Return the format of `haproxy{host|x-forwarded-for}`, the headers that were captured named. Raises UsageFault."""
    names = text.removeprefix(NAME).strip().removeprefix("{").removesuffix("}").lower().split("|")
    whole = re.fullmatch(rf"{NAME}\s*\{{[^{{}}]*\}}", text.strip()) is not None
    wrong = [name for name in names if not re.fullmatch(r"[a-z0-9-]*", name)]
    if not whole or wrong or len(names) > MAX_CAPTURES or len(set(names) - {""}) < len(names) - names.count(""):
        raise UsageFault(
            f"no list of captured headers{f', for {quote(wrong[0])} in it' if wrong else ''}",
            quote(text),
            "name each once, as in haproxy{host|x-forwarded-for}; leave one out as in haproxy{|x-forwarded-for}",
        )
    groups = (f"(?P<{header_field(name)}>[^{{}}|]*)" if name else "[^{}|]*" for name in names)
    captures = rf"(?: \{{{'[|]'.join(groups)}\}}(?: \{{[^{{}}]*\}})?)?"
    return patterned(text, "HAProxy's HTTP log", (_http(captures), _http(_CAPTURES), _EARLY), refusing(why_not))
