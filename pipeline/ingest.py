"""
Ingest: sources to committed rows, exactly once.

    reader (blocks of lines) → wrapper (lines of the program) → format (records) → resolve → login rules → geo
    → anonymize, if asked → lake (rows and mark in one commit)

Every line becomes a row or a reject with a reason. A source that was read before goes on where it ended, whatever it
is called now. An unterminated last line of a plain file is taken if it is a whole record, and left for the next run if
it is not: its writer may be in the middle of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import IO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import Policy, make_policy, printable, quote
from echo.record import LoginRule
from pipeline.anonymize import Anonymizer
from pipeline.errors import NoLog, Rejected, SourceFault
from pipeline.geo import Geo, no_geo
from pipeline.lake import REQUESTS, Lake, rejects_of, rows_of
from pipeline.progress import Watch
from pipeline.resolve import POLICY_OF_RECORD, resolve
from pipeline.rows import MAX_RAW_BYTES
from pipeline.sources import FORMATS, Format, named, parse_mixed, sniff
from pipeline.sources.columns import array_of
from pipeline.sources.combined import COMBINED
from pipeline.sources.folders import STDIN
from pipeline.sources.ndjson import NDJSON
from pipeline.sources.opening import opened
from pipeline.sources.reader import HEAD_BYTES, Block, Mark, blocks, head_ids, read_head
from pipeline.sources.wrappers import LOOKED_AT, Unwrapper, unwrapped, wrapper_of
from pipeline.texts import addresses

DEFAULT_POLICY = make_policy()
LINE_ENDINGS = (b'"', b"}")  # of a whole line that has no newline yet: in a common line, `200 53` may become `200 5379`
MAX_GENERATIONS = 16  # logs that begin with the same kilobyte and then differ, in one lake; more is a mistake


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What an ingest is told.

    policy      how to resolve; None keeps the verdict that a row brings, and is remote-addr for the others
    rules       login rules
    geo         an open database, or None
    format      name of the format or an nginx log_format, as `named` takes it; None to find out
    anonymizer  makes addresses unrecognisable before they are written; None leaves them whole
    strict      whether a line that is no row ends the run, before anything of its block is committed
    """

    policy: Policy | None = None
    rules: tuple[LoginRule, ...] = ()
    geo: Geo | None = None
    format: str | None = None
    anonymizer: Anonymizer | None = None
    strict: bool = False


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


def ingest_source(name: str, lake: Lake, settings: Settings, watch: Watch | None = None) -> Outcome:
    """
    Read one source into the lake; `watch` hears how far it is.

    Raises SourceFault, GeoFault or LakeFault; the blocks committed before stay.
    """
    for generation in range(MAX_GENERATIONS):
        with opened(name, watch.read if watch is not None else None) as (stream, growing):
            head = read_head(stream)
            run = Run(name, lake, settings, known_of(lake, head, generation), watch)
            outcome = run.read(stream, head, growing=growing)
            if outcome is not None:
                return outcome
        if name == STDIN:
            raise SourceFault(
                "begins like a log that was ingested before, but is another one", "-", "save it to a file and name that"
            )
    raise SourceFault(
        f"{MAX_GENERATIONS} logs in this lake begin with the same bytes", printable(name), "use another lake for it"
    )


class Known(NamedTuple):
    """
    What the lake knows of a source.

    id         the identity to commit under
    mark       how far it was read, None if never
    committed  the mark under `id`: not `mark` where the source was shorter, and known by fewer bytes, when it was read
    """

    id: str
    mark: Mark | None
    committed: Mark | None


def known_of(lake: Lake, head: bytes, generation: int) -> Known:
    """Look a source up by its head. The generation tells sources with one head apart."""
    ids = [f"{one}-{generation}" for one in head_ids(head)]
    known = lake.mark(REQUESTS, ids)
    if known is None:
        return Known(ids[0], None, None)
    known_id, mark = known
    return Known(ids[0], mark, mark if known_id == ids[0] else None)


