"""The command as a user meets it: exit codes, one-line errors that say what to do."""

from __future__ import annotations

import gzip
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli import SUBCOMMANDS
from pipeline.commands.reading import NOTHING_NEW
from tests.command import whofrom

DATA = Path(__file__).parent.parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "logs"
WHOFROM = str(Path(sys.executable).parent / "whofrom")
LINE = '203.0.113.7 - - [17/May/2015:10:05:%02d +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text("".join(LINE % (n, n) for n in range(20)))
    return path


@pytest.fixture
def lake(log: Path, tmp_path: Path) -> Path:
    done = whofrom("ingest", log, "--geo", DATA / "mmdb" / "GeoIP2-City-Test.mmdb", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "lake"


def test_ingest_says_what_it_did_and_a_second_time_that_there_was_nothing_to_do(log: Path, tmp_path: Path) -> None:
    first = whofrom("ingest", "--no-geo", log, cwd=tmp_path)
    assert (first.returncode, first.stdout, first.stderr) == (0, "", f"{log}: combined, 20 rows, 0 rejects\n")
    second = whofrom("ingest", "--no-geo", log, cwd=tmp_path)
    assert second.stderr == f"{log}: {NOTHING_NEW}\n"


def test_rejects_are_counted_by_reason_with_the_way_to_see_them(log: Path, tmp_path: Path) -> None:
    log.write_text(log.read_text() + "junk\n\n")
    done = whofrom("ingest", "--no-geo", log, cwd=tmp_path)
    assert "20 rows, 2 rejects" in done.stderr
    assert "1 × no [day/month/year:time zone] in it" in done.stderr
    shown = whofrom("sql", "SELECT line, reason FROM rejects ORDER BY line", cwd=tmp_path)
    assert [json.loads(line)["line"] for line in shown.stdout.splitlines()] == [21, 22]


def test_a_command_that_is_named_finds_the_lake_that_was_asked(tmp_path: Path) -> None:
    wanted = (".env", ".git/config", ".aws/credentials", ".ssh/id_rsa", "backup.sql")
    probes = [LINE.replace("203.0.113.7", "203.0.113.9").replace("/%d", f"/{path}") % 3 for path in wanted]
    (tmp_path / "access.log").write_text("".join([*probes, "what is this?\n"]))
    said = whofrom("ingest", "--no-geo", "--lake", "of mine", "access.log", cwd=tmp_path).stderr
    assert "see them: whofrom rejects --lake 'of mine' --raw\n" in said
    named = whofrom("attacks", "--lake", "of mine", cwd=tmp_path).stderr.splitlines()[0]
    assert named == "what the first of them did: whofrom trace --lake 'of mine' 203.0.113.9"
    traced = whofrom(*shlex.split(named.partition(": whofrom ")[2]), cwd=tmp_path)
    assert (traced.returncode, "/.aws/credentials" in traced.stdout) == (0, True)


def test_a_list_without_entries_says_from_when_on_it_looked(lake: Path, tmp_path: Path) -> None:
    said = whofrom("blocklist", "plain", cwd=tmp_path).stderr
    at = r"since \d{4}-\d\d-\d\d \d\d:\d\d UTC \(earlier: --at TIME\)"
    assert re.fullmatch(rf"nothing to block: no alert of severity high or worse is about an address {at}\n", said)


def test_standard_input_and_globs(log: Path, tmp_path: Path) -> None:
    done = whofrom("ingest", "--no-geo", "-", cwd=tmp_path, stdin=gzip.compress(log.read_bytes()))
    assert done.stderr == "-: combined, 20 rows, 0 rejects\n"
    done = whofrom("ingest", "--no-geo", "*.log", cwd=tmp_path)
    assert done.stderr == f"access.log: {NOTHING_NEW}\n"


def test_the_three_questions_in_every_form(lake: Path, tmp_path: Path) -> None:
    for question in ("regions", "logins", "attacks"):
        for form in ("table", "json", "ndjson", "csv"):
            done = whofrom(question, "-o", form, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
    (row,) = json.loads(whofrom("regions", "-o", "json", cwd=tmp_path).stdout)
    assert (row["country"], row["requests"], row["clients"]) == ("documentation", 20, 1)
    assert lake.is_dir()


def test_nothing_found_is_said(lake: Path, tmp_path: Path) -> None:
    assert lake.is_dir()
    done = whofrom("attacks", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("", "nothing found in 20 requests\n")
    done = whofrom("regions", "--since", "24h", cwd=tmp_path)
    assert "the lake's requests are from 2015-05-17 10:05 to 2015-05-17 10:05 UTC" in done.stderr
    assert "[[login]] of the TOML" in whofrom("logins", cwd=tmp_path).stderr


def broken_gzip(folder: Path) -> list[str]:
    (folder / "x.log.gz").write_bytes(gzip.compress((LINE % (1, 1)).encode() * 500)[:-9])
    return ["ingest", "x.log.gz"]


def binary(folder: Path) -> list[str]:
    (folder / "x.bin").write_bytes(bytes(range(256)) * 50)
    return ["ingest", "x.bin"]


def lake_is_a_file(folder: Path) -> list[str]:
    (folder / "f").touch()
    return ["ingest", "--lake", "f", "access.log"]


def broken_mmdb(_: Path) -> list[str]:
    return ["ingest", "--geo", str(DATA / "mmdb" / "MaxMind-DB-test-broken-search-tree-24.mmdb"), "access.log"]


def wrong_cidr(folder: Path) -> list[str]:
    (folder / "x.toml").write_text('[trust]\nranges = ["10.0.0.0/33"]\n')
    return ["ingest", "--config", "x.toml", "access.log"]


def wrong_regex(folder: Path) -> list[str]:
    (folder / "x.toml").write_text('[[login]]\npath = "("\n')
    return ["ingest", "--config", "x.toml", "access.log"]


BAD_INPUT = {
    "a gzip cut short": (broken_gzip, 1, "x.log.gz: the gzip ends before its end; fetch it again"),
    "a binary file": (binary, 1, "x.bin: no known log format"),
    "a lake that is a file": (lake_is_a_file, 1, "f: is a file, and a lake is a folder; name another folder"),
    "a broken mmdb": (broken_mmdb, 1, "search-tree-24.mmdb: the geo database is broken"),
    "a wrong CIDR": (wrong_cidr, 2, "x.toml [trust] ranges: '10.0.0.0/33' has no prefix length of 0 to 32; correct it"),
    "a wrong expression": (wrong_regex, 2, "x.toml [[login]] number 1: path '(' is no regular expression"),
    "no file": (lambda _: ["ingest", "none.log"], 1, "none.log: no such file; name a log file"),
    "no mmdb": (lambda _: ["ingest", "--geo", "none.mmdb", "access.log"], 1, "none.mmdb: no such file"),
    "no TOML": (lambda _: ["ingest", "--config", "none.toml", "access.log"], 2, "none.toml: cannot read it"),
    "a range that is none": (lambda _: ["ingest", "--trust", "lan", "access.log"], 2, "--trust: 'lan' is no address"),
    "a time that is none": (lambda _: ["regions", "--since", "yesterdayish"], 2, "--since: 'yesterdayish' is no time;"),
    "no lake": (lambda _: ["regions", "--lake", "none"], 1, "none: no lake here; make one: whofrom ingest --lake none"),
    "no command": (lambda _: ["regoins"], 2, "No such command 'regoins'"),
    "no option": (lambda _: ["regions", "--form"], 2, "No such option"),
    "SQL that writes": (lambda _: ["sql", "--lake", "none", "DROP TABLE x"], 1, "no lake here"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_one_line_with_the_place_and_the_next_step(name: str, log: Path, tmp_path: Path) -> None:
    prepare, code, text = BAD_INPUT[name]
    before = set(tmp_path.iterdir())
    done = whofrom(*prepare(tmp_path), cwd=tmp_path)
    assert log.exists()
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr
    assert done.stderr.startswith("whofrom: error: ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "lake").exists()
    assert len(set(tmp_path.iterdir()) - before) <= 1


def test_one_bad_source_does_not_stop_the_others(log: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0" * 99)
    done = whofrom("ingest", "--no-geo", "a.bin", log, cwd=tmp_path)
    assert done.returncode == 1
    assert "a.bin: no known log format" in done.stderr
    assert "total: 20 rows, 0 rejects" in done.stderr


def test_help_lists_every_command_and_imports_none() -> None:
    script = "import sys; from pipeline.cli import main\nsys.argv = ['whofrom', '--help']\n"
    script += "try: main()\nexcept SystemExit: pass\n"
    script += "print(sorted({'pyarrow', 'duckdb', 'aiohttp', 'rich', 'deltalake'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert all(f"  {name}" in done.stdout for name in SUBCOMMANDS)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "like"),
    [
        (["help"], ["--help"]),
        (["help", "serve"], ["serve", "--help"]),
        (["help", "lake", "compact"], ["lake", "compact", "--help"]),
        (["version"], ["--version"]),
    ],
)
def test_what_people_try_first_works(arguments: list[str], like: list[str], tmp_path: Path) -> None:
    tried, meant = whofrom(*arguments, cwd=tmp_path), whofrom(*like, cwd=tmp_path)
    assert (tried.returncode, tried.stdout, tried.stderr) == (0, meant.stdout, meant.stderr)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["regoins"], "No such command 'regoins'. Did you mean 'regions'? See whofrom --help"),
        (["Serve"], "No such command 'Serve'. Did you mean 'serve'? See whofrom --help"),
        (["xyz"], "No such command 'xyz'; see whofrom --help"),
        (["help", "\x1b[31m"], "No such command '\\x1b[31m'; see whofrom --help"),
        (["lake", "stats"], "No such command 'stats'. Did you mean 'status'? See whofrom lake --help"),
        (
            ["regions", "--untill", "1h"],
            "No such option '--untill'. Did you mean '--until'? See whofrom regions --help",
        ),
    ],
)
def test_what_is_misspelt_is_told_with_the_nearest_name(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = whofrom(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"whofrom: error: {said}\n")


def test_a_reader_that_goes_away_is_no_error(lake: Path, tmp_path: Path) -> None:
    assert lake.is_dir()
    command = (
        f"{shlex.quote(WHOFROM)} sql 'SELECT a.target FROM requests a, requests b, requests c, requests d' | head -n 1"
    )
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1


@pytest.mark.skipif(not SHARED.exists(), reason="needs the real logs beside the project")
@pytest.mark.parametrize(
    ("name", "rows"), [("elastic_apache_combined.log.gz", 10_000), ("shop_nginx_combined.log", 1_000)]
)
def test_real_logs_come_in_whole_and_are_quiet(name: str, rows: int, tmp_path: Path) -> None:
    done = whofrom("ingest", "--no-geo", SHARED / name, cwd=tmp_path)
    assert f"combined, {rows:,} rows, 0 rejects" in done.stderr
    # lone probes, spammers and who only says to be Google are in each log: low
    assert whofrom("attacks", "--severity", "medium", cwd=tmp_path).stdout == ""


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("regions >&-", 0, ""),
        ("regions -o json >/dev/full", 1, "No space left on device"),
        ("sql - <&-", 1, "0 statements"),
        ("ingest - <&-", 0, "empty: nothing to read"),
        ("", 2, "Commands:"),
        ("regions --since 2026-01-02 --until 2026-01-01", 2, "--since is not before --until"),
        ("sql \"SELECT date '100000-01-01'\"", 1, "a value cannot be shown"),
        ("sql \"SELECT 'a' AS x, 'b' AS x, 1 AS x_2\" -o csv", 0, ""),
    ],
)
def test_odd_ends_of_a_command(command: str, code: int, said: str, lake: Path, tmp_path: Path) -> None:
    assert lake.is_dir()
    done = subprocess.run(
        ["bash", "-c", f"{shlex.quote(WHOFROM)} {command}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_encoding_that_lacks_a_letter_is_no_error(lake: Path, tmp_path: Path) -> None:
    assert lake.is_dir()
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [WHOFROM, "sql", "SELECT 'é–' AS x", "-o", "table"], cwd=tmp_path, env=env, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\xe9\u2013" in done.stdout


def test_names_of_files_and_columns_do_not_reach_the_terminal_raw(lake: Path, tmp_path: Path) -> None:
    assert lake.is_dir()
    (tmp_path / "x\x1b[31mred\n.gz").write_bytes(gzip.compress(b"x" * 999)[:-9])
    done = whofrom("ingest", "*.gz", cwd=tmp_path)
    assert "\x1b" not in done.stderr
    assert done.stderr.count("\n") == 1
    for form in ("table", "csv", "ndjson"):
        shown = whofrom("sql", 'SELECT 1 AS "\x1b[31mX"', "-o", form, cwd=tmp_path)
        assert shown.returncode == 0
        assert "\x1b" not in shown.stdout


def test_the_module_is_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.cli", "--version"], capture_output=True, check=False)
    assert (done.returncode, done.stdout.startswith(b"whofrom "), done.stderr) == (0, True, b"")
