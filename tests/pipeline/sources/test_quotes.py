"""Lines that are cut at their quotes are the rows that the patterns make of them, and surprises are left to those."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources.combined import parse
from pipeline.sources.format import decode
from pipeline.sources.quotes import cut
from tests.pipeline.sources.lines import damaged, rows
from tests.pipeline.sources.test_combined import LINES

TIME = "[17/May/2015:10:05:03 +0000]"
HEAD = f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5'
TAKEN = {
    "common": HEAD,
    "no size": f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 304 -',
    "combined": f'{HEAD} "-" "Mozilla/5.0"',
    "a user": f'2001:db8::7 id frank {TIME} "-" 408 0 "-" "-"',
    "hops behind": f'{HEAD} "-" "x" "203.0.113.7, 10.0.0.2"',
    "fields behind": f'{HEAD} "-" "x" 80 0.000 [a-80] [] 10.0.0.9:80 13 0.0 200 c9',
    "a backslash that escapes no quote": f'1.2.3.4 - - {TIME} "\\x16\\x03" 400 157 "-" "-"',
    "a time that is none: a reject": '1.2.3.4 - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5',
}
LEFT = {
    "nothing": "",
    "an escaped quote": f'{HEAD} "-" "a \\"b\\" c"',
    "an escape at the end of the agent": f'{HEAD} "-" "a\\"',
    "an escape at the end of the request": f'1.2.3.4 - - {TIME} "GET /\\" 200 5 "-" "x"',
    "a quote around the line": f'"{HEAD} "-" "x""',
    "user missing": f'192.168.1.1 - {TIME} "GET / HTTP/1.1" 200 5',
    "user with blanks": f'1.2.3.4 - john doe {TIME} "GET / HTTP/1.1" 200 5',
    "a tab in the user": f'1.2.3.4 - a\tb {TIME} "GET / HTTP/1.1" 200 5',
    "a host in front": f'www.example.com 1.2.3.4 - - {TIME} "GET / HTTP/1.1" 200 5',
    "a list in front": f'203.0.113.7, 10.0.0.2 - - {TIME} "GET / HTTP/1.1" 200 5 "-" "x"',
    "no zone": '1.2.3.4 - - [17/May/2015:10:05:03] "GET / HTTP/1.1" 200 5',
    "a bracket in the user": f'1.2.3.4 - [x {TIME} "GET / HTTP/1.1" 200 5',
    "something between referer and agent": f'{HEAD} "-" x "y"',
    "something behind the hops": f'{HEAD} "-" "x" "203.0.113.7" 5',
    "fields behind the size": f"{HEAD} 120 400",
    "a status of two digits": f'1.2.3.4 - - {TIME} "GET / HTTP/1.1" 20 5',
}


def taken(*lines: str) -> list[int]:
    """The numbers of the lines that are cut."""
    return sorted(
        number for found in cut(decode([line.encode() for line in lines])) for number in found.lines.to_pylist()
    )


@pytest.mark.parametrize("name", TAKEN)
def test_a_line_without_surprises_is_cut(name: str) -> None:
    assert taken(TAKEN[name]) == [0]


@pytest.mark.parametrize("name", LEFT)
def test_a_surprise_is_left_to_the_patterns(name: str) -> None:
    assert taken(LEFT[name]) == []


def test_lines_know_their_numbers_among_others() -> None:
    lines = [*TAKEN.values(), *LEFT.values(), *TAKEN.values()]
    assert taken(*lines) == [at for at, line in enumerate(lines) if line in TAKEN.values()]


PIECES = [b'"', b"\\", b" ", b"\t", b"[", b"-", b"\xe9", b"7"]
WHOLE = [*LINES, *(line.encode() for line in (*TAKEN.values(), *LEFT.values()))]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=6), st.data())
def test_cutting_changes_no_row(lines: list[bytes], data: st.DataObject) -> None:
    """Whatever is damaged in the lines: a piece taken out, doubled or put in."""
    broken = damaged(data, lines, PIECES, 12)
    quick, slow = parse(broken), parse(broken, quick=False)
    assert rows(quick) == rows(slow)
    assert sorted(quick.rejects) == sorted(slow.rejects)
