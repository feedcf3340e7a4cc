"""
The grammar of RFC 7239 §4 and §6, production by production, as fragments of regular expressions.

    Forwarded         = 1#forwarded-element
    forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
    forwarded-pair    = token "=" value
    value             = token / quoted-string
    node              = nodename [ ":" node-port ]
    nodename          = IPv4address / "[" IPv6address "]" / "unknown" / obfnode
    obfnode           = "_" 1*( ALPHA / DIGIT / "." / "_" / "-" )
    node-port         = port / obfport
    port              = 1*5DIGIT
    obfport           = "_" 1*( ALPHA / DIGIT / "." / "_" / "-" )

Facts:

* `1#` is a list (RFC 9110 §5.6.1): blanks may stand around the comma, and empty elements are to be ignored by whoever
  reads. No blank may stand around `;` or `=`.
* Parameter names compare without case, and each occurs at most once in an element (§4).
* An IPv6 address is always in brackets, and whatever holds `:`, `[` or `]` must be quoted, since a token holds none.
* Text is the header's bytes read as Latin-1 or more: obs-text is U+0080 to U+00FF. What lies beyond is no header byte.
* No fragment can match the same text in two ways, so matching takes linear time.
"""

import re

TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  # a grammar, no secret; RFC 9110 §5.6.2
OWS = r"[ \t]*"  # RFC 9110 §5.6.3
QDTEXT = r"[\t !#-\[\]-~\x80-\xff]"  # RFC 9110 §5.6.4
QUOTED_PAIR = r"\\[\t -~\x80-\xff]"
QUOTED_STRING = rf'"(?:{QDTEXT}|{QUOTED_PAIR})*"'

PAIR = re.compile(rf"({TOKEN})=({TOKEN}|{QUOTED_STRING})")
COMMA = re.compile(rf"{OWS},{OWS}")
SEMICOLON = re.compile(";")
ESCAPE = re.compile(r"\\(.)", re.DOTALL)

OBFUSCATED = r"_[0-9A-Za-z._-]+"
NODENAME = rf"\[[0-9A-Fa-f:.]+\]|[0-9.]+|unknown|{OBFUSCATED}"
NODE = re.compile(rf"({NODENAME})(?::([0-9]{{1,5}}|{OBFUSCATED}))?", re.IGNORECASE | re.ASCII)


def unquote(value: str) -> str:
    """Return a value without its quotes and escapes; a token as it is."""
    return ESCAPE.sub(r"\1", value[1:-1]) if value.startswith('"') else value
