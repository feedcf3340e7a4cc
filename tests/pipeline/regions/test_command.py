"""`whofrom regions` as it is called: forms, names, the page, and what does not go together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.cli import whofrom as command
from pipeline.errors import UsageFault
from tests.pipeline.regions.fortnight import write

WHOFROM = str(Path(sys.executable).parent / "whofrom")
MMDB = Path(__file__).parents[2] / "data" / "mmdb" / "GeoIP2-City-Test.mmdb"


def whofrom(folder: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [WHOFROM, *args], cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def regions(site: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, called in this process."""
    monkeypatch.chdir(site)
    return lambda *args: CliRunner().invoke(command, ["regions", *args])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write(folder / "site.ndjson")
    done = whofrom(folder, "ingest", "--geo", str(MMDB), "site.ndjson")
    assert done.returncode == 0, done.stderr
    return folder


def test_json_has_codes_and_names_if_a_language_is_asked_for(regions: Callable[..., Result]) -> None:
    plain = json.loads(regions("--places", "1", "-o", "json").stdout)[0]
    named, short = (
        json.loads(regions("--places", "1", "-o", "json", "--lang", lang).stdout)[0] for lang in ("zh-CN", "zh")
    )
    assert short == named
    assert "country_name" not in plain
    assert list(named)[:3] == ["country", "country_name", "requests"]
    assert named == plain | {"country_name": "英国"}


def test_over_time_and_versus_have_their_columns(regions: Callable[..., Result]) -> None:
    day = json.loads(regions("--every", "day", "--by", "version", "-o", "ndjson").stdout.splitlines()[0])
    assert list(day)[:3] == ["period", "version", "requests"]
    assert day["period"] == "2026-10-04T00:00:00Z"
    rows = [json.loads(line) for line in regions("--versus", "7d", "-o", "ndjson").stdout.splitlines()]
    assert {row["country"]: row["trend"] for row in rows}["SE"] == "grew"
    previous = regions("--since", "2026-10-18", "--versus", "previous", "-o", "csv")
    assert "beside 2026-10-17 15:" in previous.stderr


def test_a_page_on_standard_output(regions: Callable[..., Result]) -> None:
    done = regions("--html", "-", "--since", "2026-10-10", "--every", "hour")
    assert done.stdout.startswith("<!doctype html>")
    assert "2026-10-10 00:00 to" in done.stdout
    assert done.stderr == ""


def test_a_page_that_cannot_be_written_is_one_line(regions: Callable[..., Result]) -> None:
    fault = regions("--html", "none/page.html").exception
    assert isinstance(fault, UsageFault)
    assert str(fault).startswith("none/page.html: cannot be written")


@pytest.mark.parametrize(
    ("args", "fault"),
    [
        ("--every day --versus 7d", "are two questions"),
        ("--map -o json", "stands above a table of places"),
        ("--map -o table --every day", "stands above a table of places"),
        ("--html x.html --by city", "has all levels, as a page"),
        ("--html x.html -o json", "has all levels, as a page"),
        ("--versus yesterday", "is no time"),
        ("--by planet", "is not one of"),
        ("--lang fr", "is not one of"),
    ],
)
def test_what_does_not_go_together_says_so(regions: Callable[..., Result], site: Path, args: str, fault: str) -> None:
    done = regions(*args.split())
    assert done.exit_code != 0
    assert fault in f"{done.stderr}{done.exception}"
    assert not (site / "x.html").exists()


def test_a_terminal_without_utf8_gets_other_characters(site: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii", "COLUMNS": "120"}
    done = whofrom(site, "regions", "--map", "-o", "table", "--lang", "en", **env)
    assert done.stdout.isascii()
    assert "####" in done.stdout
    assert "\\u2588" not in done.stdout
