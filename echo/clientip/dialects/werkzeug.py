"""
Werkzeug: ProxyFix(x_for=N) (werkzeug/middleware/proxy_fix.py, werkzeug/http.py).

Rules, confirmed on 3.1.9:

* The N-th value from the right of X-Forwarded-For, whatever text it is and whoever the peer is; the peer where there
  are fewer, where N is 0, and where the value is empty.
* The fields are joined by commas, as WSGI servers do. Double quotes hide commas, and are taken off, with the escapes
  inside, where they enclose all of a value. An open quote makes the whole list empty. Empty values do not count.
"""

import re
from collections.abc import Sequence

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.socket_name import host_and_port
from echo.clientip.faults import ConfigFault, quote
from echo.clientip.headers import fields

BLANKS = " \t"
VERSION = "Werkzeug 3.1.9"
MAX_COUNT_CHARS = 6
# a value: outside quotes anything but a comma, inside them anything, escapes in pairs; nothing is ever given back
_VALUE = re.compile(r'(?:[^",]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)")


def split_list(text: str) -> list[str]:
    """Split a list header, empty values left out; nothing is left where a quote stays open."""
    found = []
    position = 0
    while True:
        match = _VALUE.match(text, position)
        assert match is not None  # the pattern matches the empty text
        found.append(match[0])
        position = match.end()
        if position == len(text):
            break
        if text[position] != ",":
            return []
        position += 1
    return [_unquoted(item) for item in (item.strip(BLANKS) for item in found) if item]


def _unquoted(item: str) -> str:
    if len(item) >= 2 and item[0] == item[-1] == '"':
        return _ESCAPE.sub(r"\1", item[1:-1])
    return item


def _build(argument: str, trusted: Sequence[str]) -> Resolver:  # asks nobody who the peer is
    if not (argument.isascii() and argument.isdigit() and len(argument) <= MAX_COUNT_CHARS):
        raise ConfigFault(f"x_for is {quote(argument)}", next_step="write a whole number from 0 on")
    count = int(argument)

    def resolve(arrival: Arrival) -> Answer:
        items = split_list(",".join(fields(arrival.headers, "X-Forwarded-For"))) if count else []
        return Answer((items[-count] if count and len(items) >= count else "") or host_and_port(arrival)[0] or None)

    return resolve


DIALECTS = (
    Dialect(
        name="werkzeug-count",
        program="werkzeug",
        version=VERSION,
        meaning="ProxyFix(x_for=N): believes the N-th entry from the right, whoever the peer is.",
        argument="1",
        build=_build,
    ),
)