class Run:
    """One pass over one source."""

    def __init__(self, name: str, lake: Lake, settings: Settings, known: Known, watch: Watch | None = None) -> None:
        self.lake, self.settings, self.watch = lake, settings, watch or Watch()
        self.source_id, self.mark, self.committed = known
        self.outcome = Outcome(name)
        self.other = False
        self.reasons: dict[str, int] = {}
        self.format: Format | None = named(settings.format) if settings.format else None
        self.looked = False  # whether the lines were looked at for a wrapper
        self.unwrapper: Unwrapper | None = None

    def read(self, stream: IO[bytes], head: bytes, *, growing: bool) -> Outcome | None:
        """Commit what is new; None if the bytes before the mark are not those of the source that left it."""
        for _ in self.steps(stream, head, growing=growing):
            pass
        if self.other:
            return None
        return replace(self.outcome, reasons=tuple(sorted(self.reasons.items(), key=lambda item: -item[1])))

    def steps(self, stream: IO[bytes], head: bytes, *, growing: bool) -> Iterator[None]:
        """Commit what is new, block by block; `other` is set at the end if it is not the source that left the mark."""
        start = self.mark.offset if self.mark is not None else 0
        self.outcome = replace(self.outcome, skipped=start)
        if self.format is None:
            lines = head.split(b"\n")
            self._look(lines if len(head) < HEAD_BYTES else lines[:-1])  # not one that is cut: it may look like another
        reached = False
        for block in blocks(stream, head, start, growing=growing):
            if not reached:
                reached = True
                if self.mark is not None and Mark.of(start, block.tail) != self.mark:
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
        if start and not reached:
            raise SourceFault(
                f"begins like a log that was ingested up to byte {start:,}, and is shorter",
                printable(self.outcome.source),
                "if it is a part of that one, all of it is in the lake; if another, ingest it into another lake",
            )

    def _look(self, lines: Sequence[bytes]) -> None:
        """Find out wrapper and format, if the lines tell."""
        lines, form = lines[:LOOKED_AT], self.format
        wrapper = wrapper_of(lines)
        inner = unwrapped(lines, wrapper) if wrapper is not None else lines
        if form is not None:
            bare = wrapper is not None and form.takes(lines) > form.takes(inner)
        else:
            form = sniff(inner)
            bare = form is None and wrapper is not None and (form := sniff(lines)) is not None
        wrapper = None if bare else wrapper  # a format of its own that looks like a wrapped one
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
        form = self._format_of(block)
        # one that was named is held to, and the beginning of a line may look like a whole one of another format
        mixed = self.settings.format is None and block.final
        parsed = parse_mixed(form, block.lines) if mixed else form.parse(block.lines)
        if not block.final and (parsed.rejects or not block.lines[0].endswith(LINE_ENDINGS)):
            self.outcome = replace(self.outcome, pending=1)
            return
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
        rows = rows_of(enrich(parsed.batch, name, offsets, self.settings))
        mark = Mark.of(block.end, block.tail)
        self.lake.commit(rows, rejects, self.source_id, mark, self.committed)
        self.committed = mark
        self.watch.added(rows.num_rows)
        for _, _, reason, _ in refused:
            kind = reason.partition(": ")[0]
            self.reasons[kind] = self.reasons.get(kind, 0) + 1
        self.outcome = replace(
            self.outcome,
            format=form.name if self.unwrapper is None else f"{form.name} in {self.unwrapper.wrapper.name}",
            rows=self.outcome.rows + rows.num_rows,
            rejects=self.outcome.rejects + len(refused),
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
                    f"name one with --format ({', '.join(FORMATS)}) to keep its lines as rejects",
                )
            # nothing but blank lines, or odd lines behind a log that is known: rejects of the likelier format
            self.format = NDJSON if first.startswith(b"{") else COMBINED
        return self.format


def enrich(batch: pa.RecordBatch, source: str, offsets: pa.Array, settings: Settings) -> dict[str, pa.Array]:
    """
    Return all columns of the lake for a batch of records.

    A row that brings a verdict (`client_reason`), as our own records and those of proxies that derive the client do,
    keeps it unless a policy was given.
    """
    rows = batch.num_rows
    columns = {name: batch.column(name) for name in batch.schema.names}
    policy = settings.policy
    applied = policy or DEFAULT_POLICY
    found = resolve(batch, applied)
    columns |= {"peer_ip": found["peer_ip"], "peer_name": _peer_name(columns["peer_ip"], found["peer_ip"])}
    judged = {name: found[name] for name in found.schema.names if name not in ("client_depth", "peer_trusted")}
    judged["policy"] = pa.repeat(pa.scalar(applied.id), rows)
    brings = columns["client_reason"].is_valid()
    if policy is None and pc.any(brings).as_py():
        told = {name: columns[name] for name in ("client_source", "client_reason")}
        told |= {**addresses(columns["client_ip"]), "policy": pa.repeat(pa.scalar(POLICY_OF_RECORD), rows)}
        judged |= {name: pc.if_else(brings, column, judged[name]) for name, column in told.items()}
    columns |= judged
    columns |= _logins(columns, found["peer_trusted"], settings.rules)
    columns |= settings.geo.columns(columns["client_ip"]) if settings.geo is not None else no_geo(rows)
    columns["anonymized"] = pa.nulls(rows, pa.string())
    columns["date"] = columns["ts"].cast(pa.date32())
    columns["source"] = pa.repeat(pa.scalar(source), rows)
    columns["source_offset"] = offsets
    return columns if settings.anonymizer is None else settings.anonymizer.rows(columns)


def _peer_name(written: pa.Array, address: pa.Array) -> pa.Array:
    """Return the peer as the log wrote it where that is no address and not a way to say that there is none."""
    silent = pc.or_(address.is_valid(), pc.fill_null(pc.is_in(written, pa.array(["-", ""])), fill_value=False))
    return pc.if_else(silent, pa.scalar(None, pa.string()), written)


def _logins(columns: dict[str, pa.Array], peer_trusted: pa.Array, rules: Iterable[LoginRule]) -> dict[str, pa.Array]:
    """Return user and login, filled by the rules where the log did not say; only rows that may match are looked at."""
    users, logins = columns["user"], columns["login"]
    for rule in rules:
        may = pc.and_(
            pc.is_in(columns["method"], pa.array(sorted(rule.methods), pa.string())),
            pc.is_in(columns["status"], pa.array(sorted(rule.statuses), pa.int64())),
        )
        which = pa.array(range(len(users)), pa.int64()).filter(pc.and_(may, logins.is_null()))
        if not len(which):
            continue
        names = ("method", "target", "status", "headers", "user")
        values = [columns[name].take(which).to_pylist() for name in names]
        trusted = peer_trusted.take(which).to_pylist()
        user_list, login_list = users.to_pylist(), logins.to_pylist()
        for row, method, target, status, headers, user, believed in zip(
            which.to_pylist(), *values, trusted, strict=True
        ):
            match = rule.match(method, target or "", status, dict(headers or ()), auth_user=user, peer_trusted=believed)
            if match is not None:
                user_list[row], login_list[row] = match[0] or user, match[1]
        users, logins = pa.array(user_list, pa.string()), pa.array(login_list, pa.string())
    return {"user": users, "login": logins}
