"""Work done ahead by other threads, its results taken in the order in which it was given."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


# Each has a block of lines in hand, 100 to 150 MB with what becomes of it, and commits, made one by one, keep up with
# some ten: this many keep an ingest below 1 GiB.
MAX_THREADS = 4


def threads_allowed() -> int:
    """Return how many threads may work ahead: one a core that this process may use, MAX_THREADS at most."""
    return min(MAX_THREADS, len(os.sched_getaffinity(0)))


class Ahead(Generic[T]):
    """
    A queue of work for some threads; with none of them, work is done at once by whoever gives it.

    At most one piece more than there are threads is in the queue: more would only take memory.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "ahead") if threads else None
        self._queue: deque[Future[T]] = deque()

    def put(self, work: Callable[[], T]) -> Iterator[T]:
        """Give work; yields the results that are to be taken before more is given. Raises what that work raised."""
        if self._pool is None:
            yield work()
            return
        self._queue.append(self._pool.submit(work))
        while self._queue and (self._queue[0].done() or len(self._queue) > self._threads):
            yield self._queue.popleft().result()

    def rest(self) -> Iterator[T]:
        """Yield the results of all work that is left, waiting for it. Raises what that work raised."""
        while self._queue:
            yield self._queue.popleft().result()

    def close(self) -> list[T]:
        """End the threads; return the results that nobody has taken."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        return [one.result() for one in self._queue if not one.cancelled() and one.exception() is None]
