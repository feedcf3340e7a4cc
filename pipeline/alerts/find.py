"""Both questions, asked of one lake: every alert there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from echo.clientip import Config
from pipeline import attacks, logins
from pipeline.alerts.alert import Alert, worst_first
from pipeline.engine import Engine

Find = Callable[[Engine, datetime | None, datetime | None, Config | None], list[Alert]]


def _attacks(engine: Engine, since: datetime | None, until: datetime | None, config: Config | None) -> list[Alert]:
    return attacks.find(engine, since, until, attacks.judge_of(config), known=attacks.Known(config))


def _logins(engine: Engine, since: datetime | None, until: datetime | None, config: Config | None) -> list[Alert]:
    return logins.find(engine, logins.parse_settings(config or Config()), since, until)


# rules that both have: which of the two tells is known when both were asked
SHARED = frozenset(rule.code for rule in attacks.RULES) & frozenset(logins.RULES)
# question -> who answers it
QUESTIONS: Mapping[str, Find] = {"attacks": _attacks, "logins": _logins}


def find(
    engine: Engine,
    since: datetime | None,
    until: datetime | None,
    config: Config | None = None,
    questions: tuple[str, ...] = tuple(QUESTIONS),
) -> list[Alert]:
    """
    Return the alerts of a period that questions have, the worst first. What both found is told by logins, which knows
    the history.

    Raises QueryFault, and ConfigFault for tables of the questions.
    """
    found = {name: QUESTIONS[name](engine, since, until, config) for name in questions}
    told = {(one.rule, one.subject, one.day) for one in found.get("logins", ())}
    attacked = [one for one in found.pop("attacks", ()) if (one.rule, one.subject, one.day) not in told]
    return worst_first([*attacked, *(one for alerts in found.values() for one in alerts)])


def check(config: Config) -> None:
    """Raise ConfigFault for what is wrong in the tables of the questions, before anything is asked."""
    logins.parse_settings(config)
    attacks.Known(config)
