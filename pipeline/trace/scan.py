"""
What the lake holds of a subject: one filtered read of its rows, everything else from those (`trace_rows`).

Over 100 million rows a client's are found by a scan of one column; the questions after that (stages, runs, ways) read a
temporary table of some thousand rows. Three look at the lake again: who else is in the network, whether the address is
a peer, and whether a script that the subject called was known before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from echo.clientip import Address, Ranges, parse_address, parse_range
from pipeline import query
from pipeline.engine import Engine
from pipeline.errors import UsageFault
from pipeline.signatures import SIGNATURES, signatures_of
from pipeline.trace.folding import Run, run_of
from pipeline.trace.relations import RELATIONS
from pipeline.trace.stages import GUESSED_LOGINS, PROBED_PATHS, PROBED_SHARE, Matched, lands, stage_of
from pipeline.trace.subject import ASN, CIDR, IP, REQUEST, USER, Subject

Row = dict[str, Any]
ROWS, JUDGED = "trace_rows", "trace_judged"
# kind of a subject -> the queries that find its rows, each with the parameter that it is
FINDERS: dict[str, tuple[tuple[str, str], ...]] = {
    IP: (("by_address", "address"),),
    ASN: (("by_asn", "asn"),),
    USER: (("by_user", "name"),),
    REQUEST: (("by_request", "id"), ("by_trace", "id")),
}
TRACE_ID = re.compile(r"[0-9a-f]{32}")  # W3C Trace Context §3.2.2.3
MAX_UNJUDGED = 1_000_000  # rows whose signatures are looked for now: some seconds
MAX_ROWS = 5_000_000  # of a subject: headers and all, some GB in the temporary folder
MAX_SCANS = 12  # for an address each; more are one scan that reads all columns, and takes as long as that many
MAX_MEMBERS = 1000  # of a network that are looked for by name; the default of `members`
MAX_NEAR = 100  # clients named around one that has no requests
MIN_SLOT = 60.0  # seconds of a slot of `runs`
MAX_SLOTS = 20_000  # of a subject's whole time; a longer one has longer slots
BARS = 60  # of the picture of its time


@dataclass(slots=True)
class Scan:
    """
    What the lake says, as rows of the queries of `trace/`, each under its query's name.

    overview  None where the subject has no requests
    slot      seconds of a bar of `hours`
    began     when the first bar begins
    anything  nothing was missing on the days of the subject: the site may answer anything with 2xx
    """

    overview: Row | None = None
    values: list[Row] = field(default_factory=list)
    stages: list[Row] = field(default_factory=list)
    stage_signs: list[Row] = field(default_factory=list)
    samples: list[Row] = field(default_factory=list)
    hours: list[Row] = field(default_factory=list)
    chains: list[Row] = field(default_factory=list)
    clients: list[Row] = field(default_factory=list)
    slot: float = MIN_SLOT
    began: datetime | None = None
    anything: bool = False


class Lookup:
    """Asks an engine for subjects within a period."""

    def __init__(self, engine: Engine, since: datetime | None = None, until: datetime | None = None) -> None:
        self.engine = engine
        self.period = {"since": since, "until": until}
        for name in RELATIONS:
            self._register(name, [])

    def _register(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.engine.register(name, pa.Table.from_pylist(list(rows), RELATIONS[name]))

    def ask(self, name: str, **values: Any) -> list[Row]:
        """Return the rows of a query of `trace/`."""
        loaded = query.load(f"trace/{name}")
        known = {one.name for one in loaded.parameters}
        period = {key: value for key, value in self.period.items() if key in known}
        return _rows(loaded.run(self.engine, **values, **period))

    def count(self, subject: Subject) -> int:
        """Return how many requests a subject has; they are then `trace_rows`. Raises UsageFault beyond MAX_ROWS."""
        if subject.kind == CIDR:
            return self._count_network(subject.text)
        value = subject.number if subject.kind == ASN else subject.text
        steps = [(name, {parameter: value}) for name, parameter in FINDERS[subject.kind]]
        if subject.kind == REQUEST and not TRACE_ID.fullmatch(subject.text):
            steps = steps[:1]
        return self._find(steps)

    def count_sources(self, sources: Sequence[str]) -> int:
        """
        Return how many requests clients have together; they are then `trace_rows`. Raises UsageFault likewise.

        A scan for one address reads no other column of the rows that are not its own; one for several reads all.
        """
        named = list(dict.fromkeys(sources))
        if 0 < len(named) <= MAX_SCANS:
            return self._find([("by_address", {"address": one}) for one in named])
        self._register("trace_sources", [{"client_ip": one} for one in named])
        return self._find([("by_sources", {})])

    def _count_network(self, network: str) -> int:
        spans = [hexadecimal(span) for span in Ranges([network]).spans()]
        members = [row["client_ip"] for span in spans for row in self.ask("members", **span)]
        if len(members) < MAX_MEMBERS:
            return self.count_sources(members)
        return self._find([("by_range", span) for span in spans])

    def _find(self, steps: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
        """Make `trace_rows` of what queries find with values, and return how many rows those are."""
        make = self.engine.materialise
        for name, values in steps:
            sql = f"SELECT * FROM ({query.load(f'trace/{name}').sql}) AS found LIMIT {MAX_ROWS + 1}"  # noqa: S608  # ours
            make(ROWS, sql, {**values, **self.period})
            make = self.engine.append
        count = self._counted()
        if count > MAX_ROWS:
            raise UsageFault(
                f"it has more than {MAX_ROWS:,} requests, too many for a trace",
                "",
                "narrow it with --since and --until",
            )
        return count

    def _counted(self) -> int:
        return int(self.engine.query(f"SELECT count(*) AS n FROM {ROWS}").to_pylist()[0]["n"])  # noqa: S608  # ours

    def scan(self) -> Scan:
        """Return what the rows that `count` found say."""
        self._judge()
        found = self.ask("overview")
        if not found:
            return Scan()
        scripts = self.ask("scripts")
        if scripts:
            self._register("trace_scripts", scripts)
            self._register("trace_fresh", self.ask("fresh"))
            self._judge()
            found = self.ask("overview")
        first, last = found[0]["first_ts"], found[0]["last_ts"]
        slot = max(1.0, (last - first).total_seconds() * 1.0001 / BARS)
        return Scan(
            found[0],
            self.ask("values"),
            self.ask("stages"),
            self.ask("stage_signs"),
            self.ask("samples"),
            self._of("hours", slot=slot, first=first.timestamp()),
            self.ask("chains"),
            self.ask("clients"),
            slot,
            first,
            self._anything(found[0]),
        )

    def _anything(self, overview: Row) -> bool:
        """Return whether no request at all was answered with 404 or 410 on the days of the subject."""
        first, last = whole_days(overview["first_ts"], overview["last_ts"])
        sql = "SELECT 1 AS missing FROM requests WHERE status IN (404, 410) AND ts >= $first AND ts < $last LIMIT 1"
        return not self.engine.query(sql, {"first": first, "last": last}).num_rows

    def _of(self, name: str, **values: Any) -> list[Row]:
        return _rows(query.load(f"trace/{name}").run(self.engine, **values))

    def _judge(self) -> None:
        """Make `trace_judged` of `trace_rows`."""
        signed = list(self._signed())
        self._register("trace_signed", signed)
        lists = self.engine.query(
            f"SELECT DISTINCT array_to_string(signatures, ',') AS signs FROM {ROWS}"  # noqa: S608  # ours
            " WHERE array_to_string(signatures, ',') <> ''"
        ).to_pylist()
        known = catalogue()
        self._register(
            "trace_meanings",
            [
                {"signs": signs, "stage": stage_of(named), "lands": lands(named)}
                for signs in sorted({row["signs"] for row in (*lists, *signed)})
                # a signature that this whofrom has not is one that was dropped, or is not known yet: it says nothing
                for named in ([known[one] for one in signs.split(",") if one in known],)
            ],
        )
        limits = {"probed_paths": PROBED_PATHS, "probed_share": PROBED_SHARE, "guessed_logins": GUESSED_LOGINS}
        self.engine.materialise(JUDGED, query.load("trace/judged").sql, limits)

    def _signed(self) -> Iterator[Row]:
        """Yield the signatures of rows that were not judged when they were ingested, of MAX_UNJUDGED of them."""
        (statement,) = self.engine.statements(
            "SELECT source, source_offset, method, target, protocol, user_agent, headers "  # noqa: S608  # ours
            f"FROM {ROWS} WHERE signatures IS NULL LIMIT {MAX_UNJUDGED}"  # ours
        )
        for batch in self.engine.stream(statement).batches:
            columns = {name: batch.column(name) for name in batch.schema.names}
            ids = signatures_of(columns).to_pylist()
            for source, offset, found in zip(
                columns["source"].to_pylist(), columns["source_offset"].to_pylist(), ids, strict=True
            ):
                if found:
                    yield {"source": source, "source_offset": offset, "signs": ",".join(found)}

    def runs(self, scan: Scan) -> Iterator[Run]:
        """Yield what the subject did, in order, like requests of a slot of time together."""
        assert scan.overview is not None
        span = (scan.overview["last_ts"] - scan.overview["first_ts"]).total_seconds()
        slot = max(MIN_SLOT, span / MAX_SLOTS)
        loaded = query.load("trace/runs")
        (statement,) = self.engine.statements(loaded.sql)
        for batch in self.engine.stream(statement, {"slot": slot}).batches:
            yield from map(run_of, batch.to_pylist())

    def _outside(self, subject: Subject) -> Row | None:
        """Return how many requests a subject has beyond the period, and when; None for none."""
        within, self.period = self.period, dict.fromkeys(self.period)
        try:
            known = subject.kind in (*FINDERS, CIDR) and self.count(subject)
        finally:
            self.period = within
        if not known:
            return None
        sql = f"SELECT count(*) AS requests, min(ts) AS first_ts, max(ts) AS last_ts FROM {ROWS}"  # noqa: S608  # ours
        return _rows(self.engine.query(sql))[0]

    def neighbours(self, network: str) -> list[Row]:
        """Return the clients of a network that holds no other span than its own."""
        return self.ask("neighbours", **hexadecimal(Ranges([network]).spans()[0]))

    def near(self, subject: Subject) -> dict[str, Any]:
        """Return where a subject turns up that has no requests of its own."""
        found: dict[str, Any] = {}
        if any(self.period.values()):
            found["outside"] = self._outside(subject)
        if subject.kind == IP:
            found["network"] = network_of(subject.text)
            clients: Counter[str] = Counter()
            for row in self.neighbours(found["network"]):
                clients[row["client_ip"]] += row["requests"]
            found["neighbours"] = [
                {"client_ip": client, "requests": count} for client, count in clients.most_common(MAX_NEAR)
            ]
            found["as_peer"] = next(iter(self.ask("as_peer", address=subject.text)), None)
            found["claimed"] = self.ask("claimed", address=subject.text)
            if self.count(Subject(USER, subject.text)):
                found["also"] = [USER]
        return found


def _rows(table: pa.Table) -> list[Row]:
    rows: list[Row] = table.to_pylist()
    return rows


def network_of(address: str) -> str:
    """Return the /24 or /48 of an address, as text."""
    parsed = parse_address(address)
    assert parsed is not None
    bits = 24 if parsed.is_ipv4 else 48
    first, _ = parse_range(f"{Address(parsed.packed)}/{bits}")
    return f"{Address(first)}/{bits}"


def hexadecimal(span: tuple[bytes, bytes]) -> dict[str, str]:
    """Return the ends of a range as the queries take them."""
    first, last = span
    return {"lowest": first.hex(), "highest": last.hex()}


def catalogue() -> dict[str, Matched]:
    """Return id of a signature -> what is known of it."""
    return {one.id: Matched(one.family, one.severity, tuple(one.techniques)) for one in SIGNATURES}


def day_of(moment: datetime) -> datetime:
    """Return when the day of a moment begins."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def whole_days(first: datetime, last: datetime) -> tuple[datetime, datetime]:
    """Return the period of whole days that holds two moments."""
    return day_of(first), day_of(last) + timedelta(days=1)
