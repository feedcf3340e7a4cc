r"""
Texts of a line's fields to the columns of a record, for every format that is a pattern over lines.

    lines → patterns (RE2, one group a field) → texts → fields (this file) → columns of RECORD_SCHEMA

1. A field has a name of the tables TIMES and FIELDS, or `h_NAME` for a request's header (`_` for `-`). A format names
   each group of its pattern by its field, and knows no column.
2. `-` and nothing say that there is no value. A value is kept as the log wrote it.
3. A text that is no number, no time, no address where one should be is null; a row without a time is refused.
4. `writer_client` is what the program that wrote the line took for its client: a verdict, and never the peer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from echo.record import REDACTED, REDACTED_HEADERS, header_text
from echo.record.combined import EMPTY, NO_REQUEST, REQUEST, zone_shift
from echo.record.combined import MONTHS as MONTH_NAMES
from pipeline.sources.format import NO_TIME, Format, Parsed, decode, headers_of, record_batch, times_in_range

BINARY = "binary: holds a NUL byte"
HEADER = "h_"
# headers that have columns of their own
OF_HEADERS = {"host": "host", "user-agent": "agent", "x-request-id": "request_id"}
WRITER = "writer"  # client_source and client_reason where the program that wrote the line had made up its mind
NO_TEXT = pa.scalar(None, pa.string())
MONTHS = pa.array(MONTH_NAMES)
# what a field looks like in a line
CLF_TIME = r"\d\d?/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}"
CLF = rf"(?P<time>{CLF_TIME})"
ISO_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
ISO = rf"(?P<time_iso>{ISO_TIME})"
MAX_DIGITS = 18  # of a whole number: what int64 surely holds; more are no size that any server counts

_CLF = (
    r"^(?P<day>\d\d?)/(?P<month>[A-Za-z]{3})/(?P<year>\d{4}):(?P<time>\d\d:\d\d:\d\d)(?P<part>\.\d{1,6})?\d*"
    r"(?: (?P<zone>[+-]\d{4}))?$"
)
_ISO = (
    r"^(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,6})\d*)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?$"
)
_ENDPOINT = r"^(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<ip>.*?))(?::(?P<port>\d{1,5}))?$"


def match(text: pa.Array, left: pa.Array, patterns: Iterable[str]) -> tuple[list[Parsed], pa.Array]:
    """
    Match the lines numbered left by the patterns, one after the other; return what each took and what is left.

    text      all lines
    patterns  RE2, each group named by its field
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
            taken.append(parsed(texts, left.filter(hit)))
            left = left.filter(pc.invert(hit))
    return taken, left


def patterned(name: str, meaning: str, patterns: Sequence[str], otherwise: Callable[[list[bytes]], Parsed]) -> Format:
    """
    Return a format of lines that match one of the patterns.

    otherwise  what reads the lines that do not: `refusing`, or the parser of a wider format
    """

    def begun(lines: list[bytes]) -> tuple[list[Parsed], pa.Array]:
        return match(decode(lines), pa.arange(0, len(lines)), patterns)

    def parse(lines: list[bytes]) -> Parsed:
        taken, left = begun(lines)
        rest = otherwise([lines[index] for index in left.to_pylist()])
        return together([*taken, _renumbered(rest, left)])

    return Format(name, meaning, parse, lambda lines: sum(piece.batch.num_rows for piece in begun(lines)[0]))


def refusing(why_not: Callable[[str], str]) -> Callable[[list[bytes]], Parsed]:
    """Return what refuses every line: blank ones, binary ones, and the others for the reason that why_not gives."""

    def parse(lines: list[bytes]) -> Parsed:
        texts = [header_text(line) for line in lines]
        reasons = [EMPTY if not text.strip() else BINARY if "\0" in text else why_not(text) for text in texts]
        return Parsed(record_batch({}, 0), pa.array([], pa.int64()), list(enumerate(reasons)))

    return parse


