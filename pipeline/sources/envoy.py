"""
Envoy's and Istio's default text formats.

    [start] "method path protocol" status flags received sent ms upstream-ms "X-Forwarded-For" "user agent"
        "request id" "authority" "upstream"

Istio's has details behind the flags, and at its end the upstream's cluster, three addresses, the SNI and the route.

1. Neither names the peer (DOWNSTREAM_DIRECT_REMOTE_ADDRESS). X-Forwarded-For is as Envoy sends it on: where it is the
   edge it has put the peer behind it, else it is the client's own.
2. Istio's DOWNSTREAM_REMOTE_ADDRESS is what Envoy takes for its client: the writer's verdict.
3. Envoy escapes nothing. Where a value holds quotes, its end is anybody's guess, and a client could choose what the
   guess is: such a line keeps what stands before them, and no X-Forwarded-For.
4. A line of a TCP proxy (`"- - -" 0`) is a row that is not HTTP.
"""

from __future__ import annotations

from echo.record.combined import is_dated
from pipeline.sources.patterns import ISO, patterned, refusing

_MARK = rb"\s*(?:ACCESS )?\["
# details, termination, "transport failure reason"; before Istio 1.9 one or two quoted fields
_DETAILS = r'(?:[^\s"]+ [^"]*?"[^"]*"|"[^"]*"(?: "[^"]*")?) '
_TAIL = r' [^\s"]+ [^\s"]+ (?P<local_end>[^\s"]+) (?P<writer_client_end>[^\s"]+) [^\s"]+(?: [^"]*)?'


def _patterns(details: str, tail: str) -> tuple[str, ...]:
    begin = rf'^\s*(?:ACCESS )?\[{ISO}\] "(?P<method>[^" ]+) '  # the word is Emissary-ingress's
    asked = r'(?P<target>[^"]*) (?P<protocol>HTTP/[\d.]+|-)" '
    numbers = (
        rf"(?P<status>\d{{1,3}}|-) [A-Za-z,-]+ {details}"
        r"(?P<request_bytes>\d+|-) (?P<body_bytes>\d+|-) (?P<millis>\d+|-) (?:\d+|-) "
    )
    strings = '"(?P<h_x_forwarded_for>[^"]*)" "(?P<agent>[^"]*)" "(?P<request_id>[^"]*)" "(?P<host>[^"]*)" "[^"]*"'
    end = tail + r"\s*$"
    # rule 3: a line that may end its request in two places, quotes behind the numbers, and quotes in the target
    mark = r' (?:HTTP/[\d.]+|-)" (?:\d{1,3}|-) [A-Za-z,-]+ '
    unsure = '".*" ".*" ".*" ".*" ".*"'
    last = rf' (?P<protocol>HTTP/[\d.]+|-)" (?:\d{{1,3}}|-) [A-Za-z,-]+ {details}(?:(?:\d+|-) ){{4}}'
    return (
        begin + asked + numbers + strings + end,
        f"{begin}(?P<target>.*{mark}.*){last}{unsure}{end}",
        begin + asked + numbers + unsure + end,
        f"{begin}(?P<target>.*){last}{unsure}{end}",
    )


def why_not(line: str) -> str:
    """Return why a line is none of Envoy's."""
    if not line.lstrip().startswith("["):
        return "no [time] at its start"
    if is_dated(line):
        return "its time is not as Envoy writes it"
    return "the fields behind the time are not as documented"


ENVOY = patterned(
    "envoy",
    "Envoy's default text format: X-Forwarded-For as Envoy sends it on, no peer",
    _patterns("", ""),
    refusing(why_not),
    mark=_MARK,
)
ISTIO = patterned(
    "istio",
    "Istio's default text format: X-Forwarded-For as Envoy sends it on, no peer; its downstream remote address is"
    " Envoy's verdict",
    _patterns(_DETAILS, _TAIL),
    refusing(why_not),
    mark=_MARK,
)
