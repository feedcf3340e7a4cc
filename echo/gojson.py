r"""
The integer that a body is, read as Go's encoding/json reads it: `POST /health` tells whoami a status so.

1. The leading JSON value counts; what follows it is not looked at. null is 0.
2. What is no integer is refused in encoding/json's words, since whoami answers with them. Its scanner is followed state
   by state (encoding/json scanner.go), as Python's json stops elsewhere and says other things.
3. A value that is not at its end after MAX_VALUE_BYTES is answered like one that was cut off: a status has 3 digits.
"""

import re
from collections.abc import Callable
from enum import Enum, auto

MAX_VALUE_BYTES = 64 << 10
MAX_DEPTH = 10_000  # Go's maxNestingDepth

_SPACE = re.compile(r"[ \t\r\n]*")
_DIGITS = re.compile(r"[0-9]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{0,4}")
_LITERALS = {"t": "true", "f": "false", "n": "null"}
_KINDS = {"{": "object", "[": "array", '"': "string", "t": "bool", "f": "bool"}
_CLOSING = {"[": "]", "{": "}"}
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}


class _Awaited(Enum):
    """What may stand next in a value."""

    VALUE = auto()
    FIRST_ELEMENT = auto()  # or the array's end
    KEY = auto()
    FIRST_KEY = auto()  # or the object's end
    COLON = auto()
    COMMA = auto()  # or the end of what is around


class _CutOffError(ValueError):
    """The text ends before the value does."""


def decode_int(data: bytes, body_error: str = "") -> int:
    """
    Return the integer that the leading JSON value of data is; null is 0. Raises ValueError in encoding/json's words.

    `body_error` is what kept the rest of the data from being read, if anything did: a value that may go on where the
    data ends is answered with it.
    """
    text = data[:MAX_VALUE_BYTES].decode("latin-1")  # a byte is a character: positions and quotes stay true
    start = _after(_SPACE, text, 0)
    if start == len(text):
        raise ValueError(body_error or "EOF")
    try:
        end = _value_end(text, start)
    except _CutOffError:
        raise ValueError(body_error or "unexpected EOF") from None
    first, value = text[start], text[start:end]
    if body_error and end == len(text) and first not in "{[":
        raise ValueError(body_error)
    if first == "n":
        return 0
    if kind := _KINDS.get(first):
        raise ValueError(f"json: cannot unmarshal {kind} into Go value of type int")
    if not value.lstrip("-").isdigit() or len(value) > len(str(-1 << 63)) or not -(1 << 63) <= int(value) < 1 << 63:
        raise ValueError(f"json: cannot unmarshal number {value} into Go value of type int")
    return int(value)


def is_decided(data: bytes) -> bool:
    """Return whether the leading value of data is the same whatever follows: Go reads no more of it then."""
    more = "there is more"
    try:
        decode_int(data, more)
    except ValueError as error:
        return str(error) != more
    return True


def _value_end(text: str, at: int) -> int:
    """Return where the value that starts at `at` ends."""
    around: list[str] = []
    awaited = _Awaited.VALUE
    while True:
        at = _after(_SPACE, text, at)
        char = _at(text, at)
        if around and char == _CLOSING[around[-1]] and awaited in _MAY_CLOSE:
            around.pop()
            at += 1
            awaited = _Awaited.COMMA
        elif awaited in (_Awaited.VALUE, _Awaited.FIRST_ELEMENT) and char in _CLOSING:
            if len(around) == MAX_DEPTH:
                raise _wrong(char, "exceeded max depth")
            around.append(char)
            at += 1
            awaited = _Awaited.FIRST_ELEMENT if char == "[" else _Awaited.FIRST_KEY
        elif awaited in (_Awaited.VALUE, _Awaited.FIRST_ELEMENT):
            end_of = _SCALARS.get(char)
            if end_of is None:
                raise _wrong(char, "looking for beginning of value")
            at = end_of(text, at)
            awaited = _Awaited.COMMA
        elif awaited in (_Awaited.KEY, _Awaited.FIRST_KEY):
            if char != '"':
                raise _wrong(char, "looking for beginning of object key string")
            at = _string_end(text, at)
            awaited = _Awaited.COLON
        elif awaited is _Awaited.COLON:
            if char != ":":
                raise _wrong(char, "after object key")
            at += 1
            awaited = _Awaited.VALUE
        else:
            if char != ",":
                raise _wrong(char, "after array element" if around[-1] == "[" else "after object key:value pair")
            at += 1
            awaited = _Awaited.VALUE if around[-1] == "[" else _Awaited.KEY
        if not around:
            return at


_MAY_CLOSE = (_Awaited.COMMA, _Awaited.FIRST_ELEMENT, _Awaited.FIRST_KEY)


def _string_end(text: str, at: int) -> int:
    at += 1
    while True:
        at = _after(_PLAIN, text, at)
        char = _at(text, at)
        if char == '"':
            return at + 1
        if char != "\\":
            raise _wrong(char, "in string literal")
        char = _at(text, at + 1)
        if char not in 'bfnrtu\\/"':
            raise _wrong(char, "in string escape code")
        at += 2
        if char == "u":
            end = _after(_HEXADECIMAL, text, at)
            if end - at < len("ffff"):
                raise _wrong(_at(text, end), r"in \u hexadecimal character escape")
            at = end


def _number_end(text: str, at: int) -> int:
    if text[at] == "-":
        at += 1
        if _at(text, at) not in "0123456789":
            raise _wrong(text[at], "in numeric literal")
    at = at + 1 if text[at] == "0" else _after(_DIGITS, text, at)
    if text[at : at + 1] == ".":
        at = _digits(text, at + 1, "after decimal point in numeric literal")
    if text[at : at + 1] in ("e", "E"):
        at += 2 if text[at + 1 : at + 2] in ("+", "-") else 1
        at = _digits(text, at, "in exponent of numeric literal")
    return at


def _digits(text: str, at: int, where: str) -> int:
    end = _after(_DIGITS, text, at)
    if end == at:
        raise _wrong(_at(text, at), where)
    return end


def _literal_end(text: str, at: int) -> int:
    literal = _LITERALS[text[at]]
    for offset, wanted in enumerate(literal):
        char = _at(text, at + offset)
        if char != wanted:
            raise _wrong(char, f"in literal {literal} (expecting '{wanted}')")
    return at + len(literal)


_SCALARS: dict[str, Callable[[str, int], int]] = {
    '"': _string_end,
    **dict.fromkeys("-0123456789", _number_end),
    **dict.fromkeys(_LITERALS, _literal_end),
}


def _at(text: str, at: int) -> str:
    if at >= len(text):
        raise _CutOffError
    return text[at]


def _after(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _wrong(char: str, where: str) -> ValueError:
    quoted = {"'": r"\'", '"': '"'}.get(char) or escaped(char)
    return ValueError(f"invalid character '{quoted}' {where}")


def escaped(char: str) -> str:
    """Escape a character as Go's strconv.Quote does, quotes excepted."""
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    form = r"\x{:02x}" if code < 0x80 else r"\u{:04x}" if code <= 0xFFFF else r"\U{:08x}"
    return form.format(code)
