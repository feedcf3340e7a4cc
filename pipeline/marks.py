"""
Which log of the lake is this, and how far was it read?

Rules:

1. A log is what it holds, not what it is called: it is looked up by its first line, whether it has one line by now or
   millions, is plain or compressed.
2. Logs that begin with the same line have numbers, in the order in which they came. Each has a mark: the offset up to
   which it was read, and a check of the bytes before. A log that has these bytes there is the log of that mark; of
   several, the one that was read furthest.
3. One that ends before the mark is told from its namesake by its first kilobyte (`fingerprint`), which is kept once a
   log has one. Where that is the same, or is too short to be told, nobody can know: that is said (`Unfinished`).
4. A new log's first commit counts the logs that begin like it up by one. So of two ingests that take one new log at
   once, only one can commit, however much of it each of them has seen.

All of it are Delta application transactions: an id and an integer, which change with the rows in one commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import IO, NamedTuple

from echo.clientip import printable
from pipeline.errors import SourceFault
from pipeline.lake import REQUESTS, Lake, Turn
from pipeline.lake.mark import Mark
from pipeline.sources.opening import READ_BYTES
from pipeline.sources.reader import HEAD_BYTES, TAIL_BYTES, beginning

MAX_NAMESAKES = 1000  # looking one up takes milliseconds, and each was read to its mark to be told from the others


class Known(NamedTuple):
    """
    What the lake knows of a log.

    line      id of its first line
    alike     how many logs begin so
    number    of this one among them; `alike` if it is new
    mark      how far it was read, None if it is new
    fingered  whether its fingerprint is kept
    """

    line: str
    alike: int
    number: int
    mark: Mark | None = None
    fingered: bool = False

    @property
    def id(self) -> str:
        """The id of the mark."""
        return f"{self.line}-{self.number}"

    def turns(self, head: bytes) -> list[Turn]:
        """Return what the next commit has to change beside the mark."""
        turns = [] if self.mark is not None else [Turn(self.line, self.alike or None, self.alike + 1)]
        if not self.fingered and len(beginning(head)) == HEAD_BYTES:
            turns.append(Turn(_finger(self.id), None, fingerprint(head)))
        return turns

    def after(self, head: bytes, mark: Mark) -> Known:
        """Return what is known after that commit."""
        alike = self.alike + (self.mark is None)
        return self._replace(alike=alike, mark=mark, fingered=self.fingered or len(beginning(head)) == HEAD_BYTES)


def line_id(head: bytes) -> str:
    """Return the id of a log's first line, by at most HEAD_BYTES bytes of it."""
    line = beginning(head).partition(b"\n")[0].removesuffix(b"\r")
    return f"whofrom-{hashlib.sha256(line).hexdigest()[:32]}"


def fingerprint(head: bytes) -> int:
    """Return 62 bits of a checksum of the first HEAD_BYTES bytes."""
    return int.from_bytes(hashlib.sha256(beginning(head)).digest()[:8]) >> 2


def namesakes(lake: Lake, head: bytes) -> list[Known]:
    """
    Return the logs that this one may be: those of its first line that its first kilobyte does not rule out, the one
    that was read furthest first; and, last, a new one. Raises SourceFault if there are too many.
    """
    line = line_id(head)
    numbers = lake.numbers(REQUESTS)
    count = numbers(line) or 0
    found = []
    for number in range(count if beginning(head) else 0):
        one = Known(line, count, number)
        version, finger = numbers(one.id), numbers(_finger(one.id))
        if version is not None and (finger is None or len(beginning(head)) < HEAD_BYTES or finger == fingerprint(head)):
            found.append(one._replace(mark=Mark.unpack(version), fingered=finger is not None))
    if count >= MAX_NAMESAKES and not found:
        raise SourceFault(
            f"{count:,} logs of this lake begin with the same line",
            printable(lake.path),
            "use another for more of them",
        )
    return [*sorted(found, key=_offset, reverse=True), Known(line, count, count)]


def choose(candidates: Sequence[Known], stream: IO[bytes], head: bytes) -> Known:
    """
    Return which of the candidates a log is, by reading it: the first that is not ruled out.

    One that ends before a candidate's mark is taken for that one only if it is no other: `Run` says so then.
    """
    offsets = sorted(one.mark.offset for one in candidates if one.mark is not None)
    tail, base, checks = head[-TAIL_BYTES:], len(head), {}
    for offset in offsets:
        if offset <= len(head):
            checks[offset] = Mark.of(offset, head[max(0, offset - TAIL_BYTES) : offset]).check
            continue
        while base < offset:
            data = stream.read(min(READ_BYTES, offset - base))
            if not data:
                break
            tail = (tail + data)[-TAIL_BYTES:]
            base += len(data)
        if base < offset:
            break
        checks[offset] = Mark.of(offset, tail).check
    fits = [one for one in candidates if one.mark is not None and checks.get(one.mark.offset) == one.mark.check]
    longer = [one for one in candidates if one.mark is not None and one.mark.offset not in checks]
    return [*fits, *reversed(longer), candidates[-1]][0]


def _finger(mark_id: str) -> str:
    return f"{mark_id}-head"


def _offset(one: Known) -> int:
    return one.mark.offset if one.mark is not None else 0
