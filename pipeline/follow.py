"""
Follow logs as `tail -F` does: what is added is committed within about a second, through rotations.

Rules:

1. A file is known by its inode while it is followed, by its content (the lake's marks) before and after. So whatever
   this process is killed at, the next one goes on behind the last commit.
2. Renamed: the old file is read on until nothing has come for OLD_SECONDS, since its writer may be slow to reopen, and
   the new one beside it.
3. Truncated, as logrotate's copytruncate does: the bytes in front of where it was read are not there any more. What
   follows is another log, from its start; what was not read yet is in the copy.
4. Rotations of a followed log are read to their end where the lake knows them, or an older one, or where they were
   written to until OLD_SECONDS before this process began: at the start, since there may have been rotations while
   nobody followed, and for OLD_SECONDS after each. Older ones have to be named.
5. A line is taken when its end is there.
6. A log and the copy that rotation makes of it are one log to the lake: who commits second begins again, behind it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple, cast

from pipeline.errors import NoLog, Overtaken, Rejected, SourceFault, Unfinished
from pipeline.ingest import Run, ingest_now
from pipeline.lake import Lake
from pipeline.marks import Known, choose, namesakes
from pipeline.progress import Watch
from pipeline.settings import Settings
from pipeline.sources.folders import Found, Say, age, expand
from pipeline.sources.opening import opened
from pipeline.sources.packed import MAGIC_BYTES, packing_of
from pipeline.sources.reader import HEAD_BYTES, TAIL_BYTES, read_head

EVERY = 0.5  # seconds between two looks at each file: what is new is committed within one, with the commit's own time
LOOK_EVERY = 2.0  # seconds between two looks for new names
WHOLE_SECONDS = 10.0  # without a change, before it is said that a file is not whole: it may be copied or compressed
OLD_SECONDS = 60.0  # programs that are told to reopen their log do so within seconds

Key = tuple[int, int]  # device and inode
Said = Callable[[str, SourceFault], None]


class Tail:
    """The bytes of a file as they come: None for none now, b"" when no more will come."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._position = 0
        self._tail = b""
        self._short = False
        self.key = key_of(os.fstat(raw.fileno()))
        self.ended = False
        self.idle = False  # whether a read found that nothing more is there for now
        self.old_since: float | None = None

    def read(self, size: int) -> bytes | None:
        """Return what is there, at most size bytes."""
        if self.ended:
            return b""
        if self._short:  # all that was there has been given: what is whole of it is to be committed now
            self._short = False
            self.idle = True
            return None
        data = self._raw.read(size)
        if not self._same():  # looked at behind the read: what was read before a truncation is of this log
            self.ended = True
            return b""
        if data:
            self._short = len(data) < size
            if self.old_since is not None:
                self.old_since = time.monotonic()
            self._position += len(data)
            self._tail = (self._tail + data)[-TAIL_BYTES:]
            return data
        if self.old_since is not None and time.monotonic() - self.old_since > OLD_SECONDS:
            self.ended = True
            return b""
        self.idle = True
        return None

    def _same(self) -> bool:
        """Return whether the bytes before are those that were read: not after a truncation."""
        before = os.pread(self._raw.fileno(), len(self._tail), self._position - len(self._tail))
        return before == self._tail

    def close(self) -> None:
        """Close the file."""
        self._raw.close()


class Followed(NamedTuple):
    """A log that is followed."""

    name: str
    tail: Tail
    run: Run
    steps: Iterator[None]


class Totals(NamedTuple):
    """What was committed so far."""

    rows: int
    rejects: int


