"""A call ends for its caller in bounded time, whatever it does."""

from __future__ import annotations

import threading

import pytest

from pipeline.sources import calls
from pipeline.sources.calls import Call, ended


def test_a_call_gives_what_it_returns_or_raises() -> None:
    assert Call(lambda: 7).result(10) == 7
    with pytest.raises(ZeroDivisionError):
        Call(lambda: 1 / 0).result(10)
    assert ended()


def test_a_call_that_does_not_end_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ENDING_SECONDS", 0.05)
    answer = threading.Event()
    call = Call(answer.wait)
    with pytest.raises(TimeoutError):
        call.result(0.01)
    assert not ended()
    answer.set()
    assert call.result(10)
    assert ended()
