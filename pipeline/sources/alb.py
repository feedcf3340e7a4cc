"""
AWS's application load balancer (and the classic one, whose line has no type at its start).

    type time elb client:port target:port request-s target-s response-s status target-status received sent "request"
        "user agent" cipher TLS-version target-group "trace id" "domain" "certificate" …, further columns

1. The client is the peer of the balancer. No header is logged but the trace id.
2. The request's URL is of the balancer's making, `scheme://host:port/path`: host and target are taken apart, and
   the ports 80 and 443 left off.
3. Sizes are those of head and body together. The duration is the sum of the three, where none is -1.
4. Columns are only ever added at the end: what stands behind the TLS version is accepted, whatever it is; before May
   2015 the request was the last one.
"""

from __future__ import annotations

from pipeline.sources.patterns import ISO, patterned, refusing

_SECONDS = r"(?:-1|\d+(?:\.\d+)?)"


def _pattern(request: str, text: str = r'(?:[^"\\]|\\.)*') -> str:
    return (
        rf"^(?:(?:https?|h2|grpcs|wss?) )?{ISO} \S+ (?P<peer_end>\S+:\d+|-) \S+ "
        rf"(?P<seconds_summed>{_SECONDS} {_SECONDS} {_SECONDS}) (?P<status>\d{{3}}|-) \S+ (?:\d+|-) "
        rf'(?P<body_bytes>\d+|-) "{request}"(?: "(?P<agent>{text})" \S+ (?P<tls>\S+)'
        r'(?: \S+ "(?P<h_x_amzn_trace_id>[^"]*)")?(?: .*)?)?$'
    )


_URL = r'[a-z]+://(?P<host>[^/" ]*?)(?::(?:80|443))?(?P<target>/[^"]*)'
_REQUEST = rf"(?P<method>[A-Za-z-]*[A-Za-z]) {_URL} (?P<protocol>HTTP/[\d.]+)"


def why_not(line: str) -> str:
    """Return why a line is none of a balancer's."""
    if '"' not in line:
        return "no quoted request in it"
    return "the fields are not as documented"


ALB = patterned(
    "alb",
    "AWS load balancers, application and classic; the client is their peer; sizes are with the head",
    (
        _pattern(_REQUEST),
        _pattern(_REQUEST, ".*?"),
        _pattern(r'(?P<method>-) [^" ]*[- ]*'),  # what was no request
        _pattern(r'(?P<request>(?:[^"\\]|\\.)*)'),
        _pattern("(?P<request>.*?)", ".*?"),
    ),
    refusing(why_not),
    mark=rb"(?:(?:https?|h2|grpcs|wss?) )?\d{4}-\d\d-\d\d",
)
