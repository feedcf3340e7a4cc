r"""
What a request says once the ways to write it otherwise are undone.

An attacker may write one payload in any number of ways: `%27`, `%2527`, `&#39;`, `\u0027`, `%u0027`, U+FF07, `%c0%a7`.
A server, or what is behind it, undoes some of these, in some order; signatures are written for the plain form alone.
So every encoding is undone here, again and again until nothing changes or MAX_ROUNDS are over. That is more than any
one server does: a text that decodes to an attack only by a way that this server does not go is still an attempt.

`readings` gives further forms where the text invites them, each beside the decoded one, not in its place: SQL comments
taken out, shell quoting taken out, log4j lookups worked out, base64 decoded. All are pure functions, all are bounded.
"""

from __future__ import annotations

import html
import re
import unicodedata
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

# Servers refuse a longer target (nginx and Apache: 8 KiB by default); of what is longer, both ends are looked at, as
# padding stands before a payload or behind it.
MAX_CHARS = 8192
HEAD_CHARS = 6144
MAX_ROUNDS = 4  # double encoding is a known trick; each further round serves nothing but to hide from us
MAX_LOOKUPS = 64  # replacements of ${…} in ${…}; published evasions use up to thirty
MAX_BASE64 = 4  # values of one text that are tried
MIN_BASE64 = 16  # characters: shorter ones are words

_SURROGATE = re.compile("[\ud800-\udfff]")
_PERCENT_U = re.compile(r"%u([0-9a-f]{4})", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)
_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|u\{([0-9a-f]{1,6})\})", re.IGNORECASE)
# UTF-8 that is longer than it may be, which lax decoders take: %c0%af, %e0%80%af, %f0%80%80%af are all a slash
_OVERLONG = re.compile(rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}")
# nor does a server see the difference between these and a space; line ends are kept: some attacks are made of them
_SPACES = {0x0B: " ", 0x0C: " ", 0xA0: " ", 0x00: None, 0x3002: ".", 0xFFFD: "\ufffd"}

_COMMENT = re.compile(r"/\*(?:!\d{0,6})?|\*/")
_SQL_COMMENT = re.compile(r"/\*(?!!)[^*]*\*+(?:[^/*][^*]*\*+)*/")
_SHELL_NOISE = re.compile(
    r"""(?i)\\(?=[a-z/.])|'{2}|"{2}|\$[@*!_#-]|\$\$|\^(?=[a-z])|\$\{?ifs\}?(?:\$\d)?|[$<>]\(\)|``|\$\{[@*]\}"""
)
_LOOKUP = re.compile(r"\$\{([^${}]*)\}")
_TOKEN = re.compile(rf"(?:^|[=,:/\s&])([A-Za-z0-9+/_-]{{{MIN_BASE64},}}={{0,2}})(?=$|[&,;\s}}])")
_PARAMETERS = re.compile(r";[^/?]*")
_SELF = re.compile(r"/(?:\./)+")
_SLASHES = re.compile(r"/{2,}")
_QUOTED = re.compile(r"""['"\\]|\$[a-zA-Z_]\w*""")
_WIDE = re.compile(r"\s+")


def bounded(text: str) -> str:
    """Return a text of at most MAX_CHARS: its head and its tail if it is longer."""
    if len(text) <= MAX_CHARS:
        return text
    return text[:HEAD_CHARS] + " " + text[HEAD_CHARS - MAX_CHARS + 1 :]


def decoded(text: str, *, plus: bool = False) -> str:
    """
    Return a text with all encodings undone, its case kept.

    plus  `+` is a space, as in a query
    """
    text = bounded(text)
    if not text.isascii():
        text = _SURROGATE.sub("\ufffd", text)
    if plus and "+" in text:
        text = text.replace("+", " ")
    for _ in range(MAX_ROUNDS):
        before = text
        if "%" in text:
            text = unpercented(text)
        if "&" in text and ";" in text:
            text = _ENTITY.sub(_entity, text)
        if "\\" in text:
            text = _ESCAPE.sub(_escape, text)
        if text == before:
            break
    if not text.isascii():
        text = bounded(unicodedata.normalize("NFKC", text))
    return text.translate(_SPACES) if not text.isprintable() or not text.isascii() else text


