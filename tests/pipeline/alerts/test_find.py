"""Both questions together: what both found is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from echo.clientip import ConfigFault, parse_config
from pipeline.alerts import find as module
from pipeline.alerts.find import QUESTIONS, SHARED, check, find
from pipeline.engine.duckdb import Engine
from tests.pipeline.alerts.test_alert import ALERT


def test_what_both_found_is_told_by_logins(
    engine_of: Callable[[Iterable[dict[str, Any]]], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    spraying = replace(ALERT, rule="spraying")
    other = replace(ALERT, rule="spraying", subject="203.0.113.10")
    answers = {"attacks": [spraying, other], "logins": [replace(spraying, question="logins", key="two nets")]}
    monkeypatch.setattr(module, "QUESTIONS", {name: lambda *_, name=name: answers[name] for name in QUESTIONS})
    engine = engine_of([])
    found = find(engine, None, None)
    assert {(one.question, one.subject) for one in found} == {("logins", "203.0.113.9"), ("attacks", "203.0.113.10")}
    assert len(find(engine, None, None, questions=("attacks",))) == 2


def test_there_are_such_rules() -> None:
    assert "spraying" in SHARED


@pytest.mark.parametrize("text", ["[logins]\nnonsense = 1", "[attacks]\nnonsense = 1"])
def test_what_is_wrong_is_said_before_anything_is_asked(text: str) -> None:
    with pytest.raises(ConfigFault, match="nonsense"):
        check(parse_config(text, "w.toml"))
