"""Ingest: every line once, as a row or a reject, whatever the file is called and however often it is read."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest

from echo.clientip import make_policy
from echo.record import parse_login_rules
from pipeline import ingest as ingest_module
from pipeline.engine.duckdb import Engine
from pipeline.enrich import enrich
from pipeline.errors import LakeFault, SourceFault
from pipeline.geo import Geo
from pipeline.ingest import Outcome, ingest_source
from pipeline.lake import REQUESTS, Lake
from pipeline.rows import HEADERS_TYPE
from pipeline.settings import Settings
from pipeline.sources import reader
from pipeline.sources.format import record_batch

PLAIN = Settings()


def access_line(number: int, peer: str = "203.0.113.7") -> bytes:
    return b'%s - - [17/May/2015:10:05:%02d +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n' % (
        peer.encode(),
        number % 60,
        number,
    )


def log_of(count: int, first: int = 0) -> bytes:
    return b"".join(access_line(number) for number in range(first, first + count))


def targets(lake: Lake) -> list[str]:
    return [
        row["target"] for row in Engine(lake).query("SELECT target FROM requests ORDER BY source_offset").to_pylist()
    ]


def counts(outcome: Outcome) -> tuple[int, int, int]:
    return outcome.rows, outcome.rejects, outcome.pending


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_bytes(log_of(30))
    return path


def test_a_log_becomes_rows_and_a_second_run_adds_nothing(log: Path, lake: Lake) -> None:
    assert counts(ingest_source(str(log), lake, PLAIN)) == (30, 0, 0)
    again = ingest_source(str(log), lake, PLAIN)
    assert counts(again) == (0, 0, 0)
    assert again.skipped == log.stat().st_size
    assert targets(lake) == [f"/{number}" for number in range(30)]


def test_what_was_added_to_a_log_is_added_to_the_lake(log: Path, lake: Lake) -> None:
    ingest_source(str(log), lake, PLAIN)
    with log.open("ab") as file:
        file.write(log_of(5, first=30))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (5, 0, 0)
    assert targets(lake) == [f"/{number}" for number in range(35)]


@pytest.mark.parametrize("lines", [1, 3, 40])
def test_a_log_is_the_same_log_when_it_grows_is_renamed_and_compressed(lines: int, tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "access.log").write_bytes(log_of(lines))
    ingest_source(str(tmp_path / "access.log"), lake, PLAIN)
    (tmp_path / "access.log.1").write_bytes(log_of(lines + 40))
    assert counts(ingest_source(str(tmp_path / "access.log.1"), lake, PLAIN)) == (40, 0, 0)
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(log_of(lines + 41)))
    assert counts(ingest_source(str(tmp_path / "access.log.2.gz"), lake, PLAIN)) == (1, 0, 0)
    assert targets(lake) == [f"/{number}" for number in range(lines + 41)]


def test_a_log_shorter_than_the_one_it_begins_like_is_not_passed_over_in_silence(
    log: Path, lake: Lake, tmp_path: Path
) -> None:
    ingest_source(str(log), lake, PLAIN)
    part = tmp_path / "part.log"
    part.write_bytes(log_of(20))
    with pytest.raises(SourceFault, match=r"begins like a log that was ingested up to byte 2,\d+, and is shorter"):
        ingest_source(str(part), lake, PLAIN)


def test_a_log_that_begins_like_another_is_another(lake: Lake, tmp_path: Path) -> None:
    head = log_of(20)  # more than what identifies a log
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    one.write_bytes(head + log_of(5, first=100))
    two.write_bytes(head + log_of(5, first=200) + log_of(5, first=300))
    assert counts(ingest_source(str(one), lake, PLAIN)) == (25, 0, 0)
    assert counts(ingest_source(str(two), lake, PLAIN)) == (30, 0, 0)
    assert counts(ingest_source(str(one), lake, PLAIN)) == (0, 0, 0)
    assert counts(ingest_source(str(two), lake, PLAIN)) == (0, 0, 0)


def test_rejected_lines_are_kept_with_their_place_and_reason(log: Path, lake: Lake) -> None:
    log.write_bytes(log_of(2) + b"junk\n" + log_of(1, first=2) + b"\n")
    assert counts(ingest_source(str(log), lake, PLAIN)) == (3, 2, 0)
    rejects = Engine(lake).query("SELECT line, source_offset, reason, raw FROM rejects ORDER BY line").to_pylist()
    offset = len(log_of(2))
    assert rejects[0] == {
        "line": 3,
        "source_offset": offset,
        "reason": "no [day/month/year:time zone] in it",
        "raw": "junk",
    }
    assert (rejects[1]["line"], rejects[1]["reason"]) == (5, "empty line")


def test_a_log_of_several_formats_is_read_as_each_line_is_unless_one_was_named(lake: Lake, tmp_path: Path) -> None:
    told = {
        "time_iso8601": "2015-05-17T10:05:03Z",
        "remote_addr": "10.0.0.9",
        "request": "GET /j HTTP/1.1",
        "status": 200,
    }
    clb = b"[r1] [17/May/2015:10:05:03 +0000] [http] x"
    lines = [
        log_of(3),
        orjson.dumps(told) + b"\n",
        clb + b"\n",
        orjson.dumps(RECORD) + b"\n",
        log_of(1, first=3),
        b"junk\n",
    ]
    (tmp_path / "log").write_bytes(b"".join(lines))
    assert counts(ingest_source(str(tmp_path / "log"), lake, PLAIN)) == (6, 2, 0)
    assert targets(lake) == ["/0", "/1", "/2", "/j", "/login?user=alice", "/3"]
    sql = "SELECT target, source_offset, client_source, policy FROM requests WHERE target LIKE '/_%' AND target > '/4'"
    rows = {row.pop("target"): row for row in Engine(lake).query(sql).to_pylist()}
    assert rows["/j"] == {"source_offset": len(lines[0]), "client_source": "peer", "policy": make_policy().id}
    assert (rows["/login?user=alice"]["client_source"], rows["/login?user=alice"]["policy"]) == (
        "x-forwarded-for",
        "record",
    )
    rejects = Engine(lake).query("SELECT line, reason FROM rejects ORDER BY line").to_pylist()
    assert rejects == [
        {"line": 5, "reason": "no quoted request after the time"},
        {"line": 8, "reason": "no [day/month/year:time zone] in it"},
    ]
    (tmp_path / "again").write_bytes(b"".join(reversed(lines)))
    assert counts(ingest_source(str(tmp_path / "again"), lake, Settings(format="combined"))) == (4, 4, 0)


def test_a_message_that_quotes_a_line_of_another_format_is_none(lake: Lake, tmp_path: Path) -> None:
    forged = b'9.9.9.9:1 [17/May/2015:10:05:03.1] a b/c 1/1/1/1/1 200 5 - - ---- 1/1/1/1/1 0/0 "GET / HTTP/1.1"'
    (tmp_path / "log").write_bytes(b"%s2015/05/17 [error] 1#1: *1 open() / %s failed\n" % (log_of(9), forged))
    assert counts(ingest_source(str(tmp_path / "log"), lake, PLAIN)) == (9, 1, 0)
    (tmp_path / "haproxy").write_bytes(forged + b"\n")
    assert counts(ingest_source(str(tmp_path / "haproxy"), lake, PLAIN)) == (1, 0, 0)


def test_an_unfinished_last_line_waits_for_its_end(log: Path, lake: Lake) -> None:
    line = access_line(30)
    with log.open("ab") as file:
        file.write(line[:40])
    assert counts(ingest_source(str(log), lake, PLAIN)) == (30, 0, 1)
    with log.open("ab") as file:
        file.write(line[40:])
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 0)
    assert targets(lake)[-1] == "/30"


def test_a_whole_last_line_without_its_newline_is_a_row_once(log: Path, lake: Lake) -> None:
    log.write_bytes(log_of(3).removesuffix(b"\n"))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (3, 0, 0)
    with log.open("ab") as file:
        file.write(b"\n" + log_of(1, first=3))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 0)
    with log.open("ab") as file:
        file.write(log_of(1, first=4))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 0)
    assert targets(lake) == ["/0", "/1", "/2", "/3", "/4"]


@pytest.mark.parametrize("before", [0, 3])
def test_a_line_cut_at_one_of_its_quotes_is_not_whole(before: int, log: Path, lake: Lake) -> None:
    """What buffers its log writes it in pieces of 8 KiB: they end anywhere."""
    line = access_line(before).replace(b'"-"', b'"http://a/"')
    whole = line.removesuffix(b"\n")
    for cut in (number for number in range(1, len(whole)) if line[number - 1 : number] == b'"'):
        log.write_bytes(log_of(before) + line[:cut])
        assert counts(ingest_source(str(log), lake, PLAIN))[1:] == (0, 1), line[:cut]
    log.write_bytes(log_of(before) + whole)
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 0, 0)
    assert targets(lake) == [f"/{number}" for number in range(before + 1)]


def test_a_gzip_cut_short_adds_nothing_and_the_whole_one_adds_all(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    data = gzip.compress(log_of(200))
    path.write_bytes(data[:-30])
    with pytest.raises(SourceFault, match=r"ends before its end; .*zcat"):
        ingest_source(str(path), lake, PLAIN)
    assert not Path(lake.path).exists()
    path.write_bytes(data)
    assert counts(ingest_source(str(path), lake, PLAIN)) == (200, 0, 0)


def test_a_file_that_is_no_log_is_refused_unless_its_format_is_named(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    with pytest.raises(SourceFault, match=r"no known log format; its first line is '\\x89PNG'"):
        ingest_source(str(path), lake, PLAIN)
    assert not Path(lake.path).exists()
    outcome = ingest_source(str(path), lake, Settings(format="combined"))
    assert outcome.rows == 0
    assert outcome.rejects + outcome.pending == path.read_bytes().count(b"\n") + 1


def test_an_empty_file_is_no_error(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    assert counts(ingest_source(str(tmp_path / "empty.log"), lake, PLAIN)) == (0, 0, 0)


def test_blocks_commit_one_by_one_and_a_broken_run_goes_on(
    log: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies between the two commits of a block leaves rejects without rows; the next run evens that out."""
    log.write_bytes(b"".join(access_line(n) if n % 5 else b"junk %d\n" % n for n in range(200)))
    monkeypatch.setattr(reader, "READ_BYTES", 2000)
    monkeypatch.setattr(ingest_module, "blocks", lambda *a, **k: reader.blocks(*a, **k, block_bytes=2000))
    append, calls = Lake._append, []

    def dying(self: Lake, name: str, *rest: Any) -> None:
        calls.append(name)
        if len(calls) == 6:
            raise LakeFault("the disk is full")
        append(self, name, *rest)

    monkeypatch.setattr(Lake, "_append", dying)
    with pytest.raises(LakeFault):
        ingest_source(str(log), lake, PLAIN)
    assert calls[5] == REQUESTS
    monkeypatch.setattr(Lake, "_append", append)
    outcome = ingest_source(str(log), lake, PLAIN)
    assert 0 < outcome.rows < 160
    assert targets(lake) == [f"/{n}" for n in range(200) if n % 5]
    lines = Engine(lake).query("SELECT line FROM rejects ORDER BY line").to_pylist()
    assert [row["line"] for row in lines] == [n + 1 for n in range(200) if n % 5 == 0]


