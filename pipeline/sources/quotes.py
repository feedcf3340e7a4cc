r"""
Combined and common lines without surprises, cut at their quotes: most lines of most logs, at a quarter of the cost of a
pattern over the whole line.

    1.2.3.4 - frank [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 53 "http://example.com/" "Mozilla/5.0"
    └────────── front ──────────┘└ time ───────┘ └── request ───┘└ sizes ┘└──── referer ────┘   └─ agent ─┘

1. A line is taken here only if every piece of it is certainly what the documented grammar has in its place; all others
   are left to the patterns of `pipeline.sources.combined`, which would have given the same fields.
2. A piece with a quote inside, which Apache escapes as `\"`, ends in a backslash here: such lines are left.
3. What repeats from line to line (the second, the identity, the user) is looked at once for each distinct text.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.columns import by_distinct, columns_of
from pipeline.sources.patterns import CLF_TIME

# pieces that the quotes of a line cut it into, where it has
COMMON = 3  # the request alone
COMBINED = 7  # referer and agent too
WITH_HOPS = 9  # and a quoted field behind them
SIZES = {  # pieces -> status and size, with what stands around them
    COMMON: r"^ \d{3} (?:\d+|-)$",
    COMBINED: r"^ \d{3} (?:\d+|-) $",
    WITH_HOPS: r"^ \d{3} (?:\d+|-) $",
}
FRONT_WORDS = 3  # peer, identity, user
WORD = r"^[^\t\n\f\r ]+$"
TIME_PIECE = rf"^{CLF_TIME}\] $"


class Cut(NamedTuple):
    """
    Lines that were taken.

    fields  field -> its text in each of them
    lines   their numbers
    """

    fields: dict[str, pa.Array]
    lines: pa.Array


def cut(text: pa.Array) -> list[Cut]:
    """Return those of some lines (string array) that are without surprises, by the number of their pieces."""
    pieces = pc.split_pattern(text, '"')
    counts = pc.list_value_length(pieces)
    found = []
    for count in SIZES:
        which = pc.indices_nonzero(pc.equal(counts, count))
        if len(which):
            some = pieces if len(which) == len(text) else pieces.take(which)
            found.append(_taken(some.flatten(), count, which.cast(pa.int64())))
    return found


def _taken(pieces: pa.Array, count: int, lines: pa.Array) -> Cut:
    """Return the lines whose pieces (count of them a line, one line after the other) are as documented."""
    piece = columns_of(pieces, count)
    front, time = _split(piece[0], " [", 2)
    peer, identity, user = _split(front, " ", 3)
    request, sizes = piece[1], piece[2]
    good = [
        *(_every(column, WORD) for column in (peer, identity, user)),
        _every(time, TIME_PIECE),
        _ended(request),
        pc.match_substring_regex(sizes, SIZES[count]),
    ]
    referer = agent = rest = pa.nulls(len(lines), pa.string())
    if count >= COMBINED:
        referer, agent, rest = piece[3], piece[5], piece[6]
        good += [_ended(referer), pc.equal(piece[4], " "), _ended(agent)]
    if count == WITH_HOPS:
        good += [pc.equal(rest, " "), _ended(piece[7]), pc.equal(piece[8], "")]
        rest = piece[7]
    fields = {
        "host": pa.repeat(pa.scalar("", pa.string()), len(lines)),
        "peer": peer,
        "user": user,
        "time": pc.utf8_slice_codeunits(time, 0, -2),
        "request": request,
        "status": pc.utf8_slice_codeunits(sizes, 1, 4),
        "bytes": pc.utf8_rtrim(pc.utf8_slice_codeunits(sizes, 5), " "),
        "referer": referer,
        "agent": agent,
        "rest": rest,
    }
    mask = pc.fill_null(reduce(pc.and_, good), fill_value=False)
    if pc.all(mask).as_py():
        return Cut(fields, lines)
    return Cut({name: column.filter(mask) for name, column in fields.items()}, lines.filter(mask))


def _split(column: pa.Array, separator: str, width: int) -> list[pa.Array]:
    """Return the first width pieces of each text as columns, the last with all behind; null where it has fewer."""
    lists = pc.split_pattern(column, separator, max_splits=width - 1)
    if pc.all(pc.equal(pc.list_value_length(lists), width)).as_py() and not lists.null_count:
        flat = lists.flatten()
    else:
        flat = pc.list_slice(lists, 0, width, return_fixed_size_list=True).values
    return columns_of(flat, width)


def _every(column: pa.Array, pattern: str) -> pa.Array:
    """Return whether a pattern is found in each text, asked once for each distinct one."""
    return by_distinct(column, lambda texts: pc.match_substring_regex(texts, pattern))


def _ended(column: pa.Array) -> pa.Array:
    """Return whether the quote behind each piece is its end, and no quote inside it."""
    return pc.invert(pc.ends_with(column, "\\"))
