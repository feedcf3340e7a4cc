"""No whole address in anything that is written, and what was worked out from the whole ones stays right."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import make_policy, parse_address
from pipeline.anonymize import MAX_RUN, MODES, PSEUDONYM, TRUNCATE, Anonymizer, load_key
from pipeline.engine.duckdb import Engine
from pipeline.errors import UsageFault
from pipeline.geo import Geo
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.lake.compact import RETENTION, compact
from pipeline.lake.expire import expire
from pipeline.lake.promise import check_whole, promise, promised
from pipeline.rows import HEADERS_TYPE
from pipeline.settings import Settings
from tests.command import whofrom

KEY = b"0123456789abcdef"
CUT, NAMED = Anonymizer(TRUNCATE), Anonymizer(PSEUDONYM, KEY)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("for=203.0.113.77;by=10.1.2.3", "for=203.0.113.0;by=10.1.2.0"),
        ('for="[2001:db8:1:2::77]:4711"', 'for="[2001:db8:1::]:4711"'),
        ("2001:db8:1:2::77, 203.0.113.77:80", "2001:db8:1::, 203.0.113.0:80"),
        ("for:2001:db8:1:2::77.", "for:2001:db8:1::."),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("::ffff:cb00:714d", "203.0.113.0"),
        ("/?ip=2001%3Adb8%3A1%3A2%3A%3A77&x=1", "/?ip=2001:db8:1::&x=1"),
        ("/?ip=203%2E0%2e113%2E77", "/?ip=203.0.113.0"),
        ("203.000.113.077", "203.0.113.0"),
        ("999.203.0.113.77.5", "999.203.0.113.0.5"),
        ("2002:cb00:714d:1::1", "2002:cb00:7100::"),
        ("Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36", "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36"),
        ("10:05:03 and ab:cd and ::", "10:05:03 and ab:cd and ::"),
        ("nothing", "nothing"),
    ],
)
def test_addresses_in_text(text: str, cut: str) -> None:
    assert CUT.text(text) == cut
    assert CUT.text(cut) == cut


def test_a_pseudonym_is_an_address_that_no_host_has_and_the_same_one_everywhere() -> None:
    one, other = NAMED.address("203.0.113.77"), NAMED.address("203.0.113.78")
    assert one != other
    assert re.fullmatch(r"100:(:[0-9a-f]{1,4}){1,5}|100::[0-9a-f:]+", one)
    assert parse_address(one) is not None
    assert NAMED.text("a 203.0.113.77 b ::ffff:203.0.113.77") == f"a {one} b {one}"
    assert Anonymizer(PSEUDONYM, KEY + b"x").address("203.0.113.77") != one
    assert re.fullmatch(r"pseudonym [0-9a-f]{8}", NAMED.mark)
    assert KEY.hex()[:8] not in NAMED.mark


def test_the_name_of_a_peer_is_as_good_as_its_address() -> None:
    assert CUT.name("host-1.example.net") is None
    assert re.fullmatch(r"pseudonym-[0-9a-f]{16}", NAMED.name("host-1.example.net") or "")
    assert CUT.name("unix:") == "unix:"


@given(st.text(alphabet="0123456789abcdef:.%3A ,[]x", max_size=120))
def test_any_text_is_taken_and_no_whole_address_is_left(text: str) -> None:
    found = CUT.text(text)
    for quad in re.findall(r"(?<![0-9])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9])", found):
        assert parse_address(quad) is None or quad.endswith(".0")


def test_hostile_runs_cost_little() -> None:
    assert CUT.text(":" * (MAX_RUN + 1)) == "[…]"
    assert CUT.text("1:" * 100_000) == "[…]"
    CUT.text("1.2.3.4." * 10_000)


def test_headers_keep_their_shape() -> None:
    rows = [
        [("forwarded", ["for=203.0.113.77", "x"]), ("host", ["a"])],
        None,
        [],
        [("x-real-ip", None)],
        [("y", [None])],
    ]
    headers = pa.array([[("dropped", ["1.1.1.1"])], *rows], HEADERS_TYPE).slice(1)
    found = CUT._headers(headers).to_pylist()
    assert found == [[("forwarded", ["for=203.0.113.0", "x"]), ("host", ["a"])], *rows[1:]]


def test_a_key_is_refused_if_it_is_none(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"secret")
    for path in (None, str(tmp_path / "missing"), str(tmp_path / "short"), "/dev/zero"):
        with pytest.raises(UsageFault, match=r"head -c 32 /dev/urandom > whofrom\.key"):
            load_key(path)
    (tmp_path / "key").write_bytes(KEY)
    assert load_key(str(tmp_path / "key")) == KEY


ADDRESSES = [
    "81.2.69.160", "81.2.69.161", "203.0.113.254", "198.51.100.99", "192.0.2.213", "172.18.5.6", "100.64.9.8",
    "2001:db8:a:b::cafe", "2001:db8:a:b::beef", "2a02:d244:1:2::3", "fe80::1234",
]  # fmt: skip
RECORD = {
    "v": 1, "ts": "2026-11-22T20:32:25.123456Z", "peer_ip": "81.2.69.161", "proxied_ip": "198.51.100.99",
    "local_ip": "192.0.2.213", "method": "GET", "target": "/?from=203.0.113.254&v6=2001%3Adb8%3Aa%3Ab%3A%3Acafe",
    "headers": {
        "x-forwarded-for": ["81.2.69.160, 172.18.5.6", "2001:db8:a:b::beef"],
        "forwarded": ['for="[2001:db8:a:b::cafe]:1"'],
        "x-odd-203.0.113.254": ["1"],
    },
    "user_agent": "bot (2a02:d244:1:2::3)", "host": "192.0.2.213:8080", "client_ip": "81.2.69.160",
    "client_source": "x-forwarded-for", "client_reason": "rightmost-untrusted", "status": 200, "response_bytes": 1,
    "request_bytes": 0, "duration_us": 250, "connection_id": "a1", "connection_request": 1,
    "error": "bad line from 100.64.9.8",
}  # fmt: skip
LINES = [
    '81.2.69.160 - - [17/May/2015:10:05:03 +0000] "GET /a?b=198.51.100.99 HTTP/1.1" 200 5 "http://203.0.113.254/" "x"',
    'fe80::1234 - 172.18.5.6 [17/May/2015:10:05:03 +0000] "GET /b HTTP/1.1" 200 5 "" "100.64.9.8" "2001:db8:a:b::beef"',
    "junk of 192.0.2.213 and 2a02:d244:1:2::3 and [2001:db8:a:b::cafe]:443",
]


def spellings(address: str) -> set[str]:
    """What of an address might be looked for in a file."""
    found = parse_address(address)
    assert found is not None
    expanded = ":".join(found.packed[at : at + 2].hex() for at in range(0, 16, 2))
    return {address, address.replace(":", "%3A"), str(found), expanded}


@pytest.mark.parametrize("mode", MODES)
def test_no_address_of_the_input_is_anywhere_in_the_lake(lake: Lake, tmp_path: Path, mode: str, city_mmdb: str) -> None:
    one, two = tmp_path / "203.0.113.254.log", tmp_path / "access.log"
    one.write_bytes(orjson.dumps(RECORD) + b"\n" + orjson.dumps({**RECORD, "status": "81.2.69.160"}) + b"\n")
    two.write_text("\n".join(LINES) + "\n")
    anonymizer = Anonymizer(mode, KEY)
    for log in (one, two):
        policy = make_policy(trusted=["172.16.0.0/12", "2001:db8::/32", "198.51.100.0/24"])
        ingest_source(str(log), lake, Settings(policy, geo=Geo(city_mmdb), anonymizer=anonymizer))

    written = ""
    packed = b""
    for path in Path(lake.path).rglob("*"):
        if path.suffix == ".parquet":
            table = pq.read_table(path, partitioning=None)
            written += repr(table.to_pydict())
            packed += b"".join(
                value or b""
                for name in table.column_names
                if name == "client_ip_num"
                for value in table[name].to_pylist()
            )
            packed += path.read_bytes()
        elif path.is_file():
            written += path.read_text()
    for address in ADDRESSES:
        found = parse_address(address)
        assert found is not None
        assert found.packed not in packed, address
        for spelling in spellings(address):
            assert not re.search(rf"(?<![0-9a-f]){re.escape(spelling)}(?![0-9a-f])", written), spelling

    engine = Engine(lake)
    rows = engine.query("SELECT * FROM requests WHERE target LIKE '/?%'").to_pylist()
    (row,) = rows
    assert (row["country"], row["city"], row["client_class"]) == ("GB", "London", "public")
    assert row["anonymized"] == anonymizer.mark
    assert row["geo_build"] == Geo(city_mmdb).build
    address = parse_address(row["client_ip"])
    assert address is not None
    assert address.packed == row["client_ip_num"]
    assert row["client_ip"] == anonymizer.address("81.2.69.160")
    assert engine.query("SELECT count(*) AS n FROM rejects").to_pylist() == [{"n": 2}]


def test_distinct_clients_stay_distinct_by_pseudonym(lake: Lake, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    line = '203.0.113.%d - - [17/May/2015:10:05:03 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'
    log.write_text("".join(line % (number % 50, number) for number in range(200)))
    ingest_source(str(log), lake, Settings(anonymizer=NAMED))
    counted = Engine(lake).query("SELECT count(DISTINCT client_ip) AS c, count(DISTINCT peer_ip) AS p FROM requests")
    assert counted.to_pylist() == [{"c": 50, "p": 50}]


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LINES[0] + "\n")
    (tmp_path / "key").write_bytes(KEY)
    asked = ("ingest", "--no-geo", "access.log", "--anonymize", PSEUDONYM)
    run: Callable[..., subprocess.CompletedProcess[str]] = lambda *more: whofrom(*asked, *more, cwd=tmp_path)  # noqa: E731
    refused = run()
    assert refused.returncode == 2
    assert "a pseudonym needs a key" in refused.stderr
    assert run("--anonymize-key", "key").returncode == 0
    (row,) = Engine(Lake(str(tmp_path / "lake"))).query("SELECT anonymized, client_ip FROM requests").to_pylist()
    assert (row["anonymized"], row["client_ip"]) == (NAMED.mark, NAMED.address("81.2.69.160"))


def test_a_lake_that_was_promised_no_whole_address_takes_none_by_a_slip(tmp_path: Path) -> None:
    def ingest(log: str, *more: str, **env: str) -> tuple[int, str]:
        logs = [] if "--retry-rejects" in more else [log]
        done = whofrom("ingest", "--no-geo", *more, *logs, cwd=tmp_path, env=env)
        return done.returncode, done.stderr

    def marks() -> list[str | None]:
        rows = Engine(Lake(str(tmp_path / "lake"))).query("SELECT anonymized FROM requests ORDER BY ALL NULLS FIRST")
        return rows["anonymized"].to_pylist()

    for number in range(5):
        (tmp_path / f"{number}.log").write_text(LINES[0].replace("GET /", f"GET /{number}") + "\n")
    (tmp_path / "key").write_bytes(KEY)
    assert ingest("0.log")[0] == 0
    code, said = ingest("1.log", "--anonymize", TRUNCATE)
    assert (code, marks()) == (0, [None, "truncate"])
    assert "lake: rows of before stay as they are; from now on none is whole" in said
    for args in (["2.log"], ["", "--retry-rejects"], ["2.log", "--follow"]):
        code, said = ingest(*args)
        assert (code, marks()) == (2, [None, "truncate"])
        assert (
            "its addresses are anonymized (truncate), and those of this ingest would be whole; say --anonymize" in said
        )
    code, said = ingest("2.log", WHOFROM_ANONYMIZE="truncate")
    assert (code, said.count("\n"), marks()) == (0, 1, [None, "truncate", "truncate"])
    code, said = ingest("3.log", "--anonymize", PSEUDONYM, "--anonymize-key", "key")
    assert "are anonymized otherwise (truncate; now pseudonym" in said
    assert code == 0
    assert ingest("4.log", "--anonymize", "none", WHOFROM_ANONYMIZE="truncate")[0] == 0
    assert marks().count(None) == 2
    assert ingest("0.log")[0] == 2, "meant once"


def test_a_promise_outlives_the_rows(lake: Lake, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(LINES[0] + "\n")
    promise(lake, NAMED.mark)
    assert promised(lake) is None, "nothing is made before the first commit"
    ingest_source(str(log), lake, Settings(anonymizer=NAMED))
    assert promised(lake) == NAMED.mark
    expire(lake, 1, date(2100, 1, 1), dry_run=False)
    list(compact(lake, RETENTION, dry_run=False))
    assert promised(Lake(lake.path)) == NAMED.mark
    with pytest.raises(UsageFault, match="would be whole"):
        check_whole(Lake(lake.path))
