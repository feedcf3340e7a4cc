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
from typing import NamedTuple

from benchmarks.http import accounts, client
from benchmarks.http.candidates import Candidate
from benchmarks.http.cores import Cores, on_core
from benchmarks.http.traffic import requests

WARM_SECONDS = 0.5  # not counted
LAST_SECONDS = 5.0  # for the answers that are still to come


class Latency(NamedTuple):
    """
    reached  requests a second
    waited   how long the server was ready to run while others had its core
    away     the longest that the generator did not come round, because its core was taken by others

    All but `reached` are microseconds.
    """

    reached: float
    p50: float
    p99: float
    p999: float
    most: float
    waited: float
    away: float


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
    before = accounts.usage(candidate.pid)
    try:
        with on_core(cores.client):
            taken, away = _drive(poll, sockets, asked, total, per_second, whole)
        used = accounts.usage(candidate.pid).since(before)
    finally:
        gc.enable()
        poll.close()
        for connection in sockets.values():
            connection.close()
    warm = int(per_second * WARM_SECONDS)
    ordered = sorted(taken[warm:])

    def at(part: float) -> float:
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)] / 1000

    elapsed = (total - 1) / per_second + taken[-1] / 1e9
    return Latency(total / elapsed, at(0.5), at(0.99), at(0.999), at(1), used.waited / 1000, away / 1000)


def _drive(
    poll: select.epoll,
    sockets: dict[int, socket.socket],
    asked: list[bytes],
    total: int,
    rate: float,
    whole: int,
) -> tuple[list[int], int]:
    """Return nanoseconds: in order of sending, from due to answered; the longest between two looks at the clock."""
    clock, ready = time.perf_counter_ns, poll.poll
    sends = {number: connection.send for number, connection in sockets.items()}
    receives = {number: connection.recv for number, connection in sockets.items()}
    free, due_of, missing = deque(sockets), dict.fromkeys(sockets, 0), dict.fromkeys(sockets, 0)
    index_of = dict.fromkeys(sockets, 0)
    taken, away = [0] * total, 0
    interval, count = 1e9 / rate, len(asked)
    start = clock() + 1_000_000
    sent = answered = 0
    last = start
    give_up = start + int(total * interval) + int(LAST_SECONDS * 1e9)
    while answered < total:
        now = clock()
        away, last = max(away, now - last), now
        if now > give_up:
            raise TimeoutError(f"{total - answered} of {total} answers did not come in time")
        while sent < total and free and (due := start + int(sent * interval)) <= now:
            number = free.popleft()
            sends[number](asked[sent % count])
            due_of[number], missing[number], index_of[number] = due, whole, sent
            sent += 1
        for number, _ in ready(0):
            missing[number] -= len(receives[number](65536))
            if missing[number] <= 0:
                taken[index_of[number]] = clock() - due_of[number]
                free.append(number)
                answered += 1
    return taken, away
