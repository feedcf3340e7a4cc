"""Times and sizes as people write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.units import parse_duration, parse_size, spell_duration, spell_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5s", 5),
        ("1m30s", 90),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("1h2m3.5s", 3723.5),
        (".5s", 0.5),
        ("-5s", -5),
        ("+1us", 1e-6),
        ("0", 0),
        ("9999999h", None),
        ("50", None),
        ("1d", None),
        ("s", None),
        ("1s ", None),
        ("٣s", None),
        ("", None),
    ],
)
def test_durations_are_gos(text, seconds):
    """A unit is needed but for 0; what Go's 64 bits of nanoseconds do not hold is none."""
    assert parse_duration(text) == pytest.approx(seconds) if seconds is not None else parse_duration(text) is None


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("4096", 4096),
        ("64k", 65536),
        ("64K", 65536),
        ("1MiB", 1 << 20),
        ("2MB", 2 << 20),
        ("1gib", 1 << 30),
        ("1t", 1 << 40),
        ("7b", 7),
        ("1.5k", None),
        ("-1", None),
        ("k", None),
        ("1 k", None),
        ("9" * 16, None),
    ],
)
def test_sizes(text, size):
    """Units are of 1,024, however they are written."""
    assert parse_size(text) == size


@given(st.integers(0, 10**12))
def test_a_size_is_read_as_it_is_spelled(size):
    """What is spelled is what was meant."""
    assert parse_size(spell_size(size).replace(",", "").replace(" bytes", "").replace(" ", "")) == size


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.05, "50ms"), (1, "1s"), (90, "90s"), (120, "2m"), (3600, "1h"), (5400, "90m")]
)
def test_spelled_durations(seconds, text):
    """The largest unit of which it is a whole number."""
    assert spell_duration(seconds) == text
    assert parse_duration(text) == pytest.approx(seconds)


def test_hostile_durations_take_no_time():
    """A mebibyte of digits, or of amounts, is refused at once: it comes in a query of strangers."""
    started = time.thread_time()
    for text in ("1" * (1 << 20), "1s" * (1 << 19), "." * (1 << 20), "1." * (1 << 19)):
        assert parse_duration(text) is None
    assert time.thread_time() - started < 1
