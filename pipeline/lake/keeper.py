"""
Who keeps the lake: one of compact, expire, re-resolve and a retry of rejects at a time, so that none undoes what
another has just read.

The lock is the kernel's, on a file in the lake's folder: it ends with the process that holds it, however that ends.
Ingests and queries do not take it; Delta's commits keep those and a keeper apart.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from echo.clientip import printable
from pipeline.errors import LakeFault
from pipeline.lake.table import Lake

LOCK = "maintenance.lock"
WAIT_SECONDS = 60.0  # cron starts compact and expire in one minute: the second waits for the first, if that is quick
POLL_SECONDS = 0.2
MAX_HOLDER_BYTES = 100


@contextmanager
def keeping(lake: Lake, what: str, wait: float = WAIT_SECONDS, *, command: str = "lake") -> Iterator[None]:
    """Hold the lock, and say in it who does. Raises LakeFault if there is no lake, or another holds on to the lock."""
    lake.files()  # raises where there is none: a folder is not made to keep nothing
    path = Path(lake.path) / LOCK
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise LakeFault(
            f"cannot be kept: {error.strerror}", printable(str(path)), "run as a user who may write to the lake"
        ) from None
    try:
        end = time.monotonic() + wait
        while not _locked(held):
            if time.monotonic() >= end:
                holder = os.pread(held, MAX_HOLDER_BYTES, 0).decode("utf-8", "replace").strip() or "another process"
                raise LakeFault(f"{holder} is at work on it", printable(lake.path), "run again when that has ended")
            time.sleep(POLL_SECONDS)
        with suppress(OSError):  # on a full disk, which expire is to make room on; only others' message needs it
            os.ftruncate(held, 0)
            os.pwrite(held, f"whofrom {command} {what} (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(held)


def _locked(held: int) -> bool:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
