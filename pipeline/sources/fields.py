r"""
Texts of a line's fields to the columns of a record, for every format that tells its fields apart.

1. A field has a name of the tables TIMES and FIELDS, or `h_NAME` for a request's header (`_` for `-`). A format says
   which field a text is, and knows no column.
2. `-` and nothing say that there is no value. A value is kept as the log wrote it.
3. A text that is no number, no time, no address where one should be is null; a row without a time is refused.
4. `writer_client` is what the program that wrote the line took for its client: a verdict, and never the peer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from echo.record import REDACTED, REDACTED_HEADERS
from echo.record.combined import NO_REQUEST, ODD_REQUEST, REQUEST
from pipeline.rows import BY_WRITER
from pipeline.sources.columns import columns_of
from pipeline.sources.format import NO_TIME, Parsed, headers_of, record_batch
from pipeline.sources.times import clf_times, epoch_times, iso_times, micros

HEADER = "h_"
# headers that have columns of their own
OF_HEADERS = {"host": "host", "user-agent": "agent", "x-request-id": "request_id"}
NO_TEXT = pa.scalar(None, pa.string())
NOTHING = ("-", "", '""')  # how logs write that there is no value
# most requests: three words, the second of them a path
PLAIN_REQUEST = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+ /[^ ]* HTTP/[0-9](?:\.[0-9])?$"
MAX_DIGITS = 18  # of a whole number: what int64 surely holds; more are no size that any server counts

_ENDPOINT = r"^(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<ip>.*?))(?::(?P<port>\d{1,5}))?$"


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
        asked = columns["method"].is_valid()
        if "target" in columns:  # of a log that leaves the method out
            asked = pc.or_(asked, columns["target"].is_valid())
        columns["error"] = pc.if_else(asked, NO_TEXT, NO_REQUEST)
    columns |= _verdict(columns)
    columns["headers"] = _headers(texts, len(ts))
    return Parsed(record_batch(columns, len(ts)), lines, rejects)


def header_field(name: str) -> str:
    """Return the field of a request's header, by its name in lower case."""
    return OF_HEADERS.get(name, HEADER + name.replace("-", "_"))


def none(column: pa.Array) -> pa.Array:
    """Return texts, null where the log says that there is no value."""
    return nullif(column, *NOTHING)


def nullif(column: pa.Array, *texts: str) -> pa.Array:
    """Return texts, null in place of some."""
    found = pc.is_in(column, pa.array(texts))
    hits = pc.sum(found).as_py() or 0
    if not hits:
        return column
    return pa.nulls(len(column), column.type) if hits == len(column) else pc.if_else(found, NO_TEXT, column)


def whole(column: pa.Array) -> pa.Array:
    """Return whole numbers, null where there is none, a negative or too long a one."""
    digits = pc.utf8_ltrim(column, "+")  # HAProxy's, of what was not over when it was logged
    fine = pc.match_substring_regex(digits, rf"^\d{{1,{MAX_DIGITS}}}$")
    return pc.if_else(fine, digits, NO_TEXT).cast(pa.int64())


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


def request_columns(column: pa.Array) -> Columns:
    """Return method, target and protocol of request lines; what is none stands as the target, and error says so."""
    encoded = column.dictionary_encode()  # one path is asked for by many
    lines = encoded.dictionary
    plain = pc.match_substring_regex(lines, PLAIN_REQUEST)
    columns = _plain_requests(lines.filter(plain))
    if not pc.all(plain).as_py():
        others = _requests(lines.filter(pc.invert(plain)))
        numbers = pa.arange(0, len(lines))
        order = pa.concat_arrays([numbers.filter(plain), numbers.filter(pc.invert(plain))])
        place = pc.inverse_permutation(order, max_index=len(lines) - 1)
        columns = {name: pa.concat_arrays([texts, others[name]]).take(place) for name, texts in columns.items()}
    return {name: texts.take(encoded.indices) for name, texts in columns.items()}


def _plain_requests(lines: pa.Array) -> Columns:
    method, target, protocol = columns_of(pc.split_pattern(lines, " ").flatten(), 3)
    return {"method": method, "target": target, "protocol": protocol, "error": pa.nulls(len(lines), pa.string())}


def _requests(lines: pa.Array) -> Columns:
    found = pc.extract_regex(lines, REQUEST)
    if found.null_count:
        found = pc.coalesce(found, pc.extract_regex(lines, ODD_REQUEST))
    is_http = found.is_valid()
    return {
        "method": pc.struct_field(found, "method"),
        "target": pc.if_else(is_http, pc.struct_field(found, "target"), none(lines)),
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
    said = pc.if_else(client.is_valid(), pa.scalar(BY_WRITER), NO_TEXT)
    return {"client_source": said, "client_reason": said}


def _headers(texts: Mapping[str, pa.Array], rows: int) -> pa.Array:
    headers = {}
    for field, column in texts.items():
        if field.startswith(HEADER):
            name, values = field.removeprefix(HEADER).replace("_", "-"), none(column)
            if name in REDACTED_HEADERS:
                values = pc.if_else(values.is_valid(), pa.scalar(REDACTED), NO_TEXT)
            headers[name] = values
    return headers_of(headers, rows)


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
    "request": Field(request_columns, "the request line"),
    "method": Field(_text("method"), "its method"),
    "target": Field(_text("target"), "its target"),
    "path": Field(_text("target"), "the target's path"),
    "query": Field(lambda _column: {}, "the target's query, behind the path"),
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
