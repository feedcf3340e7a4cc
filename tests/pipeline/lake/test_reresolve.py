"""A corrected policy or a newer database on old rows: each date whole, nothing lost, and said in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from echo.clientip import Config, make_policy, parse_config
from pipeline.engine.duckdb import Engine
from pipeline.errors import LakeFault
from pipeline.geo import Geo
from pipeline.ingest import ingest_source
from pipeline.lake import REQUESTS, Lake
from pipeline.lake import reresolve as module
from pipeline.lake.files import files_of
from pipeline.lake.kinds import Kinds
from pipeline.lake.reresolve import Report, Task, reresolve
from pipeline.lake.table import TABLES
from pipeline.rows import ROW_COLUMNS, schema_of
from pipeline.settings import Settings
from tests.pipeline.lake.conftest import CLIENT, NODE, TOML, Said

Sql = Callable[[str], list[dict[str, Any]]]
Put = Callable[..., None]
MMDB = Path(__file__).parents[2] / "data" / "mmdb"
NEW = parse_config(TOML, "new.toml")
FOUND = "SELECT DISTINCT client_ip, client_source, client_reason, policy, country, geo_build FROM requests"


def task_of(config: Config = NEW, geo: Geo | None = None, **options: Any) -> Task:
    return Task(config.policy, geo, Kinds(config), **options)


def run(lake: Lake, task: Task, *, dry_run: bool = False) -> Report:
    total = Report()
    for _, report in reresolve(lake, task, dry_run=dry_run):
        total.add(report)
    return total


def test_rows_are_as_if_they_had_been_ingested_with_the_policy(
    lake: Lake, put: Put, sql: Sql, city_mmdb: str, tmp_path: Path
) -> None:
    put([1, 2, 2], junk=1)
    put([2], peer="203.0.113.9")
    put([3], peer="crawler.example.com", forwarded="garbage")
    geo = Geo(city_mmdb)
    report = run(lake, task_of(geo=geo))
    other = Lake(str(tmp_path / "other"))
    for log in sorted(tmp_path.glob("*.log")):
        ingest_source(str(log), other, Settings(NEW.policy, geo=geo))
    everything = "SELECT * FROM requests ORDER BY target"
    assert Engine(lake).query(everything).equals(Engine(other).query(everything))
    assert (report.rows, report.renewed, report.done, report.left) == (5, 5, 0, 0)
    assert report.clients == {("node", "public"): 3}
    assert report.countries == {(None, "GB"): 3}


def test_a_second_run_has_nothing_to_do_and_leaves_every_file(lake: Lake, put: Put) -> None:
    put([1, 2])
    run(lake, task_of())
    table = lake.table(REQUESTS)
    assert table is not None
    again = run(lake, task_of())
    assert (again.renewed, again.done, again.clients) == (0, 2, {})
    later = lake.table(REQUESTS)
    assert later is not None
    assert later.version() == table.version()


def test_a_dry_run_reports_the_same_and_writes_nothing(lake: Lake, put: Put, sql: Sql) -> None:
    put([1, 2])
    files = sorted(Path(lake.path).rglob("*"))
    before = sql(FOUND)
    planned = run(lake, task_of(), dry_run=True)
    assert sql(FOUND) == before
    assert [path for path in sorted(Path(lake.path).rglob("*")) if path.name != "maintenance.lock"] == files
    assert planned == run(lake, task_of())


def test_geo_alone_renews_places_and_no_client(lake: Lake, put: Put, sql: Sql, city_mmdb: str) -> None:
    put([1], peer=CLIENT)
    geo = Geo(city_mmdb)
    report = run(lake, Task(None, geo, Kinds(Config())))
    assert (report.renewed, report.clients, report.countries) == (1, {}, {(None, "GB"): 1})
    (row,) = sql(FOUND)
    assert (row["client_ip"], row["policy"], row["geo_build"]) == (CLIENT, make_policy().id, geo.build)
    assert run(lake, Task(None, geo, Kinds(Config()))).renewed == 0


def test_rows_of_an_older_whofrom_get_columns_that_it_did_not_have(
    lake: Lake, put: Put, sql: Sql, city_mmdb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = {REQUESTS: tuple(column for column in ROW_COLUMNS if column.name not in ("asn", "as_org"))}
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.lake.table.TABLES", TABLES | older)
        patch.setattr("pipeline.lake.table.ROW_SCHEMA", schema_of(older[REQUESTS]))
        put([1, 2], peer="89.160.20.128")
    assert "asn" not in pq.read_schema(lake.files()[REQUESTS][0]).names
    asked = "SELECT DISTINCT country, asn, as_org FROM requests"
    assert sql(asked) == [{"country": None, "asn": None, "as_org": None}]
    task = Task(None, Geo(city_mmdb, str(MMDB / "GeoLite2-ASN-Test.mmdb")), Kinds(Config()))
    assert run(lake, task, dry_run=True).renewed == 2
    assert run(lake, task).renewed == 2
    assert sql(asked) == [{"country": "SE", "asn": 29518, "as_org": "Bredband2 AB"}]
    put([3], peer="89.160.20.128")
    assert run(lake, task).done == 2


@pytest.mark.parametrize("keep", [True, False])
def test_rows_whose_verdict_came_with_the_record(
    lake: Lake, sql: Sql, tmp_path: Path, city_mmdb: str, keep: bool
) -> None:
    record = {
        "v": 1, "ts": "2026-11-22T20:32:25.123456Z", "peer_ip": NODE, "method": "GET", "target": "/",
        "headers": {"x-forwarded-for": [CLIENT]}, "client_ip": "192.0.2.1", "client_source": "peer",
        "client_reason": "peer", "status": 200, "response_bytes": 1, "request_bytes": 0, "duration_us": 250,
        "connection_id": "a1", "connection_request": 1,
    }  # fmt: skip
    (tmp_path / "log").write_bytes(orjson.dumps(record) + b"\n")
    ingest_source(str(tmp_path / "log"), lake, Settings())
    geo = Geo(city_mmdb)
    report = run(lake, task_of(geo=geo, keep_verdicts=keep))
    (row,) = sql(FOUND)
    assert (row["client_ip"], row["policy"]) == (("192.0.2.1", "record") if keep else (CLIENT, NEW.policy.id))
    assert row["geo_build"] == geo.build
    assert report.clients == ({} if keep else {("documentation", "public"): 1})
    assert run(lake, task_of(geo=geo, keep_verdicts=keep)).renewed == 0


def test_a_verdict_with_nothing_to_resolve_stays(lake: Lake, sql: Sql, tmp_path: Path) -> None:
    """Cloudflare names no peer: what it says of the visitor is in no other column."""
    line = {"ClientIP": CLIENT, "EdgeStartTimestamp": "2026-11-22T20:32:25Z", "RequestHeaders": {}}
    (tmp_path / "log").write_bytes(orjson.dumps(line) + b"\n")
    ingest_source(str(tmp_path / "log"), lake, Settings())
    assert run(lake, task_of()).clients == {}
    (row,) = sql(FOUND)
    assert (row["client_ip"], row["client_source"], row["policy"]) == (CLIENT, "writer", NEW.policy.id)
    assert run(lake, task_of()).renewed == 0


def test_a_run_that_died_goes_on_with_the_dates_that_are_left(
    lake: Lake, put: Put, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    put([1, 2, 3])
    put([1, 2, 3])
    true, calls = module.exchange, []

    def dying(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise LakeFault("the disk is full")
        true(*args)

    monkeypatch.setattr(module, "exchange", dying)
    with pytest.raises(LakeFault):
        run(lake, task_of())
    monkeypatch.undo()
    by_date = "SELECT date, count(DISTINCT policy) AS policies, count(*) AS n FROM requests GROUP BY date ORDER BY date"
    assert [(row["policies"], row["n"]) for row in sql(by_date)] == [(1, 2)] * 3
    assert sql(f"SELECT count(*) AS n FROM requests WHERE policy = '{NEW.policy.id}'") == [{"n": 2}]
    table = lake.table(REQUESTS)
    assert table is not None
    on_disk = len(list((Path(lake.path) / REQUESTS).rglob("part-*.parquet")))
    assert on_disk == len(files_of(lake, REQUESTS, table)) + 2  # those that the first date replaced; no torn ones
    report = run(lake, task_of())
    assert (report.renewed, report.done) == (4, 2)
    assert len(sql("SELECT 1 FROM requests")) == 6


def test_rows_that_come_while_a_date_is_worked_on_are_worked_on_too(
    lake: Lake, put: Put, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another commit between looking and committing: Delta refuses, and what is new is added to the work."""
    put([1, 1])
    true, calls = module.exchange, []

    def overtaken(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 1:
            put([1], peer=NODE)
        true(*args)

    monkeypatch.setattr(module, "exchange", overtaken)
    report = run(lake, task_of())
    assert len(calls) == 2
    assert (report.rows, report.renewed) == (3, 3)
    assert sql("SELECT client_ip, count(*) AS n FROM requests GROUP BY 1") == [{"client_ip": CLIENT, "n": 3}]


def test_a_compaction_by_another_tool_meanwhile_doubles_nothing(
    lake: Lake, put: Put, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    put([1, 1])
    put([1])
    true, calls = module.exchange, []

    def overtaken(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 1:
            table = lake.table(REQUESTS)
            assert table is not None
            assert table.optimize.compact()["numFilesRemoved"] == 2
        true(*args)

    monkeypatch.setattr(module, "exchange", overtaken)
    assert run(lake, task_of()).renewed == 3
    assert sql("SELECT count(*) AS n, count(DISTINCT target) AS d FROM requests") == [{"n": 3, "d": 3}]
    table = lake.table(REQUESTS)
    assert table is not None
    assert len(files_of(lake, REQUESTS, table)) == 1


def test_statistics_of_new_files_let_readers_pass_them_over(lake: Lake, put: Put) -> None:
    put([1, 1])
    run(lake, task_of())
    table = lake.table(REQUESTS)
    assert table is not None
    (action,) = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    assert (action["num_records"], action["min.status"], action["max.status"]) == (2, 200, 200)
    assert str(action["min.ts"]).startswith("2015-05-01 10:05:03")
    assert table.delete("date < '2015-05-02'")["num_deleted_rows"] == 2


def test_anonymized_rows_stay_as_they_are(lake: Lake, put: Put, sql: Sql) -> None:
    put([1])
    table = lake.table(REQUESTS)
    assert table is not None
    table.update({"anonymized": "'truncate'"})
    report = run(lake, task_of())
    assert (report.renewed, report.left, report.done) == (0, 1, 0)
    assert sql("SELECT client_ip FROM requests") == [{"client_ip": NODE}]


def test_rows_that_were_not_judged_get_signatures_in_any_run(
    lake: Lake, put: Put, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = {REQUESTS: tuple(column for column in ROW_COLUMNS if column.name != "signatures")}
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.lake.table.TABLES", TABLES | older)
        patch.setattr("pipeline.lake.table.ROW_SCHEMA", schema_of(older[REQUESTS]))
        put([1, 2])
    put([3])
    assert sql("SELECT count(*) AS n FROM requests WHERE signatures IS NULL") == [{"n": 2}]
    report = run(lake, Task(None, None, Kinds(Config())))
    assert (report.renewed, report.judged, report.done) == (2, 2, 1)
    assert sql("SELECT DISTINCT signatures FROM requests") == [{"signatures": []}]


def test_all_rows_are_judged_anew_where_that_is_asked_for(
    lake: Lake, put: Put, sql: Sql, whofrom: Callable[..., Said]
) -> None:
    put([1, 2, 3])
    table = lake.table(REQUESTS)
    assert table is not None
    table.update({"target": "'/.env'", "geo_build": "'a build'"}, predicate="date = '2015-05-02'")
    files = lake.files()[REQUESTS]
    said = whofrom("re-resolve", "--signatures")
    assert "1 row: other signatures" in said.words
    asked = "SELECT target, signatures, geo_build FROM requests WHERE signatures <> []"
    assert sql(asked) == [{"target": "/.env", "signatures": ["sensitive-env"], "geo_build": "a build"}]
    assert len(set(lake.files()[REQUESTS]) & set(files)) == 2
    renewed = lake.files()[REQUESTS]
    assert "3 were right already" in whofrom("re-resolve", "--signatures").words
    assert lake.files()[REQUESTS] == renewed


def test_bridges_are_told_from_pods() -> None:
    config = parse_config('[network]\npods = ["172.18.0.0/16"]\nnode_pod_prefix = 26\nnodes = ["192.168.0.0/24"]\n', "")
    texts = pa.array(["172.18.0.65", "172.18.0.70", "192.168.0.9", "8.8.8.8", "10.1.1.1", None])
    classes = pa.array(["private", "private", "private", "public", "private", None])
    assert Kinds(config).of(texts, classes).to_pylist() == ["bridge", "pod", "node", "public", "private", "unknown"]


def test_the_command_says_what_changed_in_words(
    put: Put, whofrom: Callable[..., Said], toml: Path, city_mmdb: str, lake: Lake
) -> None:
    put([1, 1, 2])
    said = whofrom("re-resolve", "--config", str(toml), "--geo", city_mmdb)
    assert "3 rows: client was a node, now a client" in said.words
    assert "3 rows: another country (unknown → GB 3)" in said.words
    assert f"3 rows: 3 renewed by policy {NEW.policy.id}" in said.words
    assert said.rows == [
        {"change": "client", "before": "node", "after": "public", "rows": 3},
        {"change": "country", "before": None, "after": "GB", "rows": 3},
    ]
    again = whofrom("re-resolve", "--config", str(toml), "--geo", city_mmdb)
    assert again.rows == []
    assert "3 were right already" in again.words
    assert "--geo or --signatures" in whofrom("re-resolve", code=2).words


def test_columns_of_a_file_keep_their_types(lake: Lake, put: Put) -> None:
    put([1])
    (old,) = (Path(lake.path) / REQUESTS).rglob("part-*.parquet")
    run(lake, task_of())
    (new,) = (path for path in (Path(lake.path) / REQUESTS).rglob("part-*.parquet") if path != old)
    assert pq.read_schema(new).names == pq.read_schema(old).names


def test_a_file_that_is_gone_or_damaged_is_named(
    lake: Lake, put: Put, whofrom: Callable[..., Said], toml: Path
) -> None:
    put([1, 2])
    _, two = sorted((Path(lake.path) / REQUESTS).rglob("part-*.parquet"))
    command = ("re-resolve", "--no-geo", "--config", str(toml))
    two.write_bytes(b"PAR1" + b"x" * 100)
    said = whofrom(*command, code=1).words
    assert f"{two}: a file of the lake is damaged: Parquet magic bytes not found" in said
    assert "Traceback" not in said
    two.unlink()
    assert f"{two}: a file of the lake is gone" in whofrom(*command, code=1).words
    assert "is gone" in whofrom("export", "-", "-o", "ndjson", code=1).words
