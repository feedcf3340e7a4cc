"""Both questions, asked of one lake: every alert there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from echo.clientip import Config
from pipeline import attacks, logins
from pipeline.alerts.alert import Alert, worst_first
from pipeline.engine.duckdb import Engine

Find = Callable[[Engine, datetime | None, datetime | None, Config | None], list[Alert]]


def _attacks(engine: Engine, since: datetime | None, until: datetime | None, config: Config | None) -> list[Alert]:
    return attacks.find(engine, since, until, attacks.judge_of(config), known=attacks.Known(config))


def _logins(engine: Engine, since: datetime | None, until: datetime | None, config: Config | None) -> list[Alert]:
    return logins.find(engine, logins.parse_settings(config or Config()), since, until)


# question -> who answers it
QUESTIONS: Mapping[str, Find] = {"attacks": _attacks, "logins": _logins}


def find(
    engine: Engine,
    since: datetime | None,
    until: datetime | None,
    config: Config | None = None,
    questions: tuple[str, ...] = tuple(QUESTIONS),
) -> list[Alert]:
    """Return the alerts of a period that questions have, the worst first. Raises QueryFault."""
    return worst_first(alert for name in questions for alert in QUESTIONS[name](engine, since, until, config))
