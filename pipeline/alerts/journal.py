"""
What a sink was told, and what it is still to be told: `alerts/NAME.ndjson` in the lake's folder, one file a sink.

Rules:

1. Lines are added, and on the disk before anything is done that rests on them: an alert before it is sent, that it was
   sent after the receiver's 2xx. So whatever instant a process is killed at, an alert that was found is not lost, and
   one is sent again only if the kill fell between the 2xx and the line that notes it: receivers know it by its id.
2. One process has a sink at a time. The lock is the kernel's, and ends with the process.
3. A last line that is cut, as a kill in the middle of a write leaves it, counts for nothing.
4. The file is bounded: what was told more than KEPT ago is forgotten, and of more than MAX_KEPT the oldest. The file is
   written anew, whole or not at all, when most of it is of no use.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from echo.clientip import printable
from pipeline.alerts.alert import Alert
from pipeline.alerts.document import as_document, parse_document
from pipeline.alerts.files import put, sync_folder
from pipeline.errors import LakeFault, UsageFault

FOLDER = "alerts"
# An alert about a day is found as long as that day is looked at; login histories look back 30 days
KEPT = timedelta(days=60)
MAX_KEPT = 100_000  # ids in memory, some 20 MB; who is told more in two months reads none of it
MIN_COMPACT_BYTES = 1 << 20
WAIT_SECONDS = 10.0  # for another process that delivers: a run of cron that is about to end
POLL_SECONDS = 0.1
SENT, REFUSED, GAVE_UP = "sent", "refused", "gave up"
MAX_HOLDER_BYTES = 100


class Pending(NamedTuple):
    """An alert to be told, and when it was found."""

    alert: Alert
    since: datetime


class Journal:
    """The memory of one sink; open it once, and close it."""

    def __init__(self, lake_path: str, name: str, what: str, wait: float | None = None) -> None:
        """
        Open the file of a sink, and make it if it is not there.

        what  the command, for whoever finds it locked
        wait  seconds for another process to end, WAIT_SECONDS if not given

        Raises LakeFault if another process has it, or it cannot be written.
        """
        self._path = Path(lake_path) / FOLDER / f"{name}.ndjson"
        self._name = name
        self._ended: dict[str, str] = {}  # id -> how it ended
        self._pending: dict[str, Pending] = {}
        self._times: dict[str, datetime] = {}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked(what, WAIT_SECONDS if wait is None else wait)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            self._read()
            self._forget(datetime.now(UTC))
        except OSError as error:
            raise self._unwritable(error) from None

    def pending(self) -> list[Pending]:
        """Return what is to be told, in the order in which it was found."""
        return list(self._pending.values())

    @property
    def waiting(self) -> int:
        """Return how many are to be told."""
        return len(self._pending)

    def ended(self, identity: str) -> str | None:
        """Return how an alert ended: SENT, REFUSED or GAVE_UP; None if it has not."""
        return self._ended.get(identity)

    def add(self, alerts: Iterable[Alert]) -> list[Pending]:
        """Note alerts that are to be told, and return those that were not known yet. Raises LakeFault."""
        now = datetime.now(UTC)
        new = {one.fingerprint: Pending(one, now) for one in alerts}
        new = {name: one for name, one in new.items() if name not in self._ended and name not in self._pending}
        self._write([{"found": name, "at": now, "alert": as_document(one.alert)} for name, one in new.items()])
        self._pending |= new
        self._times |= dict.fromkeys(new, now)
        return list(new.values())

    def end(self, identities: Iterable[str], how: str, why: str = "") -> None:
        """Note that alerts were told, or never will be. Raises LakeFault."""
        now = datetime.now(UTC)
        names = list(identities)
        self._write([{"ended": name, "at": now, "how": how} | ({"why": why} if why else {}) for name in names])
        for name in names:
            self._pending.pop(name, None)
            self._ended[name] = how
            self._times[name] = now

    def again(self) -> int:
        """Forget what was refused or given up, so that it is told when it is found again; return how many."""
        names = [name for name, how in self._ended.items() if how != SENT]
        for name in names:
            del self._ended[name], self._times[name]
        if names:
            self._rewrite()
        return len(names)

    def close(self) -> None:
        """Let the next process have it."""
        os.close(self._file)
        os.close(self._lock)

    def _locked(self, what: str, wait: float) -> int:
        held = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    holder = os.pread(held, MAX_HOLDER_BYTES, 0).decode("utf-8", "replace").strip()
                    os.close(held)
                    raise LakeFault(
                        f"{printable(holder) or 'another process'} tells {self._name}",
                        printable(str(self._path)),
                        "one at a time does; give this one a sink of another name",
                    ) from None
                time.sleep(POLL_SECONDS)
        with suppress(OSError):
            os.ftruncate(held, 0)
            os.pwrite(held, f"{what} (process {os.getpid()})\n".encode(), 0)
        return held

    def _read(self) -> None:
        data = self._path.read_bytes()
        self._bytes = data.rfind(b"\n") + 1
        if self._bytes < len(data):
            os.ftruncate(self._file, self._bytes)
        for line in _parsed(data):
            with suppress(UsageFault, KeyError, TypeError, ValueError):
                self._take(line)

    def _take(self, line: Mapping[str, Any]) -> None:
        moment = datetime.fromisoformat(line["at"])
        if "found" in line:
            if line["found"] not in self._ended:
                self._pending[line["found"]] = Pending(parse_document(line["alert"], ""), moment)
                self._times[line["found"]] = moment
        else:
            self._pending.pop(line["ended"], None)
            self._ended[line["ended"]] = line["how"]
            self._times[line["ended"]] = moment

    def _forget(self, now: datetime) -> None:
        """Forget what is old, and write the file anew if most of it is of no use."""
        old = [name for name, moment in self._times.items() if name in self._ended and now - moment > KEPT]
        known = sorted((name for name in self._ended if name not in set(old)), key=self._times.__getitem__)
        for name in (*old, *known[: max(0, len(known) - MAX_KEPT)]):
            del self._ended[name], self._times[name]
        if self._bytes > MIN_COMPACT_BYTES and self._bytes > 2 * len(self._whole()):
            self._rewrite()

    def _whole(self) -> bytes:
        """Return the shortest file that says the same."""
        lines: list[Mapping[str, Any]] = [
            {"ended": name, "at": self._times[name], "how": how} for name, how in self._ended.items()
        ]
        lines += [
            {"found": name, "at": one.since, "alert": as_document(one.alert)} for name, one in self._pending.items()
        ]
        return _lines(lines)

    def _rewrite(self) -> None:
        data = self._whole()
        try:
            put(self._path, data)
            os.close(self._file)
            self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            sync_folder(self._path.parent)
        except OSError as error:
            raise self._unwritable(error) from None
        self._bytes = len(data)

    def _write(self, lines: list[dict[str, Any]]) -> None:
        if not lines:
            return
        data = _lines(lines)
        try:
            if not self._bytes:
                sync_folder(self._path.parent)
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
            os.fsync(self._file)
        except OSError as error:
            with suppress(OSError):  # half a line would spoil the next one
                os.ftruncate(self._file, self._bytes)
            raise self._unwritable(error) from None
        self._bytes += len(data)
        if self._bytes > 2 * MIN_COMPACT_BYTES:
            self._forget(datetime.now(UTC))

    def _unwritable(self, error: OSError) -> LakeFault:
        return LakeFault(
            f"cannot write: {error.strerror or error}", printable(str(self._path)), "free space or mend the folder"
        )


def told(lake_path: str, name: str) -> dict[str, str]:
    """Return id -> how it ended, of a sink that another process may have; nothing if it was never told anything."""
    try:
        data = (Path(lake_path) / FOLDER / f"{name}.ndjson").read_bytes()
    except OSError:
        return {}
    return {line["ended"]: str(line.get("how")) for line in _parsed(data) if isinstance(line.get("ended"), str)}


def _parsed(data: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the lines that are whole."""
    for line in data[: data.rfind(b"\n") + 1].split(b"\n"):
        with suppress(orjson.JSONDecodeError):
            found = orjson.loads(line)
            if isinstance(found, dict):
                yield found


def _lines(lines: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z) for line in lines)