class Follower:
    """Follows the logs that some patterns name."""

    def __init__(
        self,
        patterns: Sequence[str],
        lake: Lake,
        settings: Settings,
        said: Said,
        skipped: Say,
        watch: Watch | None = None,
    ) -> None:
        """
        Take what `expand` takes.

        said     hears what is wrong with a single source
        skipped  hears what is no log
        watch    is told what is committed
        """
        self._watch = watch
        self._patterns, self._lake, self._settings, self._said, self._skipped = patterns, lake, settings, said, skipped
        self._followed: dict[Key, Followed] = {}
        self._done: dict[Key, tuple[int, int]] = {}  # not to be looked at again: size and time of change then
        self._strange: dict[Key, tuple[int, int]] = {}  # rotations that the lake does not know
        self._rotated: dict[str, float] = {}  # names whose rotations are to be looked at, until when
        self._rows = self._rejects = 0
        self._look = 0.0
        self._since = time.time() - OLD_SECONDS

    def totals(self) -> Totals:
        """Return what was committed so far."""
        outcomes = [one.run.outcome for one in self._followed.values()]
        return Totals(
            self._rows + sum(one.rows for one in outcomes), self._rejects + sum(one.rejects for one in outcomes)
        )

    def run(self, stopped: Callable[[], bool]) -> None:
        """
        Follow until it is stopped.

        Raises LakeFault; SourceFault if there is nothing to follow at the start; Rejected, where settings are strict.
        """
        names = [name for pattern in self._patterns for name in self._named(pattern)]
        self._rotated = dict.fromkeys(names, time.monotonic() + OLD_SECONDS)
        try:
            while not stopped():
                begun = time.monotonic()
                self.turn(begun)
                while time.monotonic() - begun < EVERY and not stopped():
                    time.sleep(EVERY / 10)
        finally:
            for one in self._followed.values():
                one.tail.close()

    def _named(self, pattern: str) -> list[str]:
        """Return the logs that a pattern names at the start; one that a rotation has just taken away is still meant."""
        try:
            return [one.name for one in expand([pattern], self._skipped)]
        except SourceFault:
            if not _rotations(pattern):
                raise
            return [pattern]

    def turn(self, now: float) -> None:
        """Read what is new of each log, up to a block of each, and look for new ones if it is time."""
        if now >= self._look:
            self._look = now + LOOK_EVERY
            self._open_new()
            self._finish_rotated(now)
        for key, one in list(self._followed.items()):
            if one.tail.old_since is None and _key_at(one.name) != key:
                one.tail.old_since = now
                self._rotated[one.name] = now + OLD_SECONDS
                self._look = 0.0
            try:
                going = self._read(one)
            except SourceFault as fault:
                self._refuse(one.name, key, fault)
                going = False
            except Overtaken:
                self._look = 0.0
                going = False
            if not going:
                if one.tail.ended:  # truncated or old: its name is looked at again
                    self._rotated[one.name] = now + OLD_SECONDS
                    self._look = 0.0
                self._drop(key)

    def _read(self, one: Followed) -> bool:
        """Commit what is there now, for no longer than EVERY; False if no more will come."""
        begun = time.monotonic()
        one.tail.idle = False
        while not one.tail.idle and time.monotonic() - begun < EVERY:
            if next(one.steps, one) is one:
                return False
        return True

    def _drop(self, key: Key) -> None:
        one = self._followed.pop(key)
        one.tail.close()
        self._rows += one.run.outcome.rows
        self._rejects += one.run.outcome.rejects

    def _refuse(self, name: str, key: Key, fault: SourceFault) -> None:
        """Say what is wrong with a source, once, and look at it again when it has changed; --strict ends all."""
        if isinstance(fault, Rejected):
            raise fault
        if isinstance(fault, Unfinished) and time.time() - _time(name) < WHOLE_SECONDS:
            return
        if key not in self._done:
            if isinstance(fault, NoLog):
                self._skipped(name, fault.fault)
            else:
                self._said(name, fault)
        try:
            self._done[key] = _state(name)
        except OSError:
            self._done.pop(key, None)

    def _open_new(self) -> None:
        for pattern in self._patterns:
            found: list[Found] = []
            with suppress(SourceFault):  # between two names of a rotation, or gone for good: the others go on
                found = expand([pattern])
            for name, *_ in found:
                self._look_at(name)

    def _look_at(self, name: str) -> None:
        """Begin to follow a file, or take it whole if it is compressed; nothing if that is done."""
        key = _key_at(name)
        try:
            if key is None or key in self._followed or self._done.get(key) == _state(name):
                return
            with Path(name).open("rb") as file:
                head = file.read(HEAD_BYTES)
        except OSError:
            return
        try:
            if packing_of(head[:MAGIC_BYTES]) is not None:
                self._take(name, key)
            elif b"\n" in head or len(head) == HEAD_BYTES:
                self._follow(name)
        except SourceFault as fault:
            self._refuse(name, key, fault)
        except Overtaken:  # by the log that it is a copy of, or by another process
            return

    def _take(self, name: str, key: Key) -> None:
        """Ingest a file to its end, and leave it until it changes."""
        state = _state(name)
        outcome = ingest_now(name, self._lake, self._settings, self._watch)
        self._rows += outcome.rows
        self._rejects += outcome.rejects
        self._done[key] = state

    def _follow(self, name: str) -> None:
        """Begin to follow a file; if its name is another file's in that moment, the next look finds that."""
        other: Known | None = None  # the log that it might be, and is not
        for _ in range(2):
            tail = Tail(Path(name).open("rb", buffering=0))  # noqa: SIM115  # closed when it is dropped
            try:
                stream = cast("IO[bytes]", tail)
                head = read_head(stream)
                known = self._known(name, tail.key, head, other)
                if known is None:
                    return
                run = Run(name, self._lake, self._settings, known, self._watch)
                steps = run.steps(stream, head, growing=True)
                next(steps, None)
                if not run.other:
                    self._followed[tail.key] = Followed(name, tail, run, steps)
                    return
                other = known
            finally:
                if tail.key not in self._followed:
                    tail.close()

    def _known(self, name: str, key: Key, head: bytes, other: Known | None) -> Known | None:
        """Return which log a file is, as far as can be told before it is read; None if the name is another's by now."""
        candidates = [one for one in namesakes(self._lake, head) if one != other]
        if len(candidates) < 3:
            return candidates[0]
        with Path(name).open("rb") as file:
            if key_of(os.fstat(file.fileno())) != key or not read_head(file).startswith(head):
                return None
            return choose(candidates, file, head)

    def _finish_rotated(self, now: float) -> None:
        """Read rotations to their end, of those logs that may have some."""
        self._rotated = {name: until for name, until in self._rotated.items() if until > now}
        for name in self._rotated:
            known = False  # whether the lake knows an older one
            for other in _rotations(name):
                key = _key_at(other)
                try:
                    state = _state(other)
                    if key is None or key in self._followed or self._done.get(key) == state:
                        known = True
                        continue
                    if not known and self._strange.get(key) == state:
                        continue
                    with opened(other) as (stream, _):
                        head = read_head(stream)
                    if known or _time(other) >= self._since or namesakes(self._lake, head)[0].mark is not None:
                        self._take(other, key)
                        known = True
                    else:
                        self._strange[key] = state
                except Rejected:
                    raise
                except (SourceFault, Overtaken, OSError):  # being copied or compressed just now; or none of ours
                    continue


def key_of(status: os.stat_result) -> Key:
    """Return what a file is known by while it is open."""
    return status.st_dev, status.st_ino


def _key_at(name: str) -> Key | None:
    try:
        return key_of(Path(name).stat())
    except OSError:
        return None


def _time(name: str) -> float:
    """Return when a file was changed, the time now if it is gone."""
    try:
        return Path(name).stat().st_mtime
    except OSError:
        return time.time()


def _state(name: str) -> tuple[int, int]:
    status = Path(name).stat()
    return status.st_size, status.st_mtime_ns


def _rotations(name: str) -> list[str]:
    """
    Return the other files of a folder whose names say that they are rotations of one log, the oldest first.

    Those of a link, as a node's /var/log/containers holds, are beside what it leads to.
    """
    target = os.path.realpath(name) if os.path.islink(name) else name  # noqa: PTH114  # names as they were given
    wanted, folder = age(target)[:2], os.path.split(target)[0]
    try:
        names = [os.path.join(folder, path.name) for path in Path(target).parent.iterdir() if path.is_file()]  # noqa: PTH118
    except OSError:
        return []
    return sorted((one for one in names if one != target and age(one)[:2] == wanted), key=age)
