"""
Where the name of who signs in stands in a request, and how far it is believed.

    auth          credentials that the server, or the proxy before it, has checked
    header:NAME   what a proxy wrote: believed from a trusted peer alone, since a stranger can write any header
    jwt:CLAIM     a claim of a token whose signature is not checked here: believed only where the application, which
                  does check it, answered with success
    query, path, field   what the request says of itself: who tried, whether it was he or not

Whatever is read is bounded, since all of it is written by strangers.
"""

import json
from base64 import b64decode, urlsafe_b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

MAX_USER_CHARS = 256  # longer than any account name; bounds what an attacker can make us remember
MAX_QUERY_PARAMETERS = 100  # parse_qsl stops here; a login form has a handful
MAX_TOKEN_CHARS = 8192  # of a JWT: servers refuse larger heads, RFC 6265 promises cookies of 4096
MAX_COOKIE_CHARS = 16_384  # of a Cookie header
MAX_FIELD_STEPS = 8  # of a dotted name: logs nest two or three deep

USER_SOURCES = {
    "auth": "The HTTP authentication user: Basic credentials at the server, the user column of an access log.",
    "header": "header:NAME, believed only from a trusted peer: a stranger can write any header.",
    "jwt": (
        "jwt:CLAIM of Authorization: Bearer, or of the cookie that `cookie` names; its signature is not checked, so it "
        "is believed only on success, which the application has said. At the server alone: logs do not keep tokens."
    ),
    "query": "query:NAME, a parameter of the target.",
    "path": "The group (?P<user>…) of the rule's path.",
    "field": "field:NAME, a key of a JSON log line, dots between keys of objects in objects; in the pipeline alone.",
}
NAMED_SOURCES = frozenset({"header", "query", "jwt", "field"})


def basic_user(values: Sequence[str]) -> str | None:
    """Return the user-id of Basic credentials (RFC 7617 §2) or None; the password is not looked at."""
    if len(values) != 1 or values[0][:6].lower() != "basic ":
        return None
    try:
        decoded = b64decode(values[0][6:].strip(), validate=True)
    except (Base64Error, ValueError):
        return None
    user, colon, _ = decoded.partition(b":")
    return user.decode("utf-8", "replace") if colon and user else None


def bearer_token(values: Sequence[str]) -> str | None:
    """Return the token of Authorization: Bearer (RFC 6750 §2.1) or None."""
    if len(values) != 1 or values[0][:7].lower() != "bearer ":
        return None
    return values[0][7:].strip()


def cookie_value(values: Sequence[str], name: str) -> str | None:
    """Return the value of the first cookie of a name (RFC 6265 §4.2), quotes around it taken off; None if none is."""
    for header in values:
        for pair in header[:MAX_COOKIE_CHARS].split(";"):
            key, equals, value = pair.strip().partition("=")
            if equals and key == name:
                return value.strip().strip('"')
    return None


def jwt_claim(token: str | None, claim: str) -> str | None:
    """
    Return a claim of a signed token (RFC 7519 §3: three parts, base64url, JSON) that is a text or a number, or None.

    The signature is not checked: who knows no more than this knows what somebody claims to be.
    """
    if token is None or len(token) > MAX_TOKEN_CHARS or token.count(".") != 2 or not token.isascii():
        return None
    payload = token.split(".")[1]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):  # Base64Error and UnicodeDecodeError are ValueErrors
        return None
    value = claims.get(claim) if isinstance(claims, dict) else None
    return text_of(value) if not isinstance(value, bool) else None


def query_value(query: str, name: str) -> str | None:
    """Return the first value of a parameter of a query, None if it has none or too many parameters."""
    try:
        pairs = parse_qsl(query, max_num_fields=MAX_QUERY_PARAMETERS)
    except ValueError:
        return None
    return next((value for key, value in pairs if key == name), None)


def field_value(fields: Mapping[str, Any], name: str) -> str | None:
    """Return what a log line says under a key, or under keys with dots between them; None if it says nothing plain."""
    if name in fields:
        return text_of(fields[name])
    found: Any = fields
    for step in name.split(".", MAX_FIELD_STEPS):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return text_of(found)


def text_of(value: object) -> str | None:
    """Return a text, a number or true and false as a text of MAX_USER_CHARS at most; None for others, "" and "-"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        value = str(value) if abs(value) < 1e18 else ""  # a number of thousands of digits is no name
    return value[:MAX_USER_CHARS] if isinstance(value, str) and value not in ("", "-") else None
