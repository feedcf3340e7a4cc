"""
Ingest: sources to committed rows, exactly once.

    reader (blocks of lines) → wrapper (lines of the program)
    → format (records) → resolve → login rules → geo → anonymize, if asked → files          one thread a core
    → lake (rows and mark in one commit), in the order of the blocks

Every line becomes a row or a reject with a reason. A source that was read before goes on where it ended, whatever it
is called now. An unterminated last line of a plain file is taken if it is a whole record, and left for the next run if
it is not: its writer may be in the middle of it.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import IO, NamedTuple, cast

import pyarrow as pa

from echo.clientip import printable, quote
from pipeline.ahead import Ahead, threads_allowed
from pipeline.enrich import enrich
from pipeline.errors import NoLog, Overtaken, Rejected, SourceFault, Unfinished
from pipeline.lake import Lake, rejects_of, rows_of
from pipeline.lake.mark import Mark
from pipeline.lake.parts import File
from pipeline.marks import Known, choose, line_id, namesakes
from pipeline.progress import Watch
from pipeline.rows import MAX_RAW_BYTES, REJECT_SCHEMA
from pipeline.settings import Settings
from pipeline.sources import FORMATS, Format, named, parse_mixed, sniff
from pipeline.sources.columns import array_of
from pipeline.sources.combined import COMBINED
from pipeline.sources.folders import STDIN
from pipeline.sources.ndjson import NDJSON
from pipeline.sources.opening import opened
from pipeline.sources.reader import HEAD_BYTES, START, Block, Place, beginning, blocks, read_head
from pipeline.sources.stores import source_of
from pipeline.sources.wrappers import LOOKED_AT, Unwrapper, Wrapper, unwrapped, wrappers_of

# Of a whole line that has no newline yet: in a common line, `200 53` may become `200 5379`. Combined lines may have
# fields behind these, and be cut at any of their quotes: what buffers its log writes it in pieces of 4 or 8 KiB.
LINE_ENDINGS = (b'"', b"}")
COMBINED_QUOTES = 6
NO_REJECTS = REJECT_SCHEMA.empty_table()
# another ingest of the same log commits first: this often without that one having come further, it is not what goes on
MAX_OVERTAKEN = 20
LONGEST_WAIT = 1.0  # seconds before this one looks again; whoever is ahead is to stay ahead
# A rotation copies and compresses a log of some GB in a minute. A file that is not whole is looked at again for so long
# as it changes.
MAX_UNFINISHED, CHANGE_SECONDS, LOOK_SECONDS = 120.0, 1.0, 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What became of one source.

    rows, rejects  lines that were committed, lines that were refused
    skipped        bytes that an earlier run had committed
    pending        1 if an unterminated last line was left for the next run, or one whose last piece is missing
    reasons        reason -> how many lines were refused for it
    """

    source: str
    format: str = ""
    rows: int = 0
    rejects: int = 0
    skipped: int = 0
    pending: int = 0
    reasons: tuple[tuple[str, int], ...] = ()


def ingest_source(
    name: str, lake: Lake, settings: Settings, watch: Watch | None = None, threads: int | None = None
) -> Outcome:
    """
    Read one source into the lake; `watch` hears how far it is. Beside another ingest of it, each adds what is its own.

    threads  that work ahead; if not given, one a core

    Raises SourceFault, GeoFault or LakeFault; the blocks committed before stay.
    """
    until = time.monotonic() + MAX_UNFINISHED
    while True:
        before = _state(name)
        try:
            return ingest_now(name, lake, settings, watch, threads)
        except Unfinished:
            if time.monotonic() > until or not _changes(name, before):
                raise


def _state(name: str) -> tuple[int, int] | None:
    """Return size and time of change of a local file, None if it is none."""
    try:
        status = os.stat(name)  # noqa: PTH116
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _changes(name: str, before: tuple[int, int] | None) -> bool:
    """Return whether a file is not as it was before, or does not stay so for a moment."""
    end = time.monotonic() + CHANGE_SECONDS
    while before is not None and (now := _state(name)) is not None:
        if now != before:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_SECONDS)
    return False