def unpercented(text: str) -> str:
    """Return a text with %XX and %uXXXX undone; what is no UTF-8 becomes U+FFFD, what is too long a form its letter."""
    text = _PERCENT_U.sub(_code_point, text)
    data = unquote_to_bytes(text.encode("utf-8", "replace"))
    if data.isascii():
        return data.decode("ascii")
    return _OVERLONG.sub(_short, data).decode("utf-8", "replace")


def _char(code: int) -> str:
    """Return a character, U+FFFD for half a surrogate pair and what is no code point."""
    return "\ufffd" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)


def _code_point(match: re.Match[str]) -> str:
    return _char(int(match[1], 16))


def _entity(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def _escape(match: re.Match[str]) -> str:
    return _char(int(match[1] or match[2] or match[3], 16))


def _short(match: re.Match[bytes]) -> bytes:
    data = match[0]
    code = data[0] & {2: 0x1F, 3: 0x0F, 4: 0x07}[len(data)]
    for byte in data[1:]:
        code = code << 6 | byte & 0x3F
    return _char(code).encode()


def plain_path(path: str) -> str:
    r"""Return a decoded path with `\` as `/`, without `//`, `/./` and `;parameters`; `..` is left to be seen."""
    if "\\" in path:
        path = path.replace("\\", "/")
    if ";" in path:
        path = _PARAMETERS.sub("", path)
    if "/./" in path:
        path = _SELF.sub("/", path)
    return _SLASHES.sub("/", path) if "//" in path else path


def readings(text: str) -> Iterator[str]:
    """Yield what a decoded text may be read as besides itself, in lower case, each other than the text."""
    small = text.lower()
    if "/*" in text:
        yield _SQL_COMMENT.sub("", small)
        yield folded(_COMMENT.sub(" ", _SQL_COMMENT.sub(" ", small)))
    for invites, read in _READINGS:
        if any(mark in small for mark in invites):
            found = read(text).lower()
            if found != small:
                yield found
    if len(text) >= MIN_BASE64:
        yield from _base64(text)


def shell(text: str) -> str:
    """Return a text without what a shell reads as nothing: `c''at`, `c\\at`, `c$@at`, `cat${IFS}x`."""
    return _SHELL_NOISE.sub(_noise, text)


def _noise(match: re.Match[str]) -> str:
    return " " if "ifs" in match[0].lower() else ""


def lookups(text: str) -> str:
    """Return a text with log4j's lookups worked out from the inside, `${lower:J}ndi`, `${::-j}`, `${env:no:-j}`."""
    for _ in range(MAX_LOOKUPS):
        made = _LOOKUP.sub(_looked_up, text)
        if made == text:
            break
        text = made
    return text


def _looked_up(match: re.Match[str]) -> str:
    inner = match[1]
    _, default, value = inner.rpartition(":-")
    if default:
        return value
    name, colon, value = inner.partition(":")
    if colon and name.lower() in ("lower", "upper"):
        return value
    if colon and name.lower() == "base64":
        return _text_of(value) or match[0]
    return match[0]


def _base64(text: str) -> Iterator[str]:
    tried = 0
    for match in _TOKEN.finditer(text):
        token = match[1]
        if token.startswith("eyJ"):  # a JWT, which is JSON by definition
            continue
        tried += 1
        if tried > MAX_BASE64:
            return
        found = _text_of(token)
        if found is not None and not found.isalnum():
            yield decoded(found).lower()


def _text_of(token: str) -> str | None:
    """Return what base64 holds, None if that is no text."""
    token = token.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        data = b64decode(token + "=" * (-len(token) % 4), validate=True)
    except (Base64Error, ValueError):
        return None
    if not data.isascii():
        return None
    found = data.decode("ascii")
    return found if found and found.replace("\n", "").replace("\r", "").replace("\t", "").isprintable() else None


def folded(text: str) -> str:
    """Return a text with a single space for all white space."""
    return _WIDE.sub(" ", text)


def unquoted(text: str) -> str:
    """Return a text as a shell reads it whose words are quoted and whose variables are not set: `'c'a$x"t"`."""
    return _QUOTED.sub("", text)


def squeezed(text: str) -> str:
    """Return a text without white space, as some read the names of elements: `<s c r i p t`."""
    return _WIDE.sub("", text)


_READINGS: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("\\", "''", '""', "$", "^", "``"), shell),
    (("${",), lookups),
    (("\t", "\n", "\r", "  "), folded),
    (("'", '"', "$"), unquoted),
    (("<",), squeezed),
)
