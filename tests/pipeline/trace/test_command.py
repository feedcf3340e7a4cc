"""The command: what a text names, what it writes where, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from echo.clientip import Fault
from pipeline.cli import whofrom
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from pipeline.trace.story import KEYS
from tests.pipeline.conftest import table_of
from tests.pipeline.report.pages import Page
from tests.pipeline.trace import intrusion
from tests.pipeline.trace.intrusion import INTRUDER, READER

ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The intrusion, and a user who is called as a request is."""
    folder = tmp_path_factory.mktemp("command")
    rows: list[dict[str, Any]] = [
        *intrusion.rows(),
        intrusion.request(50, READER, "/", 200, request_id=ID, user=None),
        intrusion.request(51, READER, "/", 200, user=ID),
        intrusion.request(52, READER, "/", 200, user=INTRUDER),
    ]
    lake = Lake(str(folder / "lake"))
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of(rows)), rejects, "access.log", Mark(1, 0), None)
    return folder


def run(folder: Path, *args: str) -> Result:
    return CliRunner().invoke(whofrom, ["trace", *args, "--lake", str(folder / "lake")])


def told(folder: Path, *args: str) -> dict[str, Any]:
    result = run(folder, *args)
    assert result.exit_code == 0, result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_in_a_pipe_it_is_one_object_with_the_keys_that_stay(folder: Path) -> None:
    story = told(folder, INTRUDER, "--no-alerts")
    assert list(story) == list(KEYS)
    assert story["verdict"]["stage"] == "login"
    assert story["alerts"] == []


def test_alerts_are_named_and_traced_by_their_id(folder: Path) -> None:
    story = told(folder, INTRUDER)
    rules = {one["rule"]: one for one in story["alerts"]}
    assert rules, "an intrusion is worth an alert"
    of_source = next(one for one in story["alerts"] if one["subject"] == INTRUDER)
    again = told(folder, of_source["id"])
    assert again["subject"]["text"] == INTRUDER
    assert again["seen"] == story["seen"]


def test_what_is_a_user_and_a_request_is_to_be_said(folder: Path) -> None:
    result = run(folder, ID)
    assert isinstance(result.exception, Fault)
    assert result.exception.exit_code == 2
    assert str(result.exception) == f"'{ID}' is a request and a user; --as request or --as user"
    assert told(folder, ID, "--as", "user", "--no-alerts")["seen"]["requests"] == 1
    assert told(folder, ID, "--as", "request", "--no-alerts")["subject"]["kind"] == "request"


def test_a_user_may_be_called_like_an_address(folder: Path) -> None:
    assert told(folder, INTRUDER, "--as", "user", "--no-alerts")["values"]["client"][0]["value"] == READER


@pytest.mark.parametrize("text", ["0123456789abcdef", "203.0.113.9@2026-03-02"])
def test_an_alert_that_there_is_not_is_a_fault(text: str, folder: Path) -> None:
    result = run(folder, text)
    assert isinstance(result.exception, Fault)
    assert "whofrom alerts" in str(result.exception)


def test_a_page_is_a_file_or_goes_to_standard_output(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "trace.html"
    done = run(folder, INTRUDER, "--no-alerts", "--html", str(target))
    assert done.stdout == ""
    assert done.stderr == f"{target}: a page of {len(target.read_bytes()) // 1000 + 1:,} kB\n"
    Page(target.read_bytes()).check()
    assert run(folder, INTRUDER, "--no-alerts", "--html", "-").stdout.startswith("<!doctype html>")
    refused = run(folder, INTRUDER, "--no-alerts", "--html", str(tmp_path / "no" / "such.html"))
    assert isinstance(refused.exception, Fault)


def test_full_tells_more_lines(folder: Path) -> None:
    few = told(folder, "203.0.113.0/24", "--no-alerts")["timeline"]
    many = told(folder, "203.0.113.0/24", "--no-alerts", "--full")["timeline"]
    assert len(few) <= 40 <= len(many) + 40
    assert sum(run["requests"] for run in few) == sum(run["requests"] for run in many)
