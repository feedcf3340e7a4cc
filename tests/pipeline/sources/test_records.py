"""Records that are cut are the rows that the JSON parser makes of them; whatever is not proved is left to that."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echo.record import FIELDS
from pipeline.sources.format import decode
from pipeline.sources.ndjson import parse
from pipeline.sources.records import cut
from tests.pipeline.sources.lines import damaged, rows

KINDS = {
    "int": 7,
    "text": "x",
    "ip": "203.0.113.7",
    "timestamp": "2026-11-22T20:32:25.123456Z",
    "headers": {"host": ["a"]},
}
RECORD: dict[str, Any] = {field.name: KINDS[field.type] for field in FIELDS} | {"v": 1}


def line(record: dict[str, Any] = RECORD, **changes: Any) -> bytes:
    return orjson.dumps({**record, **changes})


NULLS = {field.name: None for field in FIELDS if field.nullable}
TAKEN = {
    "every field filled": line(),
    "every field null that may be": line(**NULLS),
    "several headers": line(headers={"host": ["a"], "accept": ["*/*"], "x-forwarded-for": ["1.2.3.4, 5.6.7.8"]}),
    "an empty value": line(headers={"host": [""]}, user_agent="", target=""),
    "letters that are no ASCII": line(target="/ü", headers={"ß": ["é"]}),
    "braces, brackets and commas in values": line(target="}],[{:", headers={"a": ["]},{"], "b": ["[, "]}),
    "a second without a fraction": line(ts="2026-11-22T20:32:25Z"),
}
LEFT = {
    "no object": b"[]",
    "nothing": b"",
    "an escape": line(user_agent='a "quoted" word'),
    "a value that ends like a field": line(user_agent="a,"),
    "no headers": line(headers={}),
    "a header twice": line(headers={"host": ["a"], "accept": ["b", "c"]}),
    "a header's name twice": line().replace(b'{"host":["a"]}', b'{"host":["a"],"host":["b"]}'),
    "no list of values": line(headers={"host": "a"}),
    "a field more": line(shoe_size=43),
    "a field less": line({name: value for name, value in RECORD.items() if name != "error"}),
    "another order": line({"ts": RECORD["ts"], **{name: RECORD[name] for name in RECORD if name != "ts"}}),
    "blanks": orjson.dumps(RECORD, option=orjson.OPT_INDENT_2).replace(b"\n", b""),
    "null where none may be": line(status=None),
    "a negative number": line(status=-1),
    "a number with a point": line().replace(b'"status":7', b'"status":7.0'),
    "a number with a leading zero": line().replace(b'"status":7', b'"status":07'),
    "a text for a number": line(status="7"),
    "a number for a text": line(target=7),
    "a newer version": line(v=2),
    "a time that is none": line(ts="yesterday"),
    "a time with an offset": line(ts="2026-11-22T20:32:25+01:00"),
    "a time too far": line(ts="9999-12-31T23:59:59Z"),
    "31 February": line(ts="2026-02-31T00:00:00Z"),
    "a control character": line().replace(b'"x"', b'"\x01"', 1),
    "something behind": line() + b"}",
}


def taken(*lines: bytes) -> list[int]:
    """The numbers of the lines that are cut."""
    found = cut(decode(lines))
    return [] if found is None else found.lines.to_pylist()


def same(lines: list[bytes]) -> None:
    quick, slow = parse(lines), parse(lines, quick=False)
    assert rows(quick) == rows(slow)
    assert sorted(quick.rejects) == sorted(slow.rejects)


@pytest.mark.parametrize("name", TAKEN)
def test_what_the_server_writes_is_cut(name: str) -> None:
    assert taken(TAKEN[name]) == [0]
    same([TAKEN[name]])


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_proved_is_left_to_the_parser(name: str) -> None:
    assert taken(LEFT[name]) == []
    same([LEFT[name], LEFT[name]])


def test_records_know_their_numbers_among_others() -> None:
    odd = [LEFT[name] for name in LEFT if name not in ("31 February", "a header's name twice")]  # one leaves all
    lines = [*TAKEN.values(), *odd, *TAKEN.values()]
    assert taken(*lines) == [at for at, line in enumerate(lines) if line in TAKEN.values()]
    same(lines)


def test_of_a_block_with_a_line_that_cannot_be_told_nothing_is_lost() -> None:
    same([*TAKEN.values(), *LEFT.values()])


SOME = [*TAKEN.values(), *LEFT.values()]
PIECES = [b'"', b"\\", b",", b'","', b"}", b"{", b"]", b"null", b"1", b"\x7f", b"\xe9", b" ", b'":["', b'"]}']


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(SOME), min_size=1, max_size=4), st.data())
def test_cutting_changes_no_row(lines: list[bytes], data: st.DataObject) -> None:
    """Whatever is damaged in the lines: a piece taken out, doubled or put in."""
    same(damaged(data, lines, PIECES, 40))
