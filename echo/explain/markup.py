"""
HTML that cannot be broken out of: a text becomes a part of a page by way of `element` or `text` alone, which escape it.

Markup is the type of what is escaped. Text is made printable before (`echo.clientip.printable`): a page shows no
control characters, and no mark that turns the reading order around.
"""

from echo.clientip import printable

# elements that have no end
VOID = frozenset({"br", "meta"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: str) -> Markup:
    """Return text as HTML, on one line."""
    return value if isinstance(value, Markup) else Markup(printable(value).translate(_ESCAPES))


def prose(value: str) -> Markup:
    """Return text as HTML, what stands between backquotes as code."""
    parts = value.split("`")
    if len(parts) % 2 == 0:
        return text(value)
    return join(*(element("code", part) if at % 2 else part for at, part in enumerate(parts)))


def lines(value: str) -> Markup:
    """Return text of several lines as HTML."""
    return Markup("\n".join(map(text, value.splitlines())))


def cut(value: str, most: int) -> str:
    """Return text, printable, cut after `most` characters; then it says how many more there were."""
    kept = _fitting(value, most)
    return (
        printable(value)
        if kept == len(value)
        else f"{printable(value[:kept])}… and {len(value) - kept:,} more characters"
    )


def _fitting(value: str, most: int) -> int:
    """Return how many characters of a value are at most `most` once printable."""
    room = most
    for at, char in enumerate(value):
        room -= len(printable(char))
        if room < 0:
            return at
    return len(value)


def join(*parts: str) -> Markup:
    """Return parts as HTML, one behind the other."""
    return Markup("".join(map(text, parts)))


def element(name: str, /, *children: str, **attributes: str) -> Markup:
    """Return an element. Of an attribute's name `_` is `-`, but for one at its end: `class_`, `aria_hidden`."""
    words = [name, *(f'{key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())]
    start = f"<{' '.join(words)}>"
    return Markup(start if name in VOID else f"{start}{join(*children)}</{name}>")