def ingest_now(
    name: str, lake: Lake, settings: Settings, watch: Watch | None = None, threads: int | None = None
) -> Outcome:
    """As `ingest_source`, but without waiting for a file that is being copied or compressed just now."""
    passes: list[Run] = []
    other: Known | None = None  # the log that it might be, and is not
    tries, furthest = 0, -1
    while True:
        with opened(name, watch.read if watch is not None else None) as (stream, growing):
            head = read_head(stream)
            candidates = [one for one in namesakes(lake, head) if one != other]
            known = candidates[0] if len(candidates) < 3 or name == STDIN else _chosen(name, head, candidates)
            if known is None:
                continue
            run = Run(source_of(name), lake, settings, known, watch, threads_allowed() if threads is None else threads)
            passes.append(run)
            try:
                run.read(stream, head, growing=growing)
            except Overtaken:
                offset = known.mark.offset if known.mark is not None else 0
                tries, furthest = (0, offset) if offset > furthest else (tries + 1, furthest)
                if name == STDIN or tries == MAX_OVERTAKEN:
                    raise
            else:
                if not run.other:
                    form = passes[-1].format
                    return summed([one.result for one in passes], form.name if form is not None else "")
                if name == STDIN:
                    raise SourceFault(
                        "begins like a log that was ingested before, but is another one",
                        "-",
                        "save it to a file and name that",
                    )
                passes.pop()
                other = known
                continue
        time.sleep(min(LONGEST_WAIT, 0.05 * 2**tries))


def _chosen(name: str, head: bytes, candidates: Sequence[Known]) -> Known | None:
    """Return which of several logs a file is; None if its name is another file's by now."""
    with opened(name) as (stream, _):
        return choose(candidates, stream, head) if read_head(stream).startswith(head) else None


def summed(outcomes: Sequence[Outcome], form: str = "") -> Outcome:
    """Return what all passes over a source have added to what was there before the first."""
    reasons = sum((Counter(dict(one.reasons)) for one in outcomes), Counter[str]())
    return replace(
        outcomes[-1],
        format=next((one.format for one in reversed(outcomes) if one.format), form),
        rows=sum(one.rows for one in outcomes),
        rejects=sum(one.rejects for one in outcomes),
        skipped=outcomes[0].skipped,
        reasons=tuple(reasons.most_common()),
    )


class _Beginning:
    """A stream that keeps what completes the head of a log that is as yet shorter than that."""

    def __init__(self, stream: IO[bytes], head: bytes, *, whole: bool) -> None:
        self._stream, self.head = stream, head
        self._whole = whole or len(beginning(head)) == HEAD_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if data and not self._whole:
            text = beginning(self.head)
            hole = 0 if text else len(data) - len(data.lstrip(b"\0"))
            self.head += data[: hole + HEAD_BYTES - len(text)]
            self._whole = len(beginning(self.head)) == HEAD_BYTES
        return data


class Made(NamedTuple):
    """
    What a block's lines are, ready to be committed.

    files    of its rows, written and no part of the lake yet
    rejects  as the lake keeps them
    reasons  why each reject is one
    mark     behind the block; None if its one line is not whole yet
    shown    the rows, where somebody wants to see them
    """

    form: Format
    files: list[File]
    rows: int
    rejects: pa.Table
    reasons: list[str]
    mark: Mark | None
    shown: pa.Table | None = None


