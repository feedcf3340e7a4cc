"""What is killed: a shape is a way to write a log and the commands that read it."""

from __future__ import annotations

import gzip
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa

from pipeline.lake import Lake
from tests.pipeline.kills.check import wrongs
from tests.pipeline.kills.log import ROTATIONS, Writer
from tests.pipeline.kills.moments import moment, wait_for

SMALL = [sys.executable, "-m", "tests.pipeline.kills.small"]
LONGEST = 2.5  # seconds that a process lives, of which it takes one to start
PATIENCE = 60.0  # seconds for a follower to come to the end
FIRST = 60  # lines that are there before anything reads
WRONG_TOML, RIGHT_TOML = (f'[network]\nnodes = ["10.{n}.0.0/16"]\n[trust]\nranges = ["nodes"]\n' for n in (1, 2))


class Failure(AssertionError):
    """Something is wrong with the lake, or a command failed that nobody had killed."""


class Shape:
    """A folder, a lake, and what was killed so far. Subclasses say what runs."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.chance = folder, random.Random(seed)
        folder.mkdir(parents=True, exist_ok=True)
        self.lake = Lake(str(folder / "lake"))
        self.writers: list[Writer] = []
        self.kills = 0
        self.places = True

    def start(self, *command: str | Path, stdin: IO[bytes] | None = None) -> subprocess.Popen[str]:
        words = [*SMALL, *map(str, command), "--lake", self.lake.path]
        return subprocess.Popen(words, stdin=stdin, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def kill(self, process: subprocess.Popen[str]) -> None:
        """Kill a process at some moment; one that has ended by itself has to have ended well."""
        wait_for(moment(self.chance, LONGEST), Path(self.lake.path), process)
        alive = process.poll() is None
        process.kill()
        said = process.communicate()[1]
        self.kills += alive
        if not alive and process.returncode:
            raise Failure(f"{process.args} ended with {process.returncode}: {said}")

    def finish(self, process: subprocess.Popen[str]) -> str:
        """Wait for the end of a process that nobody kills."""
        said = process.communicate(timeout=2 * PATIENCE)[1]
        if process.returncode:
            raise Failure(f"{process.args} ended with {process.returncode}: {said}")
        return said

    def check(self, *, ended: bool = False) -> None:
        where = {serial: written for writer in self.writers for serial, written in writer.where.items()}
        found = wrongs(self.lake, where, ended=ended, places=self.places)
        if found:
            raise Failure("; ".join(found))

    def run(self, rounds: int) -> int:
        """Kill so many times, come to the end, and check; return how many were killed."""
        self.prepare()
        try:
            while self.kills < rounds:
                self.round()
                self.check()
            self.end()
            self.check(ended=True)
            self.end()
            self.check(ended=True)
        finally:
            for writer in self.writers:
                writer.close()
        return self.kills

    def prepare(self) -> None:
        """Write what is there before the first run."""

    def round(self) -> None:
        """Start, and kill."""
        raise NotImplementedError

    def end(self) -> None:
        """Come to the end, once nothing is written any more."""
        raise NotImplementedError


class Rotated(Shape):
    """A log that is written and rotated while it is read: by glob, by folder, or followed."""

    def __init__(self, folder: Path, seed: int, rotation: str, reader: str) -> None:
        super().__init__(folder, seed)
        self.rotate, self.reader = ROTATIONS[rotation], reader
        log = folder / "logs" / ("0.log" if rotation == "kubelet" else "access.log")
        wrapped, appends = rotation == "kubelet", "holes" not in rotation
        self.writers.append(Writer(log, wrapped=wrapped, appends=appends, seed=seed))
        self.sources = {
            "glob": [f"{log}*"],
            "folder": [log.parent],
            "follow": ["--follow", log],
            "follow glob": ["--follow", f"{log}*"],
            "follow folder": ["--follow", log.parent],
        }[reader]

    def prepare(self) -> None:
        self.writers[0].write(FIRST)

    def _started(self) -> subprocess.Popen[str]:
        return self.start("ingest", "--no-geo", *self.sources)

    def _writing(self, stop: threading.Event) -> None:
        writer, chance = self.writers[0], random.Random(self.chance.random())
        while not stop.is_set():
            writer.write(chance.choice((1, 3, 40, 120)))
            if chance.random() < 0.06:
                self.rotate(writer)
            stop.wait(chance.uniform(0, 0.1))

    def round(self) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._writing, args=(stop,))
        process = self._started()
        thread.start()
        try:
            self.kill(process)
        finally:
            stop.set()
            thread.join()
        self.writers[0].write(2, torn=False)  # one of them is a row: a log of nothing but junk is none

    def end(self) -> None:
        process = self._started()
        if not self.reader.startswith("follow"):
            self.finish(process)
            return
        assert process.stderr is not None
        while line := process.stderr.readline():  # from then on it hears signals
            if line.startswith("following"):
                break
        until = time.monotonic() + PATIENCE
        while wrongs(self.lake, self.writers[0].where, ended=True) and time.monotonic() < until:
            if process.poll() is not None:
                raise Failure(f"the follower ended: {process.communicate()[1]}")
            time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        self.finish(process)


class Crowd(Rotated):
    """Two followers and an ingest of one log under rotation; one after the other is killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed, "delaycompress", "follow glob")

    def round(self) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=self._writing, args=(stop,))
        processes = [self._started(), self._started(), self.start("ingest", "--no-geo", *self.sources[1:])]
        self.chance.shuffle(processes)
        thread.start()
        try:
            for process in processes:
                self.kill(process)
        finally:
            stop.set()
            thread.join()
            for process in processes:
                if process.returncode is None:
                    process.kill()
                    process.communicate()
        self.writers[0].write(2, torn=False)


