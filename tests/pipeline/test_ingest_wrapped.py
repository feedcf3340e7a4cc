"""Wrapped logs: one row or one reject for each line of the program, once, however the log grew."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import orjson
import pytest

from pipeline import ingest as ingest_module
from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault, SourceFault
from pipeline.ingest import Outcome, ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from pipeline.sources import reader
from tests.pipeline.sources.wrappers.shipped import BITS, POD, RECORD, SHIPPED, TOLD, obj

PLAIN = Settings()


def access_line(number: int, width: int = 0) -> bytes:
    target = b"/%d?%s" % (number, b"x" * width)
    return b'203.0.113.7 - - [17/May/2015:10:05:%02d +0000] "GET %s HTTP/1.1" 200 5 "-" "x"' % (number % 60, target)


def cri(text: bytes, stream: bytes = b"stdout", piece: int = 1 << 14) -> list[bytes]:
    parts = [text[at : at + piece] for at in range(0, len(text), piece)] or [b""]
    tags = [b"P"] * (len(parts) - 1) + [b"F"]
    stamp = b"2022-01-28T16:04:05.413656027Z"
    return [b"%s %s %s %s\n" % (stamp, stream, tag, part) for tag, part in zip(tags, parts, strict=True)]


def docker(text: bytes, stream: str = "stdout", piece: int = 1 << 14) -> list[bytes]:
    text += b"\n"
    parts = [text[at : at + piece] for at in range(0, len(text), piece)]
    return [
        orjson.dumps({"log": part.decode(), "stream": stream, "time": "2021-08-24T09:52:13.2Z"}) + b"\n"
        for part in parts
    ]


def syslog(text: bytes) -> list[bytes]:
    return [b"<190>Jul  8 11:07:07 web nginx[12]: " + text + b"\n"]


WRAPPED = {"cri": cri, "docker": docker, "syslog": syslog}


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.rows, outcome.rejects, outcome.pending


def rows(lake: Lake) -> list[tuple[int, str]]:
    """(offset, target without its width) of all rows."""
    found = Engine(lake).query("SELECT source_offset, target FROM requests ORDER BY source_offset").to_pylist()
    return [(row["source_offset"], row["target"].partition("?")[0]) for row in found]


@pytest.mark.parametrize("name", WRAPPED)
def test_a_wrapped_log_is_read_as_what_it_holds(name: str, tmp_path: Path, lake: Lake) -> None:
    log = tmp_path / "log"
    lines = [WRAPPED[name](text)[0] for text in (access_line(0), b"junk", access_line(1))]
    log.write_bytes(b"".join(lines))
    outcome = ingest_source(str(log), lake, PLAIN)
    assert (counts(outcome), outcome.format) == ((2, 1, 0), f"combined in {name}")
    assert rows(lake) == [(0, "/0"), (len(lines[0] + lines[1]), "/1")]
    rejects = Engine(lake).query("SELECT line, source_offset, raw FROM rejects").to_pylist()
    assert rejects == [{"line": 2, "source_offset": len(lines[0]), "raw": "junk"}]


def test_a_named_format_is_read_in_a_wrapper_too(tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "log").write_bytes(b"".join(docker(b"the program started, in more than a kilobyte " * 30)))
    outcome = ingest_source(str(tmp_path / "log"), lake, Settings(format="combined"))
    assert (counts(outcome), outcome.format) == ((0, 1, 0), "combined in docker")


def test_a_named_format_that_looks_wrapped_is_none(tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "log").write_bytes(
        b"2021-07-08T11:07:07+00:00 web GET /a 200\n2021-07-08T11:07:08+00:00 web GET /b 200\n"
    )
    form = "$time_iso8601 $host $request_method $request_uri $status"
    outcome = ingest_source(str(tmp_path / "log"), lake, Settings(format=form))
    assert (counts(outcome), outcome.format) == ((2, 0, 0), "log_format")


def test_a_wrapped_log_of_no_known_format_is_refused(tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "log").write_bytes(b"".join(cri(b"the program started")))
    with pytest.raises(SourceFault, match="no known log format; its first line is 'the program started'"):
        ingest_source(str(tmp_path / "log"), lake, PLAIN)


@pytest.mark.parametrize("name", ["cri", "docker"])
def test_a_long_line_waits_for_its_last_piece_and_is_one_row(name: str, tmp_path: Path, lake: Lake) -> None:
    log = tmp_path / "log"
    short, pieces = WRAPPED[name](access_line(0)), WRAPPED[name](access_line(1, width=40_000))
    assert len(pieces) == 3
    log.write_bytes(b"".join([*short, *pieces[:1]]))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 1)
    log.write_bytes(b"".join([*short, *pieces[:2], pieces[2][:30]]))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (0, 0, 1)
    log.write_bytes(b"".join([*short, *pieces, *WRAPPED[name](access_line(2))]))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (2, 0, 0)
    assert rows(lake) == [(0, "/0"), (len(short[0]), "/1"), (len(b"".join([*short, *pieces])), "/2")]
    assert counts(ingest_source(str(log), lake, PLAIN)) == (0, 0, 0)


@pytest.mark.parametrize("name", ["cri", "docker"])
def test_a_log_that_begins_within_a_long_line_waits_as_well(name: str, tmp_path: Path, lake: Lake) -> None:
    log = tmp_path / "log"
    pieces = WRAPPED[name](access_line(1, width=40_000))
    log.write_bytes(pieces[0])
    assert counts(ingest_source(str(log), lake, PLAIN)) == (0, 0, 1)
    log.write_bytes(b"".join(pieces))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 0)


def test_what_is_open_at_the_end_of_a_compressed_log_is_taken_as_it_stands(tmp_path: Path, lake: Lake) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(gzip.compress(b"".join([*cri(access_line(0)), *cri(access_line(1, width=20_000))[:1]])))
    assert counts(ingest_source(str(path), lake, PLAIN)) == (1, 1, 0)


@pytest.mark.parametrize("case", SHIPPED)
def test_a_record_that_was_shipped_is_the_row_that_it_was(case: str, tmp_path: Path, lake: Lake) -> None:
    """Among lines of the same container that are none, and of which some are rejects."""
    _, line, _ = SHIPPED[case]
    started = line.replace(json.dumps(RECORD, ensure_ascii=False)[1:-1].encode(), b"Starting up on port 8080")
    (tmp_path / "log").write_bytes(b"".join(one + b"\n" for one in (started, line, line, line)))
    outcome = ingest_source(str(tmp_path / "log"), lake, PLAIN)
    assert counts(outcome) == ((4, 0, 0) if started == line else (3, 1, 0))
    (row,) = (
        Engine(lake).query("SELECT DISTINCT ts, client_ip, client_source, policy, target FROM requests").to_pylist()
    )
    assert (row["client_ip"], row["client_source"], row["policy"]) == ("203.0.113.7", "x-forwarded-for", "record")
    assert (row["target"], row["ts"].microsecond) == ("/a b?q=é", 1)
    assert counts(ingest_source(str(tmp_path / "log"), lake, PLAIN)) == (0, 0, 0)


def test_what_a_shipper_merged_into_its_own_object_is_a_record_as_well(tmp_path: Path, lake: Lake) -> None:
    merged = obj(BITS, TOLD, {"date": 1.5, "kubernetes": POD})
    other = obj(BITS, {"log": "Starting up on port 8080", "kubernetes": POD})
    (tmp_path / "log").write_bytes(b"".join(one + b"\n" for one in (merged, other, merged)))
    outcome = ingest_source(str(tmp_path / "log"), lake, PLAIN)
    assert (counts(outcome), outcome.format) == ((2, 1, 0), "ndjson")


@pytest.mark.parametrize("name", WRAPPED)
def test_a_whole_last_line_without_its_newline_is_a_row_once(name: str, tmp_path: Path, lake: Lake) -> None:
    log = tmp_path / "log"
    lines = [*WRAPPED[name](access_line(0)), *WRAPPED[name](access_line(1))]
    log.write_bytes(b"".join(lines).removesuffix(b"\n"))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (2, 0, 0)
    log.write_bytes(b"".join([*lines, *WRAPPED[name](access_line(2))]))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 0)
    assert [target for _, target in rows(lake)] == ["/0", "/1", "/2"]


@pytest.mark.parametrize("name", ["cri", "docker"])
def test_two_streams_growing_and_dying_in_any_place_lose_and_double_nothing(
    name: str, tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "READ_BYTES", 1500)
    monkeypatch.setattr(ingest_module, "blocks", lambda *a, **k: reader.blocks(*a, **k, block_bytes=1500))
    chance = random.Random(7)
    queues = {
        stream: [
            WRAPPED[name](access_line(number, width=chance.choice([0, 0, 300])), stream, piece=100)  # type: ignore[operator]
            for number in range(first, 120, 2)
        ]
        for first, stream in enumerate([b"stdout", b"stderr"] if name == "cri" else ["stdout", "stderr"])
    }
    data = b""
    expected: dict[int, str] = {}
    numbers = {stream: iter(range(first, 120, 2)) for first, stream in enumerate(queues)}
    begun: set[object] = set()
    while any(queues.values()):
        stream = chance.choice([stream for stream, queue in queues.items() if queue])
        if stream not in begun:
            begun.add(stream)
            expected[len(data)] = f"/{next(numbers[stream])}"
        data += queues[stream][0].pop(0)
        if not queues[stream][0]:
            queues[stream].pop(0)
            begun.discard(stream)
    commit = Lake.commit

    def dying(self: Lake, *rest: object) -> None:
        if chance.random() < 0.2:
            raise LakeFault("the disk is full")
        commit(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Lake, "commit", dying)
    log = tmp_path / "log"
    for cut in [*sorted(chance.randrange(200, len(data)) for _ in range(12)), len(data), len(data), len(data)]:
        log.write_bytes(data[:cut])
        try:
            ingest_source(str(log), lake, PLAIN)
        except LakeFault:
            continue
    monkeypatch.setattr(Lake, "commit", commit)
    outcome = ingest_source(str(log), lake, PLAIN)
    assert outcome.pending == 0
    assert rows(lake) == sorted(expected.items())
    assert Engine(lake).query("SELECT count(*) AS n FROM rejects").to_pylist() in ([], [{"n": 0}])
