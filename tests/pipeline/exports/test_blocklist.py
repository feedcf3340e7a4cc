"""`whofrom blocklist` as a command."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from pipeline.alerts import Alert
from pipeline.alerts.document import as_document
from pipeline.commands.blocklist import blocklist
from pipeline.exports.files import replace
from tests.pipeline.alerts.running import Done, run_command
from tests.pipeline.exports.made import ALERT, AT, alert


def run(folder: Path, *words: str, code: int = 0) -> Done:
    return run_command(blocklist, folder, *words, code=code)


@pytest.fixture
def alerts(tmp_path: Path) -> Path:
    given = (
        ALERT,
        alert("10.0.0.1"),
        alert("203.0.113.50", severity="low"),
        alert("203.0.113.60", ended=AT - timedelta(days=9)),
    )
    (tmp_path / "alerts").write_bytes(b"\n".join(orjson.dumps(as_document(one)) for one in given))
    return tmp_path


MOMENT = ("--from", "alerts", "--at", f"{AT:%Y-%m-%dT%H:%M:%SZ}")


def test_a_list_goes_to_standard_output_and_the_rest_is_said(alerts: Path) -> None:
    done = run(alerts, "plain", *MOMENT)
    assert done.stdout.splitlines()[1:] == ["203.0.113.9"]
    assert "10.0.0.1: not blocked: is a private address" in done.stderr
    assert "1 entry left out: their time is over" in done.stderr


@pytest.mark.parametrize(
    ("given", "words", "said"),
    [
        (ALERT, ("--at", "2030-01-01"), "1 entry left out: their time is over\nnothing to block\n"),
        (
            alert("203.0.113.50", severity="low"),
            (),
            "nothing to block: no alert of severity high or worse is about an address\n",
        ),
    ],
)
def test_where_nobody_is_to_be_blocked_it_says_so(
    given: Alert, words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    (tmp_path / "alerts").write_bytes(orjson.dumps(as_document(given)))
    done = run(tmp_path, "plain", "--from", "alerts", *words)
    assert (done.stdout, done.stderr) == ("", said)


def test_a_file_is_replaced_and_a_dry_run_shows_by_what(alerts: Path) -> None:
    run(alerts, "nginx-deny", *MOMENT, "--out", "deny.conf")
    assert "deny 203.0.113.9;" in (alerts / "deny.conf").read_text()
    before = (alerts / "deny.conf").read_bytes()
    done = run(
        alerts,
        "nginx-deny",
        *MOMENT,
        "--severity",
        "low",
        "--lifetime",
        "48h",
        "--out",
        "deny.conf",
        "--dry-run",
        "-o",
        "ndjson",
    )
    rows = {row["network"]: row["change"] for row in map(orjson.loads, done.stdout.splitlines())}
    assert rows == {"203.0.113.9": "extended", "203.0.113.50": "added"}
    assert "1 added, 0 removed, 1 extended, 0 shortened, 0 same" in done.stderr
    assert (alerts / "deny.conf").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plain", "--dry-run"), "compares with a list"),
        (("plain", "-o", "json"), "goes with --dry-run"),
        (("plain", "--name", "a;b"), "is no name"),
        (("plain", "--lifetime", "long"), "is no length of time"),
        (("plain", "--from", "nothing"), "cannot be read"),
    ],
)
def test_what_is_no_use_is_said(alerts: Path, words: tuple[str, ...], said: str) -> None:
    assert said in run(alerts, *words, code=2).stderr


def test_a_file_that_is_replaced_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    replace(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    assert {path.name for path in tmp_path.iterdir()} == {"real", "link"}
