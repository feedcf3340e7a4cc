"""The pages on alerts and watch say the numbers of the code."""

from __future__ import annotations

import re
from pathlib import Path

from echo.clientip import parse_config
from pipeline.alerts.deliver import FIRST_WAIT, GIVE_UP, LONGEST_WAIT
from pipeline.alerts.journal import KEPT, MAX_KEPT
from pipeline.alerts.sending import MAX_AFTER, TOO_SOON
from pipeline.alerts.settings import DEFAULT_FAST, DEFAULT_SLOW, parse_alerts
from pipeline.commands.watch import DRAIN_SECONDS
from pipeline.watch.pace import TIMES
from pipeline.watch.watcher import ASK_SHARE, END_SECONDS

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PAGES = {name: (HOW_TO / f"{name}.md").read_text("utf-8") for name in ("alerts", "watch")}


def test_the_toml_is_a_configuration() -> None:
    text, _ = re.findall(r"```toml\n(.*?)```", PAGES["alerts"], re.DOTALL)
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
