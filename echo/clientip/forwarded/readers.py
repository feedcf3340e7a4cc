"""
How other programs read Forwarded: aiohttp, the npm package forwarded-parse, HAProxy's validator.

* aiohttp 3.14 (web_request.py, BaseRequest.forwarded) never fails: at a syntax error it goes on behind the next comma,
  keeps what it had, lets the last of two equal parameters win, and takes a port of up to four digits behind a value.
* forwarded-parse 2.2 (index.js) refuses empty pairs and empty elements, which RFC 7239 allows; takes blanks around `;`,
  which it does not; and lets the last of two equal parameters win. It is given the fields joined by ", ".
* HAProxy (src/http_ext.c, http_validate_7239_header) takes one element, the four known parameters in lower case, each
  once, IPv6 and ports in quotes only, no escapes; it stops reading when it has seen all four.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from echo.clientip.address import parse_any
from echo.clientip.forwarded.grammar import OBFUSCATED, OWS, PAIR, TOKEN, unquote
from echo.clientip.forwarded.strict import Element, ForwardedError

_AIOHTTP_PAIR = re.compile(rf'({TOKEN})=({TOKEN}|"(?:\\[\t !-~]|[\t !\x23-\x5b\x5d-\x7e])*")(:\d{{1,4}})?')
_AIOHTTP_ESCAPE = re.compile(r"\\([\t !-~])")

_BETWEEN = re.compile(rf"{OWS}([;,]){OWS}")


def aiohttp(fields: Sequence[str]) -> list[Element]:
    """Return the elements of all fields; nothing is an error."""
    return [element for text in fields for element in _aiohttp_field(text)]


def _aiohttp_field(text: str) -> list[Element]:
    elements: list[Element] = [{}]
    position = 0
    after_pair = False
    while 0 <= position < len(text):
        pair = None if after_pair else _AIOHTTP_PAIR.match(text, position)
        char = text[position]
        if pair is not None:
            value = pair[2] if pair[2][0] != '"' else _AIOHTTP_ESCAPE.sub(r"\1", pair[2][1:-1])
            elements[-1][pair[1].lower()] = value + (pair[3] or "")
            position = pair.end()
            after_pair = True
        elif char in ",;":
            if char == ",":
                elements.append({})
            after_pair = False
            position += 1
        elif char in " \t":
            position += 1
        else:
            position = text.find(",", position)
    return elements


def forwarded_parse(fields: Sequence[str]) -> list[Element]:
    """Return the elements of all fields. Raises ForwardedError."""
    text = ", ".join(fields)
    elements: list[Element] = []
    element: Element = {}
    position = 0
    while True:
        pair = PAIR.match(text, position)
        if pair is None:
            raise ForwardedError("no parameter", text, position)
        element[pair[1].lower()] = unquote(pair[2])
        position = pair.end()
        between = _BETWEEN.match(text, position)
        if between is None or between[1] == ",":
            elements.append(element)
            element = {}
        if between is None:
            break
        position = between.end()
    if position < len(text):
        raise ForwardedError("neither ';' nor ',' nor the end", text, position)
    return elements


# --- HAProxy ----------------------------------------------------------------------------------------------------------

_IPV4 = re.compile(r"[0-9.]{1,15}")
_IPV6 = re.compile(r"\[([0-9A-Za-z:]{1,45})\]")
_NAME = re.compile(r"[0-9A-Za-z.]*")
_PORT = re.compile(r"0*([1-9][0-9]{0,4})(?![0-9])")
_OBFUSCATED = re.compile(OBFUSCATED)
_PROTO = re.compile(r"https?")
MAX_PORT = 65535

# Each takes (text, position, in quotes) and returns the position behind what it read, or -1
Extract = Callable[[str, int, bool], int]


def haproxy_valid(text: str) -> bool:
    """Return whether HAProxy's converter rfc7239_is_valid takes the header."""
    seen: set[str] = set()
    position = 0
    while position < len(text) and len(seen) < len(_HAPROXY):
        if seen:
            if text[position] != ";":
                return False
            position += 1
        name, equals, _ = text[position : position + _LONGEST].partition("=")
        extract = _HAPROXY.get(name)
        position += len(name) + 1
        if not equals or extract is None or name in seen or position >= len(text):
            return False
        quoted = name != "proto" and text[position] == '"'
        position = extract(text, position + quoted, quoted)
        if position < 0 or (quoted and text[position : position + 1] != '"'):
            return False
        position += quoted
        seen.add(name)
    return bool(seen)


def _node(text: str, position: int, quoted: bool) -> int:
    char = text[position : position + 1]
    if char == "_":
        position = _end(_OBFUSCATED, text, position)
    elif char == "u":
        position = position + 7 if text.startswith("unknown", position) else -1
    elif quoted and char == "[":
        position = _ipv6(text, position)
    else:
        match = _IPV4.match(text, position)
        position = match.end() if match is not None and _is_address(match[0]) else -1
    if position < 0 or text[position : position + 1] != ":":
        return position
    if not quoted:
        return -1
    pattern = _OBFUSCATED if text[position + 1 : position + 2] == "_" else None
    return _end(pattern, text, position + 1) if pattern else _port(text, position + 1)


def _host(text: str, position: int, quoted: bool) -> int:
    if position >= len(text):
        return -1
    position = _ipv6(text, position) if quoted and text[position] == "[" else _end(_NAME, text, position)
    if position < 0 or text[position : position + 1] != ":":
        return position
    return _port(text, position + 1) if quoted else -1


def _proto(text: str, position: int, quoted: bool) -> int:
    return _end(_PROTO, text, position)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match is not None else -1


def _port(text: str, position: int) -> int:
    match = _PORT.match(text, position)
    return match.end() if match is not None and int(match[1]) <= MAX_PORT else -1


def _ipv6(text: str, position: int) -> int:
    match = _IPV6.match(text, position)
    return match.end() if match is not None and ":" in match[1] and _is_address(match[1]) else -1


def _is_address(text: str) -> bool:
    return parse_any(text) is not None


_HAPROXY: Mapping[str, Extract] = {"for": _node, "by": _node, "host": _host, "proto": _proto}
_LONGEST = len("proto=")
