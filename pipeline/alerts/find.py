"""Both questions, asked of one lake: every alert there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from pipeline import attacks, logins
from pipeline.alerts.alert import Alert, worst_first
from pipeline.engine.duckdb import Engine

Find = Callable[[Engine, datetime | None, datetime | None], list[Alert]]


def _asked() -> Mapping[str, Find]:
    found = {"attacks": getattr(attacks, "find", None), "logins": getattr(logins, "find", None)}
    return {name: find for name, find in found.items() if find is not None}


def find(
    engine: Engine, since: datetime | None, until: datetime | None, questions: tuple[str, ...] = ("attacks", "logins")
) -> list[Alert]:
    """Return the alerts of a period that questions have, the worst first. Raises QueryFault."""
    asked = _asked()
    return worst_first(alert for name in questions if name in asked for alert in asked[name](engine, since, until))
