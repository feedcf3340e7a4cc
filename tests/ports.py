"""Ports that no other test takes before this one does: workers share them out, and the kernel gives none of them."""

from __future__ import annotations

import os
import random
import socket

WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Below those that the kernel gives to clients, and those of tests.echo.peers.programs
RANGES = {4: (2000, 9999), 5: (10_000, 20_000)}


def free_port(digits: int = 5) -> int:
    """Return a port of loopback that nobody listens on."""
    least, most = RANGES[digits]
    while True:
        port = random.randrange(least, most - WORKERS)
        port += (WORKER - port) % WORKERS
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