def doubting(pattern: str, reason: str, otherwise: Callable[[list[bytes]], Parsed]) -> Callable[[list[bytes]], Parsed]:
    """Return what refuses lines that hold a pattern, for a reason, and hands on the others."""

    def parse(lines: list[bytes]) -> Parsed:
        doubtful = pc.match_substring_regex(decode(lines), pattern)
        which = pa.arange(0, len(lines))
        left = which.filter(pc.invert(doubtful))
        refused = [(line, reason) for line in which.filter(doubtful).to_pylist()]
        rest = _renumbered(otherwise([lines[index] for index in left.to_pylist()]), left)
        return rest._replace(rejects=[*rest.rejects, *refused])

    return parse


def _renumbered(found: Parsed, lines: pa.Array) -> Parsed:
    return Parsed(found.batch, lines.take(found.lines), [(lines[at].as_py(), reason) for at, reason in found.rejects])


def together(pieces: Sequence[Parsed]) -> Parsed:
    """Return pieces of one source as one."""
    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return Parsed(record_batch({}, 0), pa.array([], pa.int64()), [])
    return Parsed(
        pa.concat_batches([piece.batch for piece in pieces]),
        pa.concat_arrays([piece.lines for piece in pieces]),
        [reject for piece in pieces for reject in piece.rejects],
    )


def parsed(texts: Mapping[str, pa.Array], lines: pa.Array) -> Parsed:
    """
    Return rows of the texts of their fields; rows without a time are rejects.

    texts  field -> string array, all equally long
    lines  the index of each row's line
    """
    times = [read(texts[name]) for name, read in TIMES.items() if name in texts]
    ts = pc.coalesce(*times) if times else pa.nulls(len(lines), pa.timestamp("us", "UTC"))
    rejects: list[tuple[int, str]] = []
    if ts.null_count:
        good = ts.is_valid()
        rejects = [(line, NO_TIME) for line in lines.filter(pc.invert(good)).to_pylist()]
        texts = {name: column.filter(good) for name, column in texts.items()}
        ts, lines = ts.filter(good), lines.filter(good)
    columns = {"ts": ts}
    if "path" in texts:
        texts = {**texts, "target": _target(texts["path"], texts.get("query"))}
    for name, column in texts.items():
        if name in FIELDS:
            columns |= FIELDS[name].read(column)
    if "method" in texts:
        columns["error"] = pc.if_else(columns["method"].is_valid(), NO_TEXT, NO_REQUEST)
    columns |= _verdict(columns)
    columns["headers"] = _headers(texts, len(ts))
    return Parsed(record_batch(columns, len(ts)), lines, rejects)


def header_field(name: str) -> str:
    """Return the field of a request's header, by its name in lower case."""
    return OF_HEADERS.get(name, HEADER + name.replace("-", "_"))


def none(column: pa.Array) -> pa.Array:
    """Return texts, null where the log says that there is no value."""
    return pc.if_else(pc.is_in(column, pa.array(["-", "", '""'])), NO_TEXT, column)


# --- times ------------------------------------------------------------------------------------------------------------


def clf_times(column: pa.Array) -> pa.Array:
    """Return UTC timestamps of `17/May/2015:10:05:03 +0000`, null where it is none; UTC where no zone is written."""
    return _by_distinct(column, _clf_times)


def iso_times(column: pa.Array) -> pa.Array:
    """Return UTC timestamps of `2015-05-17T10:05:03.123Z`, null where it is none; UTC where no zone is written."""
    return _by_distinct(column, _iso_times)


def epoch_times(column: pa.Array) -> pa.Array:
    """Return UTC timestamps of seconds since 1970, null where it is no number."""
    return times_in_range(micros(column, 6).cast(pa.timestamp("us", "UTC")))


def _by_distinct(column: pa.Array, read: Callable[[pa.Array], pa.Array]) -> pa.Array:
    encoded = column.dictionary_encode()  # a busy server writes a second many times
    return read(encoded.dictionary).take(encoded.indices)


