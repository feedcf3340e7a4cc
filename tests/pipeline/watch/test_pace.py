"""What is unusual enough to ask the lake at once."""

from __future__ import annotations

import pytest

from pipeline.watch.pace import COMPARED, Pace


def told(*counts: int) -> list[int]:
    """Minutes in which it was said, of a count a minute."""
    pace = Pace()
    return [minute for minute, count in enumerate(counts) if pace.unusual({minute: count})]


@pytest.mark.parametrize(
    ("counts", "minutes"),
    [
        ((100,) * 100, []),
        ((100, 100, 100, 1000, 100), [3]),
        ((100, 100, 100, 1000, 1000, 1000), [3]),  # once a flood
        ((100, 100, 100, 1000, 100, 1000), [3, 5]),
        ((100, 100, 1000), []),  # too little is known
        ((10, 10, 10, 100), []),  # too quiet to be a flood
        ((1000, 1000, 1000, 2000), []),
        ((0, 0, 0, 299, 300), [4]),
        ((), []),
    ],
)
def test_a_minute_that_is_much_louder_than_those_before(counts: tuple[int, ...], minutes: list[int]) -> None:
    assert told(*counts) == minutes


def test_a_minute_that_comes_in_pieces() -> None:
    pace = Pace()
    assert not pace.unusual({0: 100, 1: 100, 2: 100})
    assert [pace.unusual({3: 100}) for _ in range(5)] == [False, False, True, False, False]


def test_it_is_bounded() -> None:
    pace = Pace()
    for minute in range(10 * COMPARED):
        pace.unusual({minute: 100, -minute: 1})
    assert len(pace._counts) <= 2 * COMPARED + 2
