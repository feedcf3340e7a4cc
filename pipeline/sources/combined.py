r"""
nginx's and Apache's combined and common log formats, as they really occur.

    $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"

The peer is the first field; with nginx's realip module or mod_remoteip it is already derived, which the line does not
say. The parser is one RE2 pattern over the whole batch; what it leaves goes through looser ones, in this order, each
for lines seen in real logs. A value is kept as the log wrote it, its escapes (`\x22`, `\"`) included.

The quoted field behind the user agent is X-Forwarded-For where it reads like a list of hops, as in nginx's stock `main`
format; other fields may follow. It is kept as that header, evidence like any other: the trust policy decides whether it
is believed. So is what stands in quotes in front of the peer, and a list with commas in the peer's place.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from echo.record import header_text
from echo.record.combined import BEHIND, EMPTY, HOP_LIST, IN_FRONT, PEER, QUOTED, why_not
from pipeline.sources.columns import by_distinct
from pipeline.sources.fields import nullif, request_columns
from pipeline.sources.format import NO_TIME, Format, Parsed, decode, headers_of, record_batch
from pipeline.sources.patterns import CLF
from pipeline.sources.quotes import cut
from pipeline.sources.times import clf_times

GROUPS = ("host", "peer", "user", "time", "request", "status", "bytes", "referer", "agent", "rest")

LOOSE = r".*?"
LISTED = r"[0-9A-Fa-f.:\[\]]+(?:, ?[0-9A-Za-z.:\[\]_-]+)+"
PLAIN = r"(?P<host>)(?P<peer>\S+) \S+ (?P<user>\S+)"
VHOST = r'(?P<host>[^\s"]*[^\s",]) (?P<peer>[0-9A-Za-z]\S*|\[\S+|::\S+) - '


def _pattern(prefix: str, text: str, between: str = "", behind: str = "") -> str:
    # the last quote may be missing: a user agent cut short by the writer still leaves a line worth having
    tail = rf'(?:{between} "(?P<referer>{text})" "(?P<agent>{text})(?:"(?P<rest>[^"].*|"?))?)?{behind}$'
    return rf'^\s*"?{prefix} \[{CLF}\] "(?P<request>{text})" (?P<status>\d{{3}}) (?P<bytes>\d+|-){tail}'


_FIELDS = {"between": '(?: [^" ]+)*', "behind": "(?: .*)?"}
# what the pattern is for -> the pattern, tried in this order
PATTERNS = {
    "as documented": _pattern(PLAIN, QUOTED),
    "user missing": _pattern(r"(?P<host>)(?P<peer>\S+)(?P<user>)(?: -)?", QUOTED),
    "Apache vhost_combined": _pattern(VHOST + r"(?P<user>\S+)", QUOTED),
    "a list in front": _pattern(rf"(?P<host>)(?P<peer>{LISTED}) - (?P<user>\S+)", QUOTED),
    # before those that a client's own blanks would lead on
    "quotes in front": _pattern(rf'(?:(?P<host>[^\s,"]+) )?(?P<peer>"{QUOTED}" {PEER}) - (?P<user>.*?)', QUOTED),
    "user with blanks": _pattern(r"(?P<host>)(?P<peer>\S+) - (?P<user>.*?)", QUOTED),
    # a lone dash in the user would leave it open which words are whose; BunkerWeb has a request's id before its user
    "vhost, user with blanks": _pattern(
        VHOST + r"(?:[0-9a-f]{32} )?(?P<user>(?:[^\s-]\S*|-\S+)(?: (?:[^\s-]\S*|-\S+))*(?: -)?|-)", QUOTED
    ),
    "vhost, a list in front": _pattern(
        r'(?P<host>[^\s,"]+) (?P<peer>[^\s,"]+(?:, ?[^\s,"]+)+) - (?P<user>\S+)', QUOTED
    ),
    "anything with a comma in front": _pattern(r'(?P<host>)(?P<peer>[^"]*?,[^"]*?) - (?P<user>\S+)', QUOTED),
    "fields after the bytes": _pattern(PLAIN, QUOTED, **_FIELDS),
    "vhost, fields after the bytes": _pattern(VHOST + r"(?P<user>\S+)", QUOTED, **_FIELDS),
    "quotes unescaped": _pattern(PLAIN, LOOSE),
}
NONE = pa.scalar(None, pa.string())
NO_LINES = pa.array([], pa.int64())


def parse(lines: Sequence[bytes], *, quick: bool = True) -> Parsed:
    """
    Parse common and combined lines.

    quick  whether to cut the lines that are without surprises at their quotes: the same rows, sooner
    """
    text = decode(lines)
    left = pa.arange(0, len(lines))
    blank = pc.equal(pc.binary_length(text), 0)
    rejects = [(index, EMPTY) for index in left.filter(blank).to_pylist()]
    left = left.filter(pc.invert(blank))
    taken: list[tuple[dict[str, pa.Array], pa.Array]] = []
    if quick:
        taken += cut(text)
        done = pa.concat_arrays([NO_LINES, *(which for _, which in taken)])
        left = NO_LINES if len(done) == len(left) else left.filter(pc.invert(pc.is_in(left, done)))
    for pattern in PATTERNS.values():
        if not len(left):
            break
        found = pc.extract_regex(text.take(left), pattern)
        hit = found.is_valid()
        if pc.any(hit).as_py():
            taken.append((_columns(found.filter(hit)), left.filter(hit)))
            left = left.filter(pc.invert(hit))
    rejects += [(index, why_not(header_text(lines[index]))) for index in left.to_pylist()]
    fields = {
        name: pa.concat_arrays([columns[name] for columns, _ in taken] or [pa.array([], pa.string())])
        for name in GROUPS
    }
    index = pa.concat_arrays([which for _, which in taken] or [NO_LINES])
    ts = clf_times(fields["time"])
    if ts.null_count:
        rejects += [(line, NO_TIME) for line in index.filter(ts.is_null()).to_pylist()]
        good = ts.is_valid()
        fields = {name: column.filter(good) for name, column in fields.items()}
        index, ts = index.filter(good), ts.filter(good)
    return Parsed(_batch(fields, ts), index, rejects)


def _columns(found: pa.Array) -> dict[str, pa.Array]:
    return {name: pc.struct_field(found, name) for name in GROUPS}


def _batch(fields: dict[str, pa.Array], ts: pa.Array) -> pa.RecordBatch:
    peer, in_front = _in_front(fields["peer"])
    headers: dict[str, pa.Array] = {
        "referer": nullif(fields["referer"], "-", ""),
        "x-forwarded-for": pc.coalesce(by_distinct(fields["rest"], _behind), in_front),
    }
    columns = {
        "ts": ts,
        "peer_ip": peer,
        "host": nullif(fields["host"], ""),
        "user": nullif(fields["user"], "-", '""', ""),
        **request_columns(fields["request"]),
        "user_agent": nullif(fields["agent"], "-", ""),
        "headers": headers_of(headers, len(ts)),
        "status": fields["status"].cast(pa.int64()),
        "response_bytes": _sizes(fields["bytes"]),
    }
    return record_batch(columns, len(ts))


def _in_front(column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return peers, and X-Forwarded-For where it stands in front of them or in their place."""
    odd = by_distinct(column, lambda texts: pc.match_substring_regex(texts, '[,"]'))
    if not pc.any(odd).as_py():
        return column, pa.nulls(len(column), pa.string())
    found = pc.extract_regex(column, IN_FRONT)
    parts = {name: nullif(pc.struct_field(found, name), "", "-") for name in ("quoted", "peer", "bare")}
    listed = pc.coalesce(parts["quoted"], pc.utf8_trim(parts["bare"], '"'))
    return pc.if_else(odd, parts["peer"], column), pc.if_else(odd, listed, NONE)


def _behind(column: pa.Array) -> pa.Array:
    """Return X-Forwarded-For where what stands behind the user agent begins with it."""
    found = pc.extract_regex(column, BEHIND)
    text = pc.utf8_trim_whitespace(
        pc.binary_join_element_wise(pc.struct_field(found, "quoted"), pc.struct_field(found, "bare"), "")
    )
    is_list = pc.fill_null(pc.match_substring_regex(text, HOP_LIST), fill_value=False)
    return pc.if_else(is_list, text, NONE)


def _sizes(column: pa.Array) -> pa.Array:
    """Return sizes; `-` is Apache's way to write that no byte was sent, more digits than int64 holds are null."""
    digits = pc.if_else(pc.equal(column, "-"), "0", column)
    return pc.if_else(pc.less_equal(pc.utf8_length(digits), 18), digits, None).cast(pa.int64())


COMBINED = Format(
    "combined",
    "nginx and Apache common and combined, combinedio, vhost_combined, further fields behind; the first column is the"
    " peer, or what the writer derived; a list there, or a quoted one before it or behind the rest, is X-Forwarded-For",
    parse,
)
