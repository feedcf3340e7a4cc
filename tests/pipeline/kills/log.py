"""
A program that logs, and what rotates its log: every line carries a number, and where it was written is kept.

Lines are of several dates, late ones among them, of 10 to 3,000 bytes; every thirteenth is no log line. They are
written as programs do that buffer: a piece may end in the middle of a line. Rotations are those of logrotate (create,
copytruncate, compress, delaycompress, dateext) and of a kubelet (CRI lines; the old log gets a stamp, then is packed).
"""

from __future__ import annotations

import gzip
import random
import re
import shutil
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

REJECT_EVERY, LONG_EVERY, LATE_EVERY = 13, 97, 7
CRI_PIECE = 700  # bytes; a container runtime cuts at 16 KiB, which would be a piece in a thousand here
STAMP = "2026-11-26T04:17:07.%09dZ stdout %s "


class Written(NamedTuple):
    """Where a line is: the offset and the number that it has in its log."""

    offset: int
    number: int


def is_reject(serial: int) -> bool:
    return serial % REJECT_EVERY == 5


def day_of(serial: int) -> date:
    """A log of two weeks; one line in seven is up to four days late."""
    return date(2026, 11, 6 + serial // 400 % 15 - (serial % 5 if serial % LATE_EVERY == 0 else 0))


def text_of(serial: int) -> str:
    filling = "x" * (3000 if serial % LONG_EVERY == 0 else serial * serial * 31 % 250)
    if is_reject(serial):
        return f"junk {serial} {filling}"
    host = f"10.{serial >> 16 & 255}.{serial >> 8 & 255}.{serial & 255}"
    return f'{host} - - [{day_of(serial):%d/%b/%Y}:10:05:03 +0000] "GET /{serial} HTTP/1.1" 200 5 "-" "{filling}"'


def cri(serial: int, text: str) -> str:
    pieces = [text[start : start + CRI_PIECE] for start in range(0, len(text), CRI_PIECE)]
    return "\n".join(
        STAMP % (serial % 1_000_000_000, "F" if number == len(pieces) - 1 else "P") + piece
        for number, piece in enumerate(pieces)
    )


class Writer:
    """Appends to `path`; `where` has where each line went."""

    def __init__(
        self, path: Path, first: int = 0, *, wrapped: bool = False, appends: bool = True, seed: int = 0
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.next, self.wrapped, self.appends = path, first, wrapped, appends
        self.chance = random.Random(seed)
        self.where: dict[int, Written] = {}
        self.rotations = 0
        self._file = path.open("ab" if appends else "wb", buffering=0)
        self._position = self._number = 0

    def write(self, count: int, *, torn: bool = True) -> None:
        """Write lines; if torn, one of them in two pieces with time between them."""
        lines = []
        for _ in range(count):
            text = text_of(self.next)
            line = (cri(self.next, text) if self.wrapped else text).encode() + b"\n"
            self.where[self.next] = Written(self._position, self._number + 1)
            self._position += len(line)
            self._number += line.count(b"\n")
            self.next += 1
            lines.append(line)
        data = b"".join(lines)
        cut = self.chance.randrange(len(data)) if torn else len(data)
        if torn and self.chance.random() < 0.5:  # behind a quote, where it looks whole
            quotes = [found.end() for found in re.finditer(b'"', data)]
            cut = self.chance.choice(quotes or [cut])
        self._file.write(data[:cut])
        if cut < len(data):
            time.sleep(self.chance.uniform(0, 0.05))
            self._file.write(data[cut:])

    def _reopen(self) -> None:
        self._file.close()
        self._file = self.path.open("ab", buffering=0)
        self._position = self._number = 0

    def _old(self, number: int) -> list[Path]:
        return [path for suffix in ("", ".gz", ".zst") if (path := Path(f"{self.path}.{number}{suffix}")).exists()]

    def _shift(self) -> None:
        for number in range(self.rotations, 0, -1):
            for path in self._old(number):
                path.rename(str(path).replace(f".log.{number}", f".log.{number + 1}"))
        self.rotations += 1

    def create(self) -> None:
        """The log is renamed, and its writer goes on with the old one for a moment."""
        self._shift()
        self.path.rename(f"{self.path}.1")
        self.path.touch()
        self.write(4)
        self._reopen()

    def copytruncate(self) -> None:
        self._shift()
        with self.path.open("rb") as old, Path(f"{self.path}.1").open("wb") as new:
            while piece := old.read(1 << 14):
                new.write(piece)
                new.flush()
                time.sleep(0.001)
        with self.path.open("r+b") as file:
            file.truncate(0)
        self._position = self._position if not self.appends else 0  # else it goes on behind a hole of NULs
        self._number = 0

    def compress(self) -> None:
        self.create()
        self._pack(Path(f"{self.path}.1"), ".gz")

    def delaycompress(self) -> None:
        self.create()
        for path in self._old(2):
            if path.suffix == ".2":
                self._pack(path, ".zst")

    def dateext(self) -> None:
        """The day's name, and the second's, as there are many a day here; the one before is packed."""
        for path in sorted(self.path.parent.glob(f"{self.path.name}-*[0-9]")):
            self._pack(path, ".gz")
        self.path.rename(f"{self.path}-20261126-{1_764_130_000 + self.rotations}")
        self.rotations += 1
        self.write(4)
        self._reopen()

    def kubelet(self) -> None:
        """The log gets a stamp, the container's runtime reopens it, the one before is packed under another name."""
        for path in sorted(self.path.parent.glob(f"{self.path.name}.*[0-9]")):
            packed = Path(f"{path}.gz")
            packed.with_suffix(".tmp").write_bytes(gzip.compress(path.read_bytes(), 1))
            packed.with_suffix(".tmp").rename(packed)
            path.unlink()
        self.path.rename(f"{self.path}.20261126-{30_000 + self.rotations:06}")
        self.rotations += 1
        self.write(4)
        self._reopen()

    @staticmethod
    def _pack(path: Path, suffix: str) -> None:
        """As gzip does it: beside the original, which goes when all is written."""
        data = path.read_bytes()
        packed = gzip.compress(data, 1) if suffix == ".gz" else pa.compress(data, codec="zstd", asbytes=True)
        with Path(f"{path}{suffix}").open("wb") as file:
            for start in range(0, len(packed), 1 << 13):
                file.write(packed[start : start + (1 << 13)])
                file.flush()
                time.sleep(0.002)
        shutil.copystat(path, f"{path}{suffix}")
        path.unlink()

    def close(self) -> None:
        self._file.close()


ROTATIONS: dict[str, Callable[[Writer], None]] = {
    "create": Writer.create,
    "copytruncate": Writer.copytruncate,
    "copytruncate with holes": Writer.copytruncate,  # of a writer that does not append
    "compress": Writer.compress,
    "delaycompress": Writer.delaycompress,
    "dateext": Writer.dateext,
    "kubelet": Writer.kubelet,
}