RECORD = {
    "v": 1,
    "ts": "2026-11-22T20:32:25.123456Z",
    "peer_ip": "10.0.0.1",
    "method": "POST",
    "target": "/login?user=alice",
    "headers": {"x-forwarded-for": ["1.1.1.1, 81.2.69.160, 10.0.0.2"]},
    "client_ip": "192.0.2.1",
    "client_source": "x-forwarded-for",
    "client_reason": "rightmost-untrusted",
    "status": 200,
    "response_bytes": 1,
    "request_bytes": 0,
    "duration_us": 250,
    "connection_id": "a1",
    "connection_request": 1,
}


@pytest.fixture
def records(tmp_path: Path) -> str:
    path = tmp_path / "requests.ndjson"
    path.write_bytes(orjson.dumps(RECORD) + b"\n")
    return str(path)


def row_of(lake: Lake) -> dict[str, Any]:
    (row,) = Engine(lake).query("SELECT * FROM requests").to_pylist()
    return row


def test_without_a_policy_the_servers_verdict_stands(records: str, lake: Lake) -> None:
    ingest_source(records, lake, PLAIN)
    row = row_of(lake)
    assert (row["client_ip"], row["client_source"], row["policy"]) == ("192.0.2.1", "x-forwarded-for", "record")
    assert (row["client_class"], row["client_ip_num"].hex()) == ("documentation", "00" * 10 + "ffff" + "c0000201")


