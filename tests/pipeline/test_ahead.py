"""Results come in the order of the work, no more work is taken than there is room for, and nothing is lost."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from pipeline.ahead import MAX_THREADS, Ahead, threads_allowed


def test_without_threads_work_is_done_when_it_is_given() -> None:
    ahead: Ahead[int] = Ahead(0)
    assert [list(ahead.put(partial(abs, -number))) for number in (1, 2)] == [[1], [2]]
    assert list(ahead.rest()) == ahead.close() == []


def test_results_come_in_the_order_of_the_work() -> None:
    first = threading.Event()

    def slow() -> int:
        assert first.wait(10)
        return 1

    def quick() -> int:
        first.set()  # the second piece is done before the first
        return 2

    ahead: Ahead[int] = Ahead(2)
    assert [*ahead.put(slow), *ahead.put(quick), *ahead.rest()] == [1, 2]
    ahead.close()


def test_who_gives_more_than_there_is_room_for_waits() -> None:
    gate = threading.Event()
    ahead: Ahead[bool] = Ahead(1)
    assert list(ahead.put(lambda: gate.wait(10))) == []
    given = threading.Thread(target=lambda: list(ahead.put(gate.is_set)))
    given.start()
    given.join(0.2)
    assert given.is_alive()
    gate.set()
    given.join(10)
    assert not given.is_alive()
    ahead.close()


def test_what_work_raises_is_raised_in_its_place_and_the_rest_is_handed_back() -> None:
    done = threading.Event()

    def broken() -> str:
        raise ValueError("the second")

    def last() -> str:
        done.set()
        return "third"

    ahead: Ahead[str] = Ahead(3)
    taken = []

    def take() -> None:
        for work in (lambda: "first", broken, last):
            taken.extend(ahead.put(work))
        taken.extend(ahead.rest())

    with pytest.raises(ValueError, match="the second"):
        take()
    assert taken == ["first"]
    left = ahead.close()
    assert left == (["third"] if done.is_set() else [])


def test_a_large_machine_does_not_take_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    assert threads_allowed() == MAX_THREADS
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    assert threads_allowed() == 2
