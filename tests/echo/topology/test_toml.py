"""The writer: any text goes in, and tomllib reads the same back."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.topology.toml import WIDTH, Item, Line, Table, quoted, write

anything = st.text(st.characters(), max_size=60)  # half a surrogate pair included
whole = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(whole)
def test_a_text_comes_back_as_it_was(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}


@given(anything)
def test_no_text_reaches_the_terminal_raw(text: str) -> None:
    assert quoted(text).isprintable()


def test_half_a_pair_is_replaced() -> None:
    assert quoted("a\ud800b") == '"a�b"'


items = st.builds(Item, anything, anything, st.booleans())
lines = st.builds(
    lambda value, why: (value, why),
    st.one_of(anything, st.integers(0, 999), st.lists(items, max_size=4).map(tuple), st.none()),
    anything,
)


@given(anything, anything, st.lists(lines, max_size=5))
def test_whatever_is_written_parses(preface: str, why: str, given_lines: list[tuple[object, str]]) -> None:
    table = Table("[t]", why, tuple(Line(f"k{n}", value, text) for n, (value, text) in enumerate(given_lines)))
    text = write(preface, [table])
    read = tomllib.loads(text)["t"]
    assert all(line.isprintable() for line in text.splitlines())
    for n, (value, _) in enumerate(given_lines):
        if isinstance(value, tuple):
            assert len(read[f"k{n}"]) == sum(item.chosen for item in value)
        else:
            assert (f"k{n}" in read) == (value is not None)


def test_lists_lie_on_one_line_where_they_need_no_reasons() -> None:
    short = Line("nodes", (Item("192.0.2.1"), Item("192.0.2.2")), "InternalIP of 2 nodes.")
    long = Line("nodes", tuple(Item(f"192.0.2.{n}") for n in range(9)))
    text = write("", [Table("[a]", "", (short,)), Table("[b]", "", (long,))])
    assert '# InternalIP of 2 nodes.\nnodes = ["192.0.2.1", "192.0.2.2"]\n' in text
    assert 'nodes = [\n  "192.0.2.0",\n' in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


@pytest.mark.parametrize("why", ["short", "long " * 60])
def test_what_is_not_chosen_is_a_comment(why: str) -> None:
    text = write("", [Table("[t]", "", (Line("ranges", (Item("nodes", why, chosen=False), Item("x"))),))])
    assert '  # "nodes",' in text
    assert tomllib.loads(text) == {"t": {"ranges": ["x"]}}


def test_keys_that_need_quotes_have_them() -> None:
    text = write("", [Table("[t]", "", (Line("use-forwarded-headers", "true"), Line("a b", 1)))])
    assert tomllib.loads(text) == {"t": {"use-forwarded-headers": "true", "a b": 1}}
    assert "use-forwarded-headers = " in text