def test_with_a_policy_records_are_resolved_again(records: str, lake: Lake, city_mmdb: str) -> None:
    policy = make_policy(trusted=["10.0.0.0/8"])
    ingest_source(records, lake, Settings(policy, geo=Geo(city_mmdb)))
    row = row_of(lake)
    assert (row["client_ip"], row["client_reason"], row["policy"]) == ("81.2.69.160", "rightmost-untrusted", policy.id)
    assert (row["country"], row["city"], row["geo_build"][:11]) == ("GB", "London", "GeoIP2-City")


def test_login_rules_find_user_and_outcome(records: str, lake: Lake) -> None:
    rules = parse_login_rules([{"path": "/login", "user": "query:user"}])
    ingest_source(records, lake, Settings(rules=rules))
    assert (row_of(lake)["user"], row_of(lake)["login"]) == ("alice", "success")


def test_a_field_of_a_json_log_says_who_signed_in(lake: Lake, tmp_path: Path) -> None:
    """Through a container's wrapper, too: the rule sees the line that the server wrote."""
    line = {"time_iso8601": "2026-01-01T12:00:00Z", "remote_addr": "81.2.69.160", "request_method": "POST",
            "uri": "/login", "status": 302, "form": {"user": "alice"}, "outcome": "granted"}  # fmt: skip
    wrapped = [{"log": orjson.dumps({**line, **more}).decode() + "\n", "stream": "stdout", "time": line["time_iso8601"]}
               for more in ({}, {"outcome": "denied"}, {"uri": "/"})]  # fmt: skip
    (tmp_path / "log").write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in wrapped))
    rules = parse_login_rules(
        [{"path": "/login", "outcome": "outcome", "success": "granted", "failure": "denied", "user": "field:form.user"}]
    )
    ingest_source(str(tmp_path / "log"), lake, Settings(rules=rules))
    rows = Engine(lake).query('SELECT "user", login FROM requests ORDER BY source_offset').to_pylist()
    assert [(row["user"], row["login"]) for row in rows] == [("alice", "success"), ("alice", "failure"), (None, None)]