def _clf_times(texts: pa.Array) -> pa.Array:
    found = pc.extract_regex(texts, _CLF)
    month = pc.index_in(pc.utf8_lower(pc.struct_field(found, "month")), MONTHS)  # strptime's %b would follow the locale
    number = pc.utf8_lpad(pc.add(month, 1).cast(pa.string()), 2, "0")
    part = pc.utf8_ltrim(pc.struct_field(found, "part"), ".")
    return _times(found, number, part)


def _iso_times(texts: pa.Array) -> pa.Array:
    found = pc.extract_regex(texts, _ISO)
    return _times(found, pc.struct_field(found, "month"), pc.struct_field(found, "part"))


def _times(found: pa.Array, month: pa.Array, part: pa.Array) -> pa.Array:
    year, day, time, zone = (pc.struct_field(found, name) for name in ("year", "day", "time", "zone"))
    iso = pc.binary_join_element_wise(pc.binary_join_element_wise(year, month, day, "-"), time, "T")
    iso = pc.replace_substring_regex(iso, ":60$", ":59")  # a leap second
    local = pc.strptime(iso, format="%Y-%m-%dT%H:%M:%S", unit="us", error_is_null=True)
    same = pc.equal(pc.day(local), day.cast(pa.int64()))  # strptime makes 3 March of 31 February
    local = pc.if_else(same, local, None)
    micros = pc.if_else(pc.equal(part, ""), "0", pc.utf8_rpad(part, 6, "0")).cast(pa.int64()).cast(pa.duration("us"))
    zones = zone.dictionary_encode()
    shifts = pa.array([_shift(text) for text in zones.dictionary.to_pylist()], pa.duration("us"))
    utc = pc.subtract(pc.add(local, micros), shifts.take(zones.indices))
    return times_in_range(utc.cast(pa.timestamp("us", "UTC")))


def _shift(zone: str) -> object:
    return zone_shift("+0000" if zone in ("Z", "") else zone.replace(":", ""))


# --- numbers ----------------------------------------------------------------------------------------------------------


def whole(column: pa.Array) -> pa.Array:
    """Return whole numbers, null where there is none, a negative or too long a one."""
    digits = pc.utf8_ltrim(column, "+")  # HAProxy's, of what was not over when it was logged
    fine = pc.match_substring_regex(digits, rf"^\d{{1,{MAX_DIGITS}}}$")
    return pc.if_else(fine, digits, NO_TEXT).cast(pa.int64())


def micros(column: pa.Array, places: int) -> pa.Array:
    """
    Return decimal numbers as whole microseconds, null where there is none.

    places  6 for seconds, 3 for milliseconds
    """
    found = pc.extract_regex(pc.utf8_ltrim(column, "+"), r"^(?P<whole>\d{1,11})(?:\.(?P<part>\d{1,6})\d*)?$")
    part = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.struct_field(found, "part"), 6, "0"), 0, places)
    return pc.binary_join_element_wise(pc.struct_field(found, "whole"), part, "").cast(pa.int64())


# --- fields -----------------------------------------------------------------------------------------------------------

Columns = dict[str, pa.Array]


class Field(NamedTuple):
    """
    What becomes of a field's texts.

    read     texts -> columns of the record
    meaning  for people
    """

    read: Callable[[pa.Array], Columns]
    meaning: str


def _text(name: str) -> Callable[[pa.Array], Columns]:
    return lambda column: {name: none(column)}


def _number(name: str) -> Callable[[pa.Array], Columns]:
    return lambda column: {name: whole(column)}


def _end(ip: str, port: str) -> Callable[[pa.Array], Columns]:
    def read(column: pa.Array) -> Columns:
        found = pc.extract_regex(column, _ENDPOINT)
        address = pc.binary_join_element_wise(pc.struct_field(found, "six"), pc.struct_field(found, "ip"), "")
        return {ip: none(address), port: whole(pc.struct_field(found, "port"))}

    return read


