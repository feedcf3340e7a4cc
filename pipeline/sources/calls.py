"""
A call that ends in bounded time for its caller, whatever it does.

Its thread does not keep the process: a client that waits for an address that never answers cannot be stopped.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar, cast

T = TypeVar("T")
ENDING_SECONDS = 1.0  # a call that is answered is so within that

_running: set[threading.Event] = set()


class Call(Generic[T]):
    """A call that has begun, and goes on beside its caller."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._done = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        _running.add(self._done)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except BaseException as error:  # raised where the result is asked for
            self._error = error
        self._done.set()
        _running.discard(self._done)

    def result(self, seconds: float) -> T:
        """Wait for the result. Raises TimeoutError if it does not come in time, else what the call raised."""
        if not self._done.wait(seconds):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return cast("T", self._result)


def ended() -> bool:
    """Return whether all calls have ended, or do so in a moment."""
    until = time.monotonic() + ENDING_SECONDS
    return all(done.wait(max(0.0, until - time.monotonic())) for done in list(_running))
