"""
Latency at a constant rate: open loop.

A request is due when the clock says so, whether or not the answers before it have come, and its latency counts from
that time. A server that stalls is charged for every request that had to wait.
"""

from __future__ import annotations

import gc
import select
import socket
import time
from collections import deque
from dataclasses import dataclass

from benchmarks.http import client
from benchmarks.http.candidates import Candidate, Cores, on_core
from benchmarks.http.traffic import requests

WARM_SECONDS = 0.5  # not counted
LAST_SECONDS = 5.0  # for the answers that are still to come


@dataclass(frozen=True, slots=True)
class Latency:
    """Microseconds; `late` is what the generator itself was late in sending, at its 99th percentile."""

    asked: float
    reached: float
    p50: float
    p99: float
    p999: float
    most: float
    late: float


def latency(
    candidate: Candidate, target: str, per_second: float, seconds: float, connections: int, cores: Cores
) -> Latency:
    """Ask a candidate at a rate, for some seconds, over some connections; a request waits for one that is free."""
    total = int(per_second * (seconds + WARM_SECONDS))
    asked = requests(target, 7, min(total, 1 << 15))
    sockets: dict[int, socket.socket] = {}
    for _ in range(connections):
        connection = client.connect(candidate.port)
        sockets[connection.fileno()] = connection
    for request, connection in zip(asked, sockets.values(), strict=False):
        whole = client.ask(connection, request).length
    poll = select.epoll()
    for number, connection in sockets.items():
        connection.setblocking(False)
        poll.register(number, select.EPOLLIN)
    gc.collect()
    gc.disable()
    try:
        with on_core(cores.client):
            taken, late = _drive(poll, sockets, asked, total, per_second, whole)
    finally:
        gc.enable()
        poll.close()
        for connection in sockets.values():
            connection.close()
    warm = int(per_second * WARM_SECONDS)
    ordered, behind = sorted(taken[warm:]), sorted(late[warm:])

    def at(values: list[int], part: float) -> float:
        return values[min(int(len(values) * part), len(values) - 1)] / 1000

    elapsed = (total - 1) / per_second + taken[-1] / 1e9
    return Latency(
        per_second,
        total / elapsed,
        at(ordered, 0.5),
        at(ordered, 0.99),
        at(ordered, 0.999),
        at(ordered, 1),
        at(behind, 0.99),
    )


def _drive(
    poll: select.epoll,
    sockets: dict[int, socket.socket],
    asked: list[bytes],
    total: int,
    rate: float,
    whole: int,
) -> tuple[list[int], list[int]]:
    """Return, in order of sending, nanoseconds from due to answered and, where a connection was free, to sent."""
    clock, ready = time.perf_counter_ns, poll.poll
    sends = {number: connection.send for number, connection in sockets.items()}
    receives = {number: connection.recv for number, connection in sockets.items()}
    free, due_of, missing = deque(sockets), dict.fromkeys(sockets, 0), dict.fromkeys(sockets, 0)
    index_of = dict.fromkeys(sockets, 0)
    taken, late = [0] * total, []
    interval, count = 1e9 / rate, len(asked)
    start = clock() + 1_000_000
    sent = answered = 0
    give_up = start + int(total * interval) + int(LAST_SECONDS * 1e9)
    while answered < total:
        now = clock()
        if now > give_up:
            raise RuntimeError(f"{total - answered} of {total} answers did not come in time")
        while sent < total and free and (due := start + int(sent * interval)) <= now:
            number = free.popleft()
            sends[number](asked[sent % count])
            due_of[number], missing[number], index_of[number] = due, whole, sent
            late.append(now - due)
            sent += 1
        for number, _ in ready(0):
            missing[number] -= len(receives[number](65536))
            if missing[number] <= 0:
                taken[index_of[number]] = clock() - due_of[number]
                free.append(number)
                answered += 1
    return taken, late