def _summed(column: pa.Array) -> Columns:
    parts = pc.split_pattern(column, " ")
    total: pa.Array | None = None
    for place in range(pc.max(pc.list_value_length(parts)).as_py() or 0):
        part = micros(pc.list_element(parts, place), 6)
        total = part if total is None else pc.add(total, part)
    return {} if total is None else {"duration_us": total}


def _request(column: pa.Array) -> Columns:
    found = pc.extract_regex(column, REQUEST)
    is_http = found.is_valid()
    return {
        "method": pc.struct_field(found, "method"),
        "target": pc.if_else(is_http, pc.struct_field(found, "target"), none(column)),
        "protocol": none(pc.utf8_ltrim_whitespace(pc.struct_field(found, "protocol"))),
        "error": pc.if_else(is_http, NO_TEXT, NO_REQUEST),
    }


def _target(path: pa.Array, query: pa.Array | None) -> pa.Array:
    if query is None:
        return path
    return pc.if_else(none(query).is_valid(), pc.binary_join_element_wise(path, query, "?"), path)


def _verdict(columns: Mapping[str, pa.Array]) -> Columns:
    client = columns.get("client_ip")
    if client is None:
        return {}
    said = pc.if_else(client.is_valid(), pa.scalar(WRITER), NO_TEXT)
    return {"client_source": said, "client_reason": said}


def _headers(texts: Mapping[str, pa.Array], rows: int) -> pa.Array:
    present = {}
    for field, column in texts.items():
        if field.startswith(HEADER):
            name, values = field.removeprefix(HEADER).replace("_", "-"), none(column)
            if name in REDACTED_HEADERS:
                values = pc.if_else(values.is_valid(), pa.scalar(REDACTED), NO_TEXT)
            if values.null_count < rows:
                present[name] = values
    return headers_of(present, rows)


# field -> how its texts are a time; where a format has several, the first that a row has is its time
TIMES: Mapping[str, Callable[[pa.Array], pa.Array]] = {
    "time_epoch": epoch_times,
    "time_iso": iso_times,
    "time": clf_times,
}
FIELDS: Mapping[str, Field] = {
    "peer": Field(_text("peer_ip"), "the other end of the socket"),
    "peer_port": Field(_number("peer_port"), "its port"),
    "peer_end": Field(_end("peer_ip", "peer_port"), "its address and port"),
    "proxied": Field(_text("proxied_ip"), "the source that a PROXY header gave"),
    "proxied_port": Field(_number("proxied_port"), "its port"),
    "local": Field(_text("local_ip"), "the writer's end of the socket"),
    "local_port": Field(_number("local_port"), "its port"),
    "local_end": Field(_end("local_ip", "local_port"), "its address and port"),
    "writer_client": Field(_text("client_ip"), "what the writer took for its client"),
    "writer_client_end": Field(_end("client_ip", "client_port"), "the same, its port behind it"),
    "host": Field(_text("host"), "the host asked for"),
    "user": Field(_text("user"), "who signed in"),
    "request": Field(_request, "the request line"),
    "method": Field(_text("method"), "its method"),
    "target": Field(_text("target"), "its target"),
    "protocol": Field(_text("protocol"), "its protocol"),
    "pod": Field(_text("pod"), "the host that wrote the line"),
    "agent": Field(_text("user_agent"), "User-Agent"),
    "status": Field(_number("status"), "status of the answer"),
    "body_bytes": Field(_number("response_bytes"), "bytes of the answer's body, or of all of it"),
    "request_bytes": Field(_number("request_bytes"), "bytes of the request's body"),
    "seconds": Field(lambda column: {"duration_us": micros(column, 6)}, "duration in seconds"),
    "millis": Field(lambda column: {"duration_us": micros(column, 3)}, "duration in milliseconds"),
    "seconds_summed": Field(_summed, "several of them, blanks between"),
    "connection": Field(_text("connection_id"), "the connection"),
    "connection_request": Field(_number("connection_request"), "number of the request on it"),
    "tls": Field(_text("tls_version"), "TLS version"),
    "request_id": Field(_text("request_id"), "X-Request-Id"),
    "error": Field(_text("error"), "what went wrong"),
}
