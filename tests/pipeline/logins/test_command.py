"""`whofrom logins` as it is called: forms, exit codes, what is kept back, and explanations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pipeline.alerts.document import ALERT_KEYS
from pipeline.cli import whofrom
from pipeline.errors import UsageFault
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.conftest import NOON, table_of
from tests.pipeline.logins.conftest import BERLIN, POTSDAM, TOKYO, after, history, login

ROWS = [
    *history(BERLIN),
    login(BERLIN, NOON),
    login(TOKYO, after(minutes=40)),
    *history({**BERLIN, "client_ip": "2.125.170.1"}, 3, "bob"),
    login({**TOKYO, "client_ip": "2.125.171.1"}, NOON, "bob"),
    *history({**BERLIN, "client_ip": "2.125.172.1"}, 12, "eve\x1b[31m"),
    login({**POTSDAM, "client_ip": "2.125.173.1"}, NOON, "eve\x1b[31m"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("command") / "lake")
    made = Lake(path)
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    made.commit(made.write(table_of(ROWS)), rejects, "test", Mark(1, 0), None)
    return path


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def run(lake: str, *arguments: str) -> Result:
    return CliRunner().invoke(whofrom, ["logins", "--lake", lake, *arguments])


def rows(lake: str, *arguments: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(lake, "-o", "ndjson", *arguments).stdout.splitlines()]


def test_findings_are_alerts_the_worst_first(lake: str) -> None:
    found = rows(lake)
    assert [(row["severity"], row["rule"]) for row in found] == [("high", "impossible_travel"), ("low", "new_region")]
    assert all(tuple(row) == tuple(ALERT_KEYS) for row in found)


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
def test_every_form_is_safe_to_look_at(lake: str, form: str) -> None:
    shown = run(lake, "-o", form, "--all")
    assert shown.exit_code == 0
    assert "impossible_" in shown.stdout  # a narrow table folds it
    assert "\x1b" not in shown.stdout


def test_what_is_kept_back_is_counted_and_shown_when_asked_for(lake: str) -> None:
    assert "1 kept back, which --all shows" in run(lake).stderr
    kept = [row for row in rows(lake, "--all") if row["silent"]]
    assert [(row["subject"], row["silent"]) for row in kept] == [("bob", "learning")]
    assert len(rows(lake, "--learning")) == len(rows(lake, "--all"))


@pytest.mark.parametrize(("severity", "code"), [("high", 4), ("medium", 4), ("low", 4)])
def test_cron_is_told_by_the_exit_code(lake: str, severity: str, code: int) -> None:
    assert run(lake, "--fail-on", severity).exit_code == code
    assert run(lake, "--fail-on", severity, "--until", "2025-12-01").exit_code == 0


def test_fail_on_takes_no_notice_of_what_is_kept_back(lake: str) -> None:
    assert run(lake, "--all", "--fail-on", "high", "--since", "2026-01-01T12:41").exit_code == 0


def test_the_toml_changes_numbers_and_names_networks(lake: str, tmp_path: Path) -> None:
    config = tmp_path / "whofrom.toml"
    config.write_text('[logins]\nlearning_logins = 3\nnetworks = ["office"]\nnamed = { office = ["2.125.161.0/24"] }\n')
    found = rows(lake, "--config", str(config), "--all")
    kept = {row["subject"]: row["silent"] for row in found if row["rule"] != "new_region"}
    assert kept == {"alice": "own_network", "bob": None}


def test_an_explanation_is_found_by_the_beginning_of_an_id(lake: str) -> None:
    alert = rows(lake)[0]
    told = run(lake, "explain", str(alert["id"])[:8])
    assert told.exit_code == 0
    for words in (
        f"{alert['id']}  impossible_travel, high",
        "the history     of 20 logins or 30 days, whichever reaches further back",
        "Berlin (DE): 13 logins, 2025-12-20 to 2026-01-01",
        "the country     JP is new",
        "8,917 km, less 20 and 20 km that the places may be wrong by: 8,877 km, of 500 that it takes",
        "in 40 minutes: 13,316 km/h, of 900 that it takes",
        "kept back?      no: 2.125.161.217 is in no network of [logins]",
        "so              a finding: high, confidence medium.",
    ):
        assert words in told.stdout


def test_what_was_kept_back_is_explained_too(lake: str) -> None:
    (kept,) = [row for row in rows(lake, "--all") if row["silent"]]
    told = run(lake, "explain", str(kept["id"]))
    assert "still learned: that takes 10 logins or 14 days, whichever is earlier" in told.stdout
    assert "so              kept back: the user is still learned" in told.stdout
    (told_as_json,) = [json.loads(run(lake, "explain", str(kept["id"]), "-o", "json").stdout)]
    assert (told_as_json["silent"], told_as_json["why"]) == ("learning", "the user is still learned")


def test_a_name_that_a_terminal_would_obey_is_escaped_in_explanations(lake: str) -> None:
    found = rows(lake)[1]
    assert found["subject"] == "eve\x1b[31m"
    told = run(lake, "explain", str(found["id"])).stdout
    assert "eve" in told
    assert "\x1b" not in told


@pytest.mark.parametrize(("wanted", "said"), [("abc", "4 characters at least"), ("zzzz", "no finding has that id")])
def test_an_id_that_is_none(lake: str, wanted: str, said: str) -> None:
    failed = run(lake, "explain", wanted)
    assert isinstance(failed.exception, UsageFault)
    assert said in str(failed.exception)


def test_an_explanation_is_no_wider_than_the_terminal(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = str(rows(lake)[0]["id"])
    monkeypatch.setenv("COLUMNS", "200")
    wide = run(lake, "explain", found).stdout
    assert max(map(len, wide.splitlines())) <= 120
    monkeypatch.setenv("COLUMNS", "80")
    narrow = run(lake, "explain", found).stdout
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.split() == wide.split()