class Static(Shape):
    """A log that nobody writes any more, plain or packed, or through a pipe."""

    LINES = 4000

    def __init__(self, folder: Path, seed: int, kind: str) -> None:
        super().__init__(folder, seed)
        self.kind = kind

    def prepare(self) -> None:
        writer = Writer(self.folder / "access.log")
        self.writers.append(writer)
        self._more()

    def _more(self) -> None:
        """Write a log as new as the lake's: what was read of the one before stays there."""
        writer = self.writers[0]
        writer.write(self.LINES, torn=False)
        data = writer.path.read_bytes()
        self.source = writer.path
        if self.kind == "gzip":
            self.source = self.folder / "access.log.gz"
            self.source.write_bytes(gzip.compress(data, 1))
        if self.kind == "zstd":
            self.source = self.folder / "access.log.zst"
            self.source.write_bytes(pa.compress(data, codec="zstd", asbytes=True))

    def _started(self) -> subprocess.Popen[str]:
        if self.kind != "stdin":
            return self.start("ingest", "--no-geo", self.source)
        with self.source.open("rb") as file:
            cat = subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE)
        try:
            return self.start("ingest", "--no-geo", "-", stdin=cat.stdout)
        finally:
            assert cat.stdout is not None
            cat.stdout.close()
            threading.Thread(target=cat.wait).start()

    def round(self) -> None:
        process = self._started()
        self.kill(process)
        if process.returncode == 0:
            self._more()

    def end(self) -> None:
        self.finish(self._started())


class Pair(Shape):
    """Two ingests at once, of one log or of two; one of them, or both, are killed."""

    def __init__(self, folder: Path, seed: int, logs: int) -> None:
        super().__init__(folder, seed)
        self.logs = logs

    def prepare(self) -> None:
        for number in range(self.logs):
            self.writers.append(Writer(self.folder / f"{number}.log", 10_000_000 * number))
        self._more()

    def _more(self) -> None:
        for writer in self.writers:
            writer.write(self.chance.choice((1, 20, 1500)), torn=False)

    def _started(self) -> list[subprocess.Popen[str]]:
        return [self.start("ingest", "--no-geo", self.writers[number % self.logs].path) for number in range(2)]

    def round(self) -> None:
        killed, other = self._started()
        self._more()
        self.kill(killed)
        if self.chance.random() < 0.3:
            self.kill(other)
        else:
            self.finish(other)
        self._more()

    def end(self) -> None:
        for process in self._started():
            self.finish(process)


class Kept(Pair):
    """An ingest beside compact, expire and re-resolve, all of them killed."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder, seed, 1)

    def prepare(self) -> None:
        for name, text in (("wrong", WRONG_TOML), ("right", RIGHT_TOML)):
            (self.folder / f"{name}.toml").write_text(text)
        super().prepare()
        self.end()

    def round(self) -> None:
        toml = self.folder / f"{self.chance.choice(('wrong', 'right'))}.toml"
        commands: Sequence[Sequence[str | Path]] = (
            ["lake", "compact"],
            ["lake", "expire", "--keep", "9000d"],
            ["lake", "re-resolve", "--no-geo", "--config", toml],
        )
        ingest = self.start("ingest", "--no-geo", self.writers[0].path)
        keeper = self.start(*self.chance.choice(commands))
        self._more()
        self.kill(keeper)
        if self.chance.random() < 0.5:
            self.kill(ingest)
        else:
            self.finish(ingest)
        self._more()

    def end(self) -> None:
        self.finish(self.start("ingest", "--no-geo", self.writers[0].path))
        self.finish(self.start("lake", "compact"))


class Retried(Shape):
    """Rejects of a wrong format that become rows: alone, two at once, beside an ingest; killed."""

    LINES = 400

    def prepare(self) -> None:
        self.writers.append(Writer(self.folder / "access.log"))

    def check(self, *, ended: bool = False) -> None:
        if ended:  # before, rows are rejects, and a line may be seen in both tables while it moves
            super().check(ended=ended)

    def _retry(self) -> subprocess.Popen[str]:
        return self.start("ingest", "--no-geo", "--retry-rejects", "--format", "combined")

    def round(self) -> None:
        self.writers[0].write(self.LINES, torn=False)
        self.finish(self.start("ingest", "--no-geo", "--format", "ndjson", self.writers[0].path))
        retries = [self._retry() for _ in range(self.chance.choice((1, 1, 2)))]
        for process in retries:
            self.kill(process)

    def end(self) -> None:
        self.finish(self._retry())


def _rotated(rotation: str, reader: str) -> Callable[[Path, int], Shape]:
    return lambda folder, seed: Rotated(folder, seed, rotation, reader)


READERS = ("glob", "folder", "follow", "follow glob", "follow folder")
SHAPES: dict[str, Callable[[Path, int], Shape]] = {
    **{f"{rotation}, {reader}": _rotated(rotation, reader) for rotation in ROTATIONS for reader in READERS},
    **{
        f"static {kind}": (lambda folder, seed, kind=kind: Static(folder, seed, kind))
        for kind in ("plain", "gzip", "zstd", "stdin")
    },
    "two followers and an ingest": Crowd,
    "two ingests of two logs": lambda folder, seed: Pair(folder, seed, 2),
    "two ingests of one log": lambda folder, seed: Pair(folder, seed, 1),
    "ingest beside upkeep": Kept,
    "retry of rejects": Retried,
}


def run(name: str, folder: Path, kills: int, seed: int) -> int:
    """Run a shape in a folder of its own, which goes when all was well; return how many were killed. Raises Failure."""
    place = folder / name.replace(" ", "-").replace(",", "")
    shutil.rmtree(place, ignore_errors=True)
    done = SHAPES[name](place, seed).run(kills)
    shutil.rmtree(place)
    return done
