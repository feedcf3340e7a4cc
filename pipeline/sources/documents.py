r"""
JSON lines to the columns of a record, for every format that is an object a line.

    lines → objects → texts of their keys, one column a field → fields (`pipeline.sources.fields`) → columns

1. A format is told by the keys that its objects must have, and says which keys a field is read from: the first that
   an object has a value for. A number is read as its text would be.
2. What is not quite JSON, as nginx writes it without `escape=json` (`\x22`) or with bytes that are no UTF-8, is read
   with these escapes kept in the text.
3. Header names are lower case; values of headers that carry secrets are not kept. A line's headers cost what that line
   holds, however many names others have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from echo.record import REDACTED, REDACTED_HEADERS
from echo.record.combined import EMPTY
from pipeline.rows import HEADERS_TYPE, RECORD_SCHEMA
from pipeline.sources.fields import none, parsed, together, whole
from pipeline.sources.format import Parsed, record_batch
from pipeline.sources.ndjson import CHUNK_LINES, MAX_JSON_ERROR_CHARS

Document = dict[str, Any]
Texts = dict[str, pa.Array]
Headers = list[tuple[str, list[str]]]

_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_EPOCH = re.compile(r"\d{1,20}(?:\.\d+)?", re.ASCII)
# the unit of a time as a number is told by its size: (smallest, how many are a second); as seconds, 10^11 is in 5138
_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))
NO_VALUE = ("", "-")


def load(line: bytes) -> tuple[Document | None, str]:
    """Return (object, "") or (None, why the line is none)."""
    if not line.strip():
        return None, EMPTY
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        try:
            told = orjson.loads(_mended(line))
        except orjson.JSONDecodeError:
            return None, f"not JSON: {str(error)[:MAX_JSON_ERROR_CHARS]}"
    return (told, "") if isinstance(told, dict) else (None, "JSON, but no object")


def _mended(line: bytes) -> bytes:
    text = line.decode("utf-8", "backslashreplace").encode()
    return _ESCAPE.sub(lambda found: found[0] if found[1] != b"x" else rb"\\x", text)


def parse_documents(
    lines: Sequence[bytes],
    why_not: Callable[[Document], str],
    texts_of: Callable[[list[Document]], Texts],
    headers_of: Callable[[Document], Iterable[tuple[str, Any]]],
    group_of: Callable[[Document], object] | None = None,
) -> Parsed:
    """
    Parse lines of JSON.

    why_not     why an object is none of the format's, "" if it is
    texts_of    objects -> field -> texts, for `fields.parsed`
    headers_of  the names and values of an object's request headers
    group_of    objects that do not have the same fields are in groups of their own
    """
    rejects: list[tuple[int, str]] = []
    pieces = [Parsed(record_batch({}, 0), pa.array([], pa.int64()), rejects)]
    for start in range(0, len(lines), CHUNK_LINES):
        groups: dict[object, tuple[list[Document], list[int]]] = {}
        for index, line in enumerate(lines[start : start + CHUNK_LINES], start):
            told, reason = load(line)
            if told is None or (reason := why_not(told)):
                rejects.append((index, reason))
                continue
            records, kept = groups.setdefault(group_of(told) if group_of else None, ([], []))
            records.append(told)
            kept.append(index)
        for records, kept in groups.values():
            which = pa.array(kept, pa.int64())
            found = parsed(texts_of(records), which)
            headers = pa.array([_headers(headers_of(one)) for one in records], HEADERS_TYPE)
            headers = headers.take(pc.index_in(found.lines, which))
            place = RECORD_SCHEMA.get_field_index("headers")
            pieces.append(found._replace(batch=found.batch.set_column(place, RECORD_SCHEMA.field(place), headers)))
    return together(pieces)


def _headers(found: Iterable[tuple[str, Any]]) -> Headers:
    headers: dict[str, list[str]] = {}
    for name, value in found:
        key = name.lower()
        for one in value if isinstance(value, list) else (value,):
            text = one if isinstance(one, str) else text_of(one)
            if text is not None and text not in NO_VALUE:
                headers.setdefault(key, []).append(REDACTED if key in REDACTED_HEADERS else text)
    return list(headers.items())


def text_of(value: Any) -> str | None:
    """Return a value as a text: a number without an exponent, several texts with commas between; None for others."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return None


def column(records: Iterable[Any], *keys: str) -> pa.Array:
    """Return the texts of the first of the keys that each object has a value for, null where it has none."""
    known = list(records)
    found = None
    for key in keys:
        values = [record.get(key) if isinstance(record, dict) else None for record in known]
        try:
            texts = pa.array(values, pa.string())
        except (pa.ArrowException, TypeError):
            texts = pa.array([text_of(value) for value in values], pa.string())
        texts = none(texts)
        found = texts if found is None else pc.coalesce(found, texts)
        if not found.null_count:
            break
    return pa.nulls(len(known), pa.string()) if found is None else found


def columns(records: Sequence[Any], fields: Mapping[str, tuple[str, ...]]) -> Texts:
    """Return field -> texts of the first of its keys."""
    return {field: column(records, *keys) for field, keys in fields.items()}


def times(found: pa.Array) -> Texts:
    """Return the fields of times that are written in one of several ways: RFC 3339, CLF, or since 1970 in any unit."""
    numbers = [_seconds(text) if text is not None and text[:1].isdigit() else None for text in found.to_pylist()]
    return {"time_epoch": pa.array(numbers, pa.string()), "time_iso": found, "time": found}


def _seconds(text: str) -> str | None:
    if not _EPOCH.fullmatch(text):
        return None
    whole, _, part = text.partition(".")
    count = int(whole)
    for smallest, second in _UNITS:
        if count >= smallest:
            digits = len(str(second)) - 1
            return f"{count // second}.{count % second:0{digits}d}"
    return f"{whole}.{part}" if part else whole


def seconds_of_nanos(found: pa.Array) -> pa.Array:
    """Return nanoseconds as a text of seconds, null where it is no number."""
    digits = pc.utf8_lpad(whole(found).cast(pa.string()), 10, "0")
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(digits, 0, -9), pc.utf8_slice_codeunits(digits, -9, None), "."
    )


def missing(record: Document, what: str, *needed: tuple[str, ...]) -> str:
    """Return why an object is no `what`: of each of the tuples one key must be there; "" if all are."""
    for keys in needed:
        for key in keys:
            if key in record:
                break
        else:
            return f"JSON, but no {what}: {' or '.join(keys)} is missing"
    return ""