def test_a_users_header_is_believed_from_a_trusted_peer_only(lake: Lake, tmp_path: Path) -> None:
    rules = parse_login_rules([{"path": "/login", "user": "header:X-User"}])
    forged = {**RECORD, "headers": {"x-user": ["root"]}, "peer_ip": "203.0.113.9"}
    honest = {**RECORD, "headers": {"x-user": ["bob"]}}
    (tmp_path / "log").write_bytes(orjson.dumps(forged) + b"\n" + orjson.dumps(honest) + b"\n")
    ingest_source(str(tmp_path / "log"), lake, Settings(make_policy(trusted=["10.0.0.0/8"]), rules))
    rows = Engine(lake).query('SELECT peer_ip, "user" FROM requests ORDER BY source_offset').to_pylist()
    assert [row["user"] for row in rows] == [None, "bob"]


def test_a_host_name_for_a_peer_is_kept_and_no_client(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(access_line(1, peer="crawler.example.com"))
    ingest_source(str(tmp_path / "log"), lake, PLAIN)
    row = row_of(lake)
    assert (row["peer_ip"], row["peer_name"], row["client_ip"]) == (None, "crawler.example.com", None)
    assert row["client_reason"] == "peer-invalid"


def test_two_ingests_of_one_log_at_once_add_it_once(log: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one commits after this one has looked how far the log was read."""
    log.write_bytes(log_of(30) + b"junk\n")
    known = ingest_module.namesakes

    def overtaken(*args: Any) -> Any:
        found = known(*args)
        monkeypatch.setattr(ingest_module, "namesakes", known)
        assert counts(ingest_source(str(log), Lake(lake.path), PLAIN)) == (30, 1, 0)
        with log.open("ab") as file:
            file.write(log_of(5, first=30))
        return found

    monkeypatch.setattr(ingest_module, "namesakes", overtaken)
    assert counts(ingest_source(str(log), lake, PLAIN)) == (5, 0, 0)
    assert len(targets(lake)) == 35
    assert Engine(lake).query("SELECT count(*) AS n FROM rejects").to_pylist() == [{"n": 1}]


def test_many_ingests_at_once_into_a_new_lake(tmp_path: Path) -> None:
    """Whole processes: tables are made once, every log comes in once, and nobody fails."""
    logs = [tmp_path / f"{n}.log" for n in range(3)]
    for number, path in enumerate(logs):
        path.write_bytes(log_of(40, first=100 * number))
    command = [str(Path(sys.executable).parent / "whofrom"), "ingest", "--no-geo", "--lake", str(tmp_path / "lake")]
    runs = [subprocess.Popen([*command, *map(str, logs)], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    ends = [(run.communicate()[1], run.returncode) for run in runs]
    assert all(code == 0 for _, code in ends), ends
    assert len(targets(Lake(str(tmp_path / "lake")))) == 120


def test_odd_lines_behind_a_known_log_are_rejects(log: Path, lake: Lake) -> None:
    ingest_source(str(log), lake, PLAIN)
    with log.open("ab") as file:
        file.write(b"garbage\n\n")
    assert counts(ingest_source(str(log), lake, PLAIN)) == (0, 2, 0)


def test_a_log_whose_first_hundred_lines_are_odd_is_still_a_log(log: Path, lake: Lake) -> None:
    log.write_bytes(b"garbage\n" * 200 + log_of(20))
    assert counts(ingest_source(str(log), lake, PLAIN)) == (20, 200, 0)
    with log.open("ab") as file:
        file.write(b"garbage\n")  # nothing in the head, nor in what is new, says which format it is
    assert counts(ingest_source(str(log), lake, PLAIN)) == (0, 1, 0)


def test_blank_lines_alone_are_rejects(log: Path, lake: Lake) -> None:
    log.write_bytes(b"\n" * 50)
    assert counts(ingest_source(str(log), lake, PLAIN)) == (0, 50, 0)


def test_a_common_line_without_its_end_is_not_taken_for_a_whole_one(log: Path, lake: Lake) -> None:
    """`200 53` may be on its way to `200 5379 "referer" "agent"`."""
    log.write_bytes(log_of(3) + access_line(3).partition(b' "-"')[0])
    assert counts(ingest_source(str(log), lake, PLAIN)) == (3, 0, 1)


def test_a_gzip_of_many_blocks_cut_short_adds_nothing(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "READ_BYTES", 2000)
    monkeypatch.setattr(ingest_module, "blocks", lambda *a, **k: reader.blocks(*a, **k, block_bytes=2000))
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress(log_of(2000))[:-30])
    with pytest.raises(SourceFault, match="ends before its end"):
        ingest_source(str(path), lake, PLAIN)
    assert not Path(lake.path).exists()


@pytest.mark.parametrize(
    "stamp", ["31/Dec/9999:23:59:59 -1400", "01/Jan/0001:00:00:00 +1400", "01/Jan/1969:00:00:00 +0000"]
)
def test_a_time_that_no_folder_could_be_named_for_is_a_reject(stamp: str, log: Path, lake: Lake) -> None:
    line = f'1.2.3.4 - - [{stamp}] "GET / HTTP/1.1" 200 5 "-" "x"\n'
    log.write_bytes(log_of(1) + line.encode())
    assert counts(ingest_source(str(log), lake, PLAIN)) == (1, 1, 0)
    assert len(Engine(lake).query("SELECT ts FROM requests").to_pylist()) == 1


@pytest.mark.parametrize("name", ["a b", "ünï", "50%", "x#y", "user=bob", "date=2020-01-01", "it's", 'q"q'])
def test_a_lake_may_be_called_anything_that_readers_can_read(name: str, log: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / name / "lake"))
    ingest_source(str(log), lake, PLAIN)
    (row,) = Engine(lake).query('SELECT count(*) AS n, min(date) AS date, max("user") AS who FROM requests').to_pylist()
    assert (row["n"], str(row["date"]), row["who"]) == (30, "2015-05-17", None)


@pytest.mark.parametrize("path", ["", "s3://bucket/lake", "a*", "a[1]", "a\nb", "l%20x"])
def test_a_lake_that_readers_could_not_find_is_refused(path: str) -> None:
    with pytest.raises(LakeFault):
        Lake(path)


def test_a_file_name_that_is_no_text(lake: Lake, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(str(tmp_path)) + b"/bad\xffname.log")
    Path(path).write_bytes(log_of(1) + b"junk\n")
    assert counts(ingest_source(path, lake, PLAIN)) == (1, 1, 0)
    assert row_of(lake)["source"].endswith(r"/bad\xffname.log")


def test_a_row_keeps_the_verdict_that_it_brings_and_one_without_is_resolved() -> None:
    texts = {"peer_ip": ["10.0.0.1", "10.0.0.2"], "client_ip": ["203.0.113.7:4711", None]}
    told = {name: pa.array(["writer", None]) for name in ("client_source", "client_reason")}
    batch = record_batch({**{name: pa.array(values) for name, values in texts.items()}, **told}, 2)
    kept = ("client_ip", "client_source", "client_reason", "client_class", "policy")

    def rows(settings: Settings) -> list[tuple[Any, ...]]:
        columns = enrich(batch, "log", pa.array([0, 1]), settings)
        return list(zip(*(columns[name].to_pylist() for name in kept), strict=True))

    default, policy = make_policy().id, make_policy(trusted=["192.0.2.0/24"])
    assert rows(PLAIN) == [
        ("203.0.113.7", "writer", "writer", "documentation", "record"),
        ("10.0.0.2", "peer", "peer", "private", default),
    ]
    assert rows(Settings(policy)) == [
        (address, "peer", "peer-untrusted", "private", policy.id) for address in texts["peer_ip"]
    ]


def test_a_verdict_without_a_peer_or_a_header_stands_under_a_policy_too() -> None:
    """Cloudflare's logs name no peer; an Envoy's X-Forwarded-For is walked by the policy."""
    headers = pa.array([None, [("x-forwarded-for", ["198.51.100.7"])]], HEADERS_TYPE)
    told = {name: pa.array(["writer", "writer"]) for name in ("client_source", "client_reason")}
    batch = record_batch({"client_ip": pa.array(["203.0.113.7"] * 2), "headers": headers, **told}, 2)
    policy = make_policy(trusted=["192.0.2.0/24"])
    columns = enrich(batch, "log", pa.array([0, 1]), Settings(policy))
    assert columns["client_ip"].to_pylist() == ["203.0.113.7", "198.51.100.7"]
    assert columns["client_source"].to_pylist() == ["writer", "x-forwarded-for"]
    assert columns["policy"].to_pylist() == [policy.id] * 2


@pytest.mark.timeout(60)
def test_an_ingest_that_is_interrupted_leaves_no_file_that_is_not_in_the_lake(tmp_path: Path, lake: Lake) -> None:
    """Blocks are made ready ahead of the commits: what was written of them and not committed goes."""
    command = [sys.executable, "-c", "from pipeline.cli import main; main()", "ingest", "--lake", lake.path, "--no-geo"]
    with subprocess.Popen([*command, "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        for first in range(0, 500_000, 5000):
            process.stdin.write(log_of(5000, first))
        process.stdin.flush()
        until = time.monotonic() + 30
        while lake.table(REQUESTS) is None or not lake.files()[REQUESTS]:
            assert time.monotonic() < until
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert b"-: interrupted: run again, it goes on behind what is in the lake\n" in process.stderr.read()
    held = set(lake.files()[REQUESTS])
    assert held == {str(path) for path in Path(lake.path, REQUESTS).glob("date=*/*.parquet")}
