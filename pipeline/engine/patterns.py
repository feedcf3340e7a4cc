r"""
Regular expressions as DuckDB reads them (RE2's), written so that Java finds the same.

Most of a pattern says the same in both; what does not, seen over all of Unicode's characters on Java 17:

1. `$` ends the text, and with (?m) a line that `\n` ends; in Java other line ends count, and one before the text's end.
   `.` is all but `\n`; in Java four other characters are line ends, too.
2. `\b` knows ASCII's letters alone, `\s` is no vertical tab; `\v` is one, and `\123` a character by its octal number.
3. (?i) folds as Unicode does: ſ is an s, and the sign of kelvins a k. Java's (?i) folds ASCII alone, its (?iu) takes
   the Turkish letters İ and ı for an i.
4. In a class `[`, `&&` and a first `]` are characters; in Java they begin a class, mean both, or end it. Outside one so
   is a `{` that begins no number of times.
5. A script and a class of characters have other names there; of a group the name is dropped, since no SQL asks for it.
"""

from __future__ import annotations

import re

WORD = "[0-9A-Za-z_]"
BOUNDARIES = {
    "b": f"(?:(?<={WORD})(?!{WORD})|(?<!{WORD})(?={WORD}))",
    "B": f"(?:(?<={WORD})(?={WORD})|(?<!{WORD})(?!{WORD}))",
}
SPACE = r"\t\n\f\r "
ESCAPES = {"s": f"[{SPACE}]", "S": f"[^{SPACE}]", "v": r"\x0B"}  # that mean another thing in Java
IN_CLASS = {**ESCAPES, "s": SPACE}
POSIX = {
    "alnum": "Alnum", "alpha": "Alpha", "ascii": "ASCII", "blank": "Blank", "cntrl": "Cntrl", "digit": "Digit",
    "graph": "Graph", "lower": "Lower", "print": "Print", "punct": "Punct", "space": "Space", "upper": "Upper",
    "xdigit": "XDigit",
}  # fmt: skip
FOLDED = {"s": "\u017f", "k": "\u212a"}  # ASCII's letters that letters beyond it fold to
FLAGS = re.compile(r"\(\?([ims]*)(?:-([ims]+))?([:)])")
NAMED = re.compile(r"\(\?P?<\w+>")
TIMES = re.compile(r"\{\d+(?:,\d*)?\}", re.ASCII)
SPECIAL = frozenset("\\[](){}^$.|*+?")
QUOTED = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
ESCAPE = re.compile(
    r"\\(?:([pP])(?:\{(\^?)(\w+)\}|(\w))|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|([0-7]{2,3}|0)|(.))", re.DOTALL | re.ASCII
)
POSIX_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")


def java(pattern: str) -> str:
    """Return a pattern of RE2's as Java's. Raises ValueError for what Java has nothing like it, or is no pattern."""
    return _Translation(pattern).text()


class _Translation:
    """A pattern on its way; `flags` are those that hold here, and `outer` those of the groups around."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._flags: frozenset[str] = frozenset()
        self._outer: list[frozenset[str]] = []

    def text(self) -> str:
        """Return it whole."""
        found = []
        while self._at < len(self._pattern):
            found.append(self._next())
        return "".join(found)

    def _taken(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """Return what is here, and go behind it."""
        found = expression.match(self._pattern, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _next(self) -> str:
        quoted = self._taken(QUOTED)
        if quoted is not None:
            return "".join(self._literal(one) for one in quoted[1])
        escape = self._taken(ESCAPE)
        if escape is not None:
            return BOUNDARIES.get(escape[6] or "") or _escaped(escape, ESCAPES)
        times = self._taken(TIMES)
        if times is not None:
            return times[0]
        one = self._pattern[self._at]
        if one == "[":
            return self._class()
        if one == "(":
            return self._group()
        self._at += 1
        if one == ")" and self._outer:
            self._flags = self._outer.pop()
        if one == "$":
            return "(?![^\\n])" if "m" in self._flags else "\\z"
        if one == "^":
            return "(?<![^\\n])" if "m" in self._flags else one
        if one == "." and "s" not in self._flags:
            return "[^\\n]"
        return one if one in ".|*+?)" else self._literal(one)

    def _literal(self, one: str) -> str:
        """Return a character that stands for itself."""
        if "i" in self._flags and one.lower() in FOLDED:
            return f"[{one}{FOLDED[one.lower()]}]"
        if "i" in self._flags and not one.isascii():
            return f"(?u:{one})"
        return f"\\{one}" if one in SPECIAL else one

    def _group(self) -> str:
        self._outer.append(self._flags)
        named = self._taken(NAMED)
        if named is not None:
            return "("
        flags = self._taken(FLAGS)
        if flags is not None:
            self._flags = self._flags.union(flags[1]) - frozenset(flags[2] or "")
            if flags[3] == ")":
                self._outer.pop()
            return flags[0]
        if self._pattern.startswith("(?", self._at):
            raise ValueError(f"{self._pattern[self._at : self._at + 4]} is not there")
        self._at += 1
        return "("

    def _class(self) -> str:
        """Return a class, which begins here."""
        self._at += 1
        found = ["["]
        if self._pattern.startswith("^", self._at):
            self._at += 1
            found.append("^")
        members: set[str] = set()
        first, last, ranged = True, "", False
        while first or not self._pattern.startswith("]", self._at):
            first = False
            if self._at >= len(self._pattern):
                raise ValueError("a class has no end")
            posix = self._taken(POSIX_CLASS)
            if posix is not None:
                if posix[2] not in ("word", *POSIX):
                    raise ValueError(f"{posix[0]} is not there")
                name = f"p{{{POSIX[posix[2]]}}}" if posix[2] in POSIX else "w"
                found.append(f"\\{name[0].upper()}{name[1:]}" if posix[1] else f"\\{name}")
                members.update("sk" if posix[2] not in ("digit", "punct", "space", "blank", "cntrl") else "")
                continue
            escape = self._taken(ESCAPE)
            if escape is not None:
                found.append(_escaped(escape, IN_CLASS))
                last = escape[6] or ""
                members.update("sk" if last == "w" else last)
                continue
            one = self._pattern[self._at]
            self._at += 1
            found.append(f"\\{one}" if one in "[]&^" else one)
            if ranged:
                members.update(letter for letter in "skSK" if last <= letter <= one)
            ranged = one == "-" and last != "" and not ranged
            if not ranged:
                last = one
                members.add(one)
        self._at += 1
        if "i" not in self._flags:
            return "".join([*found, "]"])
        found.extend(folded for letter, folded in FOLDED.items() if {letter, letter.upper()} & members)
        text = "".join([*found, "]"])
        return text if "".join(members).isascii() else f"(?u:{text})"


def _escaped(escape: re.Match[str], meanings: dict[str, str]) -> str:
    """Return what a backslash and what follows it says."""
    letter, negated, name, short, octal, plain = escape.groups()
    if letter:
        name = name or short
        # categories have the same names; what is longer is a script
        name = name if len(name) <= 2 else f"Is{name}"
        flip = {"p": "P", "P": "p"}[letter] if negated else letter
        return f"\\{flip}{{{name}}}"
    if octal:
        return f"\\x{{{int(octal, 8):x}}}"
    return meanings.get(plain or "", escape[0])