class Run:
    """One pass over one source; `threads` make blocks ready while others are read and committed."""

    def __init__(
        self,
        name: str,
        lake: Lake,
        settings: Settings,
        known: Known,
        watch: Watch | None = None,
        threads: int = 0,
    ) -> None:
        self.lake, self.settings, self.watch = lake, settings, watch or Watch()
        self._ahead: Ahead[Made] = Ahead(threads)
        self.known = known
        self.beginning: _Beginning  # of the stream that is read
        self.outcome = Outcome(name)
        self.other = False
        self.reasons: dict[str, int] = {}
        self.format: Format | None = named(settings.format) if settings.format else None
        self.looked = False  # whether the lines were looked at for a wrapper
        self.unwrapper: Unwrapper | None = None
        self.lines = 0  # number of the last line that was read

    @property
    def result(self) -> Outcome:
        """What became of the source in this pass."""
        return replace(self.outcome, reasons=tuple(self.reasons.items()))

    def read(self, stream: IO[bytes], head: bytes, *, growing: bool) -> None:
        """Commit what is new, unless it is not the log that left the mark."""
        for _ in self.steps(stream, head, growing=growing):
            pass

    def steps(self, stream: IO[bytes], head: bytes, *, growing: bool) -> Iterator[None]:
        """Commit what is new, block by block; `other` is set at the end if it is not the source that left the mark."""
        self.beginning = _Beginning(stream, head, whole=False)
        self._look_at(head)
        yield from self._blocks(head, START, growing=growing)

    def read_from(self, place: Place, stream: IO[bytes], head: bytes, form: Format, *, growing: bool) -> None:
        """
        As `read`, of a log that is not wrapped, from where it was read up to.

        place  where that is
        head   of the log, which the stream does not give again
        form   its format
        """
        self.beginning = _Beginning(stream, head, whole=True)
        self.format, self.looked = form, True
        for _ in self._blocks(b"", place, growing=growing):
            pass

    def plain_format(self, head: bytes, first: Callable[[], Sequence[bytes]]) -> Format | None:
        """Return a log's format by its head and, if need be, its first lines; None if it is wrapped or not known."""
        self._look_at(head)
        lines: Sequence[bytes] = ()
        if not self.looked:
            lines = first()
            self._look(lines)
        return (self.format or sniff(lines)) if self.unwrapper is None else None

    def _look_at(self, head: bytes) -> None:
        """Find out wrapper and format, if no format was named and the head tells."""
        if self.format is None:
            lines = beginning(head).split(b"\n")
            whole = len(beginning(head)) < HEAD_BYTES
            self._look(lines if whole else lines[:-1])  # not one that is cut: it may look like another

    def _blocks(self, head: bytes, place: Place, *, growing: bool) -> Iterator[None]:
        """Commit block by block, and give back what is ready and will not be."""
        mark = self.known.mark
        self.outcome = replace(self.outcome, skipped=mark.offset if mark is not None else 0)
        try:
            yield from self._taken(head, place, mark, growing=growing)
        finally:
            for made in self._ahead.close():
                self.lake.discard(made.files)

    def _taken(self, head: bytes, place: Place, mark: Mark | None, *, growing: bool) -> Iterator[None]:
        start = mark.offset if mark is not None else 0
        reached = False
        for block in blocks(cast("IO[bytes]", self.beginning), head, start, growing=growing, place=place):
            self.lines = max([self.lines, *block.numbers[-1:], *(one.number for one in block.overlong[-1:])])
            if not reached:
                reached = True
                if mark is not None and Mark.of(start, block.tail) != mark:
                    self.other = True
                    return
            elif block.lines or block.overlong:
                self._unwrap(block)
            yield
        if self.unwrapper is not None and self.unwrapper.waiting:
            last = None if growing else self.unwrapper.rest()
            if last is not None:
                self._take(last)
            self.outcome = replace(self.outcome, pending=int(growing))
        for made in self._ahead.rest():
            self._commit(made)
        if start and not reached:
            raise Unfinished(
                f"begins like a log that was ingested up to byte {start:,}, and is shorter",
                printable(self.outcome.source),
                "if it is a part of that one, all of it is in the lake; if another, ingest it into another lake",
            )

    def _look(self, lines: Sequence[bytes]) -> None:
        """Find out wrapper and format, if the lines tell."""
        lines, form = lines[:LOOKED_AT], self.format
        # most is taken off first: what is left by less may be a format of its own that looks like a wrapped one
        layers = [(one, unwrapped(lines, one)) for one in reversed(wrappers_of(lines))]
        tries: list[tuple[Wrapper | None, Sequence[bytes]]] = [*layers, (None, lines)]
        if form is not None:
            counts = [form.takes(inner) for _, inner in tries]
            wrapper = tries[counts.index(max(counts))][0]
        else:
            found = ((one, told) for one, inner in tries if (told := sniff(inner)) is not None)
            wrapper, form = next(found, (tries[0][0], None))
        self.format = form
        self.unwrapper = Unwrapper(wrapper) if wrapper is not None else None
        self.looked = form is not None or wrapper is not None

    def _unwrap(self, block: Block) -> None:
        """Take what a block's lines hold, if they are wrapped."""
        if not self.looked:
            self._look(block.lines)
            self.looked = True
        if self.unwrapper is None:
            self._take(block)
            return
        whole = self.unwrapper.take(block)
        if whole is not None:
            self._take(whole)

    def _take(self, block: Block) -> None:
        begun = self.format is None and not block.final and b"\0" not in block.lines[0]
        if begun and sniff(block.lines) is None:  # what is there of a first line
            self.outcome = replace(self.outcome, pending=1)
            return
        form = self._format_of(block)
        for made in self._ahead.put(partial(self._made, block, form)):
            self._commit(made)

    def _made(self, block: Block, form: Format) -> Made:
        """Make a block ready; any number of threads may at once, of one source too."""
        # one that was named is held to, and the beginning of a line may look like a whole one of another format
        mixed = self.settings.format is None and block.final
        parsed = parse_mixed(form, block.lines) if mixed else form.parse(block.lines)
        if not block.final and (parsed.rejects or not _whole(block, form)):
            return Made(form, [], 0, NO_REJECTS, [], None)
        refused = [
            (block.offsets[index], block.numbers[index], reason, block.lines[index]) for index, reason in parsed.rejects
        ]
        refused += [(long.offset, long.number, "line too long", long.raw) for long in block.overlong]
        refused.sort()
        if refused and self.settings.strict:
            offset, number, reason, _ = refused[0]
            raise Rejected(
                f"line {number:,}, at byte {offset:,}: {reason}",
                printable(self.outcome.source),
                "mend it, name its --format, or leave --strict away to have such lines kept as rejects",
            )
        name = os.fsencode(self.outcome.source).decode("utf-8", "backslashreplace")
        rejects = rejects_of(
            {
                "source": [name] * len(refused),
                "source_offset": [offset for offset, _, _, _ in refused],
                "line": [number for _, number, _, _ in refused],
                "reason": [reason for _, _, reason, _ in refused],
                "raw": [raw[:MAX_RAW_BYTES].decode("utf-8", "backslashreplace") for _, _, _, raw in refused],
                "ingested_at": [datetime.now(UTC)] * len(refused),
                "format": [self.settings.format or form.name] * len(refused),
                "anonymized": [self.settings.anonymizer and self.settings.anonymizer.mark] * len(refused),
                "retry": [None] * len(refused),
            }
        )
        if self.settings.anonymizer is not None:
            rejects = self.settings.anonymizer.rejects(rejects)
        offsets = array_of(block.offsets, pa.int64()).take(parsed.lines)
        lines = None  # of the rows, for rules that read what no column holds
        if any(rule.reads_fields for rule in self.settings.rules):
            lines = [block.lines[index] for index in parsed.lines.to_pylist()]
        rows = rows_of(enrich(parsed.batch, name, offsets, self.settings, lines))
        reasons = [reason for _, _, reason, _ in refused]
        shown = rows if self.watch.wants_rows else None
        return Made(form, self.lake.write(rows), rows.num_rows, rejects, reasons, Mark.of(block.end, block.tail), shown)

    def _commit(self, made: Made) -> None:
        if made.mark is None:
            self.outcome = replace(self.outcome, pending=1)
            return
        known = self.known
        head = self.beginning.head
        if line_id(head) != known.line:  # its first line had no end yet when it was looked up
            self.lake.discard(made.files)
            raise Overtaken("its first line has grown meanwhile", printable(self.outcome.source), "run again")
        if made.shown is not None:
            self.watch.coming(made.shown)
        self.lake.commit(made.files, made.rejects, known.id, made.mark, known.mark, known.turns(head))
        self.known = known.after(head, made.mark)
        self.watch.added(made.rows)
        for reason in made.reasons:
            kind = reason.partition(": ")[0]
            self.reasons[kind] = self.reasons.get(kind, 0) + 1
        self.outcome = replace(
            self.outcome,
            format=made.form.name if self.unwrapper is None else f"{made.form.name} in {self.unwrapper.wrapper.name}",
            rows=self.outcome.rows + made.rows,
            rejects=self.outcome.rejects + len(made.reasons),
        )

    def _format_of(self, block: Block) -> Format:
        """Return the source's format, found out once. Raises SourceFault if it is none of ours."""
        if self.format is None:
            self.format = sniff(block.lines)
        if self.format is None:
            first = next((line for line in block.lines if line.strip()), b"")
            if first and not self.outcome.skipped:
                raise NoLog(
                    f"no known log format; its first line is {quote(first[:200].decode('utf-8', 'backslashreplace'))}",
                    printable(self.outcome.source),
                    f"name one with --format ({', '.join(FORMATS)}; an nginx log_format) to keep its lines as rejects",
                )
            # nothing but blank lines, or odd lines behind a log that is known: rejects of the likelier format
            self.format = NDJSON if first.startswith(b"{") else COMBINED
        return self.format


def _whole(block: Block, form: Format) -> bool:
    """Return whether a last line that is a row, and has no newline yet, is whole: as whole as the one before it."""
    line = block.lines[0]
    if not line.endswith(b'"'):
        return line.endswith(LINE_ENDINGS)
    before, _, last = (block.before + block.data).rpartition(b"\n")
    has, had = (one.count(b'"') - one.count(b'\\"') for one in (last, before[before.rfind(b"\n") + 1 :]))
    return form is not COMBINED or (has >= max(had, COMBINED_QUOTES) and has % 2 == 0)
