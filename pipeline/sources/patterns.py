"""
Formats that are patterns over lines.

    lines → patterns (RE2, one group a field) → texts → fields (`pipeline.sources.fields`) → columns of RECORD_SCHEMA

1. A pattern is RE2: linear in the line, whatever it holds. Each of its groups is named by its field.
2. Patterns are tried in order over whole columns, each on the lines that the ones before have left.
3. What is a line of the format, and what a line's fields are, does not depend on the lines beside it.
4. Where values are not told apart by what they hold, a line can often be read in two ways, and a client may choose its
   values so that the first one is wrong. RE2's own and its ungreedy reading (`(?U)`) are the two that differ most: what
   they do not agree on is left out, where a format asks for that (`agreed`), but for what a client says of itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from echo.record import header_text
from echo.record.combined import EMPTY
from pipeline.sources.fields import parsed, together
from pipeline.sources.format import Format, Parsed, decode, record_batch

OF_ITSELF = frozenset({"agent", "h_referer"})  # nobody believes them: the first reading of them stands
BINARY = "binary: holds a NUL byte"
# what a field looks like in a line
CLF_TIME = r"\d\d?/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}"
CLF = rf"(?P<time>{CLF_TIME})"
ISO_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
ISO = rf"(?P<time_iso>{ISO_TIME})"


def match(
    text: pa.Array, left: pa.Array, patterns: Iterable[str], *, agreed: bool = False
) -> tuple[list[Parsed], pa.Array]:
    """
    Match the lines numbered left by the patterns, one after the other; return what each took and what is left.

    text      all lines
    patterns  RE2, each group named by its field
    agreed    whether fields that can be read in two ways are left out
    """
    taken: list[Parsed] = []
    for pattern in patterns:
        if not len(left):
            break
        found = pc.extract_regex(text.take(left), pattern)
        hit = found.is_valid()
        if pc.any(hit).as_py():
            groups = found.filter(hit)
            texts = {field.name: pc.struct_field(groups, field.name) for field in found.type}
            if agreed:
                other = pc.extract_regex(text.take(left.filter(hit)), f"(?U){pattern}")
                for name in texts.keys() - OF_ITSELF:
                    same = pc.equal(texts[name], pc.struct_field(other, name))
                    texts[name] = pc.if_else(same, texts[name], "")
            taken.append(parsed(texts, left.filter(hit)))
            left = left.filter(pc.invert(hit))
    return taken, left


def patterned(
    name: str,
    meaning: str,
    patterns: Sequence[str],
    otherwise: Callable[[Sequence[bytes]], Parsed],
    within: str = "",
    *,
    mark: bytes | None = None,
    agreed: bool = False,
) -> Format:
    """
    Return a format of lines that match one of the patterns.

    otherwise  what reads the lines that do not: `refusing`, or the parser of a wider format
    within     the name of that wider one
    mark       what each line that one of the patterns matches begins with, for `Format.mark`
    agreed     whether fields that can be read in two ways are left out
    """

    def begun(lines: Sequence[bytes]) -> tuple[list[Parsed], pa.Array]:
        return match(decode(lines), pa.arange(0, len(lines)), patterns, agreed=agreed)

    def parse(lines: Sequence[bytes]) -> Parsed:
        taken, left = begun(lines)
        rest = otherwise([lines[index] for index in left.to_pylist()])
        return together([*taken, _renumbered(rest, left)])

    def certain(lines: Sequence[bytes]) -> int:
        return sum(piece.batch.num_rows for piece in begun(lines)[0])

    return Format(name, meaning, parse, certain, within, None if mark is None else re.compile(mark))


def refusing(why_not: Callable[[str], str]) -> Callable[[Sequence[bytes]], Parsed]:
    """Return what refuses every line: blank ones, binary ones, and the others for the reason that why_not gives."""

    def parse(lines: Sequence[bytes]) -> Parsed:
        texts = [header_text(line) for line in lines]
        reasons = [EMPTY if not text.strip() else BINARY if "\0" in text else why_not(text) for text in texts]
        return Parsed(record_batch({}, 0), pa.array([], pa.int64()), list(enumerate(reasons)))

    return parse


def doubting(
    pattern: str, reason: str, otherwise: Callable[[Sequence[bytes]], Parsed]
) -> Callable[[Sequence[bytes]], Parsed]:
    """Return what refuses lines that hold a pattern, for a reason, and hands on the others."""

    def parse(lines: Sequence[bytes]) -> Parsed:
        doubtful = pc.match_substring_regex(decode(lines), pattern)
        which = pa.arange(0, len(lines))
        left = which.filter(pc.invert(doubtful))
        refused = [(line, reason) for line in which.filter(doubtful).to_pylist()]
        rest = _renumbered(otherwise([lines[index] for index in left.to_pylist()]), left)
        return rest._replace(rejects=[*rest.rejects, *refused])

    return parse


def _renumbered(found: Parsed, lines: pa.Array) -> Parsed:
    return Parsed(found.batch, lines.take(found.lines), [(lines[at].as_py(), reason) for at, reason in found.rejects])
