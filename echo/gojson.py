"""
The integer that a body is, read as Go's encoding/json reads it: `POST /health` tells whoami a status so.

1. The leading JSON value counts; what follows it is not looked at. null is 0.
2. What is no integer is refused in encoding/json's words, since whoami answers with them.
"""

import json
import re

_SPACE = b" \t\r\n"
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_KINDS = {dict: "object", list: "array", str: "string", bool: "bool"}
_LITERALS = ("true", "false", "null")
# how Python's json begins its complaint -> how Go's ends one; None: the text ended too soon
_COMPLAINTS = (
    ("Expecting property name", "looking for beginning of object key string"),
    ("Illegal trailing comma", "looking for beginning of value"),
    ("Expecting value", "looking for beginning of value"),
    ("Expecting ':'", "after object key"),
    ("Expecting ','", "after array element"),
    ("Invalid control character", "in string literal"),
    ("Invalid \\escape", "in string escape code"),
    ("Invalid \\u", "in \\u hexadecimal character escape"),
    ("Unterminated string", None),
)


def decode_int(data: bytes, body_error: str = "") -> int:
    """
    Return the integer that the leading JSON value of data is; null is 0. Raises ValueError in encoding/json's words.

    What follows the value is not looked at.
    """
    text = data.lstrip(_SPACE).decode("latin-1")  # a byte is a character: positions and quotes stay true
    if not text:
        raise ValueError(body_error or "EOF")
    if text[0] in "-0123456789":
        return _decode_number(text)
    try:
        value, _ = json.JSONDecoder(parse_constant=_no_constant).raw_decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(_go_complaint(error)) from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    if value is None:
        return 0
    raise ValueError(f"json: cannot unmarshal {_KINDS[type(value)]} into Go value of type int")


def _decode_number(text: str) -> int:
    found = _NUMBER.match(text.encode("latin-1"))
    end = found.end() if found else 1
    rest = text[end:]
    # a fraction or an exponent that was begun and not finished; a bare minus
    unfinished = re.match(r"(\.)|([eE][+-]?)", rest) if found and "e" not in text[:end].lower() else None
    if unfinished and unfinished[1] and "." in text[:end]:
        unfinished = None
    if found is None or unfinished:
        wrong = rest[unfinished.end() :] if unfinished else rest
        if not wrong:
            raise ValueError("unexpected EOF")
        part = "" if unfinished is None else "after decimal point " if unfinished[1] else "in exponent of "
        where = f"{part}in numeric literal" if not part.endswith("of ") else f"{part}numeric literal"
        raise ValueError(f"invalid character {_quoted(wrong[0])} {where}")
    number = text[:end]
    if not number.lstrip("-").isdigit() or len(number) > 20 or not -(1 << 63) <= int(number) < 1 << 63:
        raise ValueError(f"json: cannot unmarshal number {number} into Go value of type int")
    return int(number)


def _no_constant(name: str) -> float:
    raise json.JSONDecodeError("Expecting value", name, 0)


def _go_complaint(error: json.JSONDecodeError) -> str:
    text, position = error.doc, error.pos
    where = next((ending for start, ending in _COMPLAINTS if error.msg.startswith(start)), None)
    if where is None or position >= len(text):
        return "unexpected EOF"
    if where == "looking for beginning of value":
        literal = next((word for word in _LITERALS if word[0] == text[position]), "")
        for offset, wanted in enumerate(literal):
            if position + offset >= len(text):
                return "unexpected EOF"
            if text[position + offset] != wanted:
                where, position = f"in literal {literal} (expecting {_quoted(wanted)})", position + offset
                break
    elif where == "after array element" and text.rfind("{", 0, position) > text.rfind("[", 0, position):
        where = "after object key:value pair"
    elif where == "in string escape code":
        position += 1
    return f"invalid character {_quoted(text[position])} {where}" if position < len(text) else "unexpected EOF"


def _quoted(char: str) -> str:
    """Quote a character as Go's quoteChar does."""
    if char == "'":
        return r"'\''"
    if char == '"' or (char.isprintable() and char != "\\"):
        return f"'{char}'"
    escaped = char.encode("unicode_escape").decode()
    return f"'\\u00{escaped[2:]}'" if ord(char) >= 0x80 else f"'{escaped}'"
