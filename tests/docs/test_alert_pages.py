"""The pages on alerts and watch: their transcripts are what happens, their numbers the code's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from echo.clientip import parse_config
from pipeline.alerts.deliver import FIRST_WAIT, GIVE_UP, LONGEST_WAIT
from pipeline.alerts.journal import KEPT, MAX_KEPT
from pipeline.alerts.sending import MAX_AFTER, TOO_SOON
from pipeline.alerts.settings import DEFAULT_FAST, DEFAULT_SLOW, parse_alerts
from pipeline.commands.watch import DRAIN_SECONDS
from pipeline.watch.pace import TIMES
from pipeline.watch.watcher import ASK_SHARE, END_SECONDS
from tests.docs.transcripts import matches, steps

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PAGES = {name: (HOW_TO / f"{name}.md").read_text("utf-8") for name in ("alerts", "watch")}
SECONDS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    times = [f"05/Oct/2026:10:{number // 60:02}:{number % 60:02} +0000" for number in range(120)]
    scan = [
        f'203.0.113.9 - - [{moment}] "GET /{number}.php HTTP/1.1" 404 5 "-" "x"' for number, moment in enumerate(times)
    ]
    (tmp_path / "scan.log").write_text("\n".join(scan) + "\n")
    (toml,) = re.findall(r"\$ cat whofrom.toml\n(.*?)\n\$", PAGES["alerts"], re.DOTALL)
    (tmp_path / "whofrom.toml").write_text(toml + "\n")
    return tmp_path


@pytest.mark.parametrize("name", PAGES)
def test_every_transcript_is_what_happens(name: str, folder: Path) -> None:
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    started = []
    try:
        for command, expected in steps(PAGES[name]):
            if command.endswith(" &"):
                words = command.removesuffix(" &").split()
                started.append(subprocess.Popen(words, cwd=folder, env=env, stderr=subprocess.PIPE, text=True))
                actual = started[-1].stderr.readline()  # type: ignore[union-attr]
            else:
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=folder,
                    env=env,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=SECONDS,
                )
                actual = done.stdout + done.stderr
            assert matches(expected, actual), f"$ {command}\n{actual}\n-- the page says --\n{expected}"
    finally:
        for one in started:
            one.terminate()
            assert one.wait(SECONDS) == 0
            one.stderr.close()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for target, anchor in re.findall(r"\]\((?!https:)([^)#]+)(?:#([^)]*))?\)", PAGES[name]):
        path = ROOT / "docs" / "how-to" / target
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w-]", "", head.lower().replace(" ", "-")) for head in headings}


def test_the_toml_is_a_configuration() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGES["alerts"], re.DOTALL)
    config = parse_config(text, "alerts.md")
    sinks = parse_alerts(config.tables, config.path, environment={"WHOFROM_WEBHOOK_SECRET": "x" * 32}).sinks
    assert [sink.kind for sink in sinks] == ["webhook", "alertmanager", "ndjson"]


def test_numbers() -> None:
    alerts = " ".join(PAGES["alerts"].split())
    assert (FIRST_WAIT, LONGEST_WAIT, MAX_AFTER) == (1, 300, 3600)
    assert "a second apart at first and five minutes at last" in alerts
    assert GIVE_UP.days == 3
    assert all(f"{status}" in alerts for status in TOO_SOON)
    assert f"in the last {KEPT.days} days, at most {MAX_KEPT:,} alerts" in alerts
    watch = " ".join(PAGES["watch"].split())
    assert (DEFAULT_FAST.total_seconds(), DEFAULT_SLOW.total_seconds(), TIMES, ASK_SHARE) == (5, 600, 3, 0.25)
    assert "every five seconds (`[alerts] fast`)" in watch
    assert END_SECONDS == DRAIN_SECONDS == 5
    assert "looked at for up to five seconds, sinks are told for five more" in watch
    assert "Every ten minutes (`slow`)" in watch
