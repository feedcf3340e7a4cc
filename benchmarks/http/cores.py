"""One core for the server, one for the load, both awake."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

LATENCY = Path("/dev/cpu_dma_latency")  # PM QoS: holds as long as it is open


@dataclass(frozen=True, slots=True)
class Cores:
    """One core for the server, another for what asks it."""

    server: int
    client: int


def choose() -> Cores:
    """Return the last and the first core that we may use. Raises ValueError where there is one only."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise ValueError("two cores are needed: one for the server, one for the load")
    return Cores(server=allowed[-1], client=allowed[0])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Let what is started within run on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def awake() -> Iterator[bool]:
    """
    Let idle cores poll, not halt; say whether that could be had.

    The load waits for a server that is slower than it, and its core halts. To wake a halted core takes microseconds,
    much more in a virtual machine, and they are booked on the server, which sent the answer: slow ones would seem
    slower than they are.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(LATENCY.open("wb", buffering=0))
            file.write(bytes(4))  # microseconds, as an int32
        except OSError:
            yield False
        else:
            yield True
