"""`whofrom alerts`: once, whatever happens to the process; its exit codes and what it says."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from pipeline.commands.alerts import alerts
from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.alerts.receivers import receiving
from tests.pipeline.alerts.running import Done, run_command
from tests.pipeline.conftest import NOON, table_of

SECONDS = 60


def attack(client: str, paths: int = 60) -> list[dict[str, object]]:
    """Requests that probing finds."""
    return [
        {"ts": NOON + timedelta(seconds=number), "client_ip": client, "method": "GET", "target": f"/{number}.php",
         "status": 404, "source": client, "source_offset": number}
        for number in range(paths)
    ]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lake = Lake(str(tmp_path / "lake"))
    rows = table_of([row for client in ("203.0.113.9", "198.51.100.7") for row in attack(client)])
    lake.commit(lake.write(rows), rejects_of({one.name: [] for one in REJECT_SCHEMA}), "test", Mark(1, 0), None)
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "pipeline.cli", "alerts", *words]


def run(folder: Path, *words: str, code: int = 0) -> Done:
    return run_command(alerts, folder, *words, code=code, HOOK_SECRET="0123456789abcdef0123456789abcdef")


def subjects(out: str) -> set[str]:
    return {orjson.loads(line)["subject"] for line in out.splitlines()}


def test_each_alert_is_printed_once(folder: Path) -> None:
    assert subjects(run(folder).stdout) == {"203.0.113.9", "198.51.100.7"}
    again = run(folder)
    assert again.stdout == ""
    assert "printed before; --all shows all" in again.stderr
    every = [orjson.loads(line) for line in run(folder, "--all").stdout.splitlines()]
    assert all(one["told"] == ["stdout"] and one["silenced"] == "" for one in every)


def test_a_dry_run_tells_nobody(folder: Path) -> None:
    assert subjects(run(folder, "--dry-run").stdout) == {"203.0.113.9", "198.51.100.7"}
    assert not (folder / "lake" / "alerts").exists()


def test_fail_on(folder: Path) -> None:
    severities = {
        orjson.loads(line)["severity"] for line in run(folder, "--fail-on", "low", code=4).stdout.splitlines()
    }
    assert severities == {"low"}
    run(folder, "--fail-on", "low", code=4)  # it is still there when it was told
    run(folder, "--fail-on", "medium")


def test_what_is_silenced_is_counted_and_can_be_shown(folder: Path) -> None:
    (folder / "w.toml").write_text(
        '[[alerts.silence]]\nsubject = "198.51.100.0/24"\nreason = "our own scanner"\n'
        '[[alerts.silence]]\nrule = "sqli"\nreason = "last year"\nuntil = 2025-01-01\n'
    )
    done = run(folder, "--config", "w.toml", "--dry-run")
    assert subjects(done.stdout) == {"203.0.113.9"}
    assert "silenced: our own scanner; --all shows them" in done.stderr
    assert "the silence 'last year' ended 2025-01-01 00:00 UTC: take it out" in done.stderr
    every = [orjson.loads(line) for line in run(folder, "--config", "w.toml", "--all").stdout.splitlines()]
    assert {one["subject"] for one in every if one["silenced"]} == {"198.51.100.7"}


def test_a_sink_that_does_not_answer_is_a_failure_and_the_next_run_tells_it(folder: Path) -> None:
    words = ("--to", "webhook=http://127.0.0.1:1/", "--wait", "0")
    assert "wait for the next run" in run(folder, *words, code=1).stderr
    with receiving() as receiver:
        (folder / "w.toml").write_text(
            f'[[alerts.to]]\nkind = "webhook"\nurl = "{receiver.url}"\nsecret_env = "HOOK_SECRET"\n'
        )
        run(folder, "--config", "w.toml", "--since", "2026-06-01")  # a period in which there is none
        told = receiver.ids
        assert len(told) == len(set(told)) >= 2
        assert all(one.headers["webhook-signature"].startswith("v1,") for one in receiver.got)
        run(folder, "--config", "w.toml")
        assert receiver.ids == told


def test_a_kill_loses_no_alert_and_tells_none_twice_but_the_one_in_between(folder: Path) -> None:
    """Killed while an answer is awaited: that one is told again, by the same id; those before are not."""
    with receiving(lambda count: (200, {}, 20.0 if count == 2 else 0.0)) as receiver:
        words = ("--to", f"webhook={receiver.url}")
        process = subprocess.Popen(command(*words), cwd=folder, stderr=subprocess.DEVNULL)
        end = time.monotonic() + SECONDS
        while len(receiver.got) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        run(folder, *words)
        first, second, third, *rest = receiver.ids
        assert second == third != first
        assert first not in rest
        assert len({first, second, *rest}) == len(rest) + 2
        assert len(set(receiver.ids)) == len(run(folder, "--all").stdout.splitlines())
