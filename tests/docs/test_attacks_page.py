"""docs/explanation/attacks.md says the numbers by which a trace is judged."""

from __future__ import annotations

from pathlib import Path

from pipeline.trace.forged import MANY_CLAIMS
from pipeline.trace.stages import GUESSED_LOGINS, PROBED_PATHS

PAGE = " ".join((Path(__file__).parents[2] / "docs" / "explanation" / "attacks.md").read_text("utf-8").split())


def test_numbers() -> None:
    assert f"more than {PROBED_PATHS} paths in ten minutes" in PAGE
    assert f"more than {GUESSED_LOGINS} failed logins in ten minutes" in PAGE
    assert f"more than {MANY_CLAIMS} addresses" in PAGE
