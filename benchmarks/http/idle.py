"""What a connection that is kept but not used takes of a server's memory."""

from __future__ import annotations

import gc
import socket
import struct
import time
from dataclasses import dataclass

from benchmarks.http import accounts, client
from benchmarks.http.candidates import Candidate, running
from benchmarks.http.cores import Cores
from benchmarks.http.traffic import requests

SETTLE_SECONDS = 0.5
SOURCES = 8  # of 127.0.0.x: each has ports of its own
ALIVE = 100  # connections that must still answer at the end
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: no port stays behind in TIME_WAIT


@dataclass(frozen=True, slots=True)
class Idle:
    connections: int
    before: accounts.Memory
    after: accounts.Memory


def idle(candidate: Candidate, connections: int, cores: Cores) -> Idle:
    """Start a candidate, open connections that each ask once, return its memory before and after."""
    opened: list[socket.socket] = []
    asked = requests("/", 3, 1000)
    with running(candidate, cores):
        try:
            with client.connect(candidate.port) as warm:
                for request in asked:
                    client.ask(warm, request)
            time.sleep(SETTLE_SECONDS)
            before = accounts.memory(candidate.pid)
            for number in range(connections):
                connection = client.connect(candidate.port, f"127.0.0.{2 + number % SOURCES}")
                opened.append(connection)
                client.ask(connection, asked[number % len(asked)])
            time.sleep(SETTLE_SECONDS)
            after = accounts.memory(candidate.pid)
            for connection in opened[:: max(1, connections // ALIVE)]:
                client.ask(connection, asked[0])
        finally:
            for connection in opened:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                connection.close()
            opened.clear()
            gc.collect()
    return Idle(connections, before, after)
