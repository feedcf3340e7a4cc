"""The benchmark of logins: a year is drawn by its seed alone, and what is planted is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.logins.__main__ import Drawn, draw, engine_of
from benchmarks.logins.report import _precision, _recall
from benchmarks.logins.score import score
from pipeline.logins import Settings, find

USERS, DAYS, RIGHT = 80, 200, (0.0, 0.0)


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    return draw(3, USERS, DAYS, RIGHT, claims=False)


def test_a_seed_draws_one_year(drawn: Drawn) -> None:
    assert draw(3, USERS, DAYS, RIGHT, claims=False).rows.equals(drawn.rows)
    assert not draw(4, USERS, DAYS, RIGHT, claims=False).rows.equals(drawn.rows)


def test_people_travel_no_faster_than_planes(drawn: Drawn) -> None:
    """Without mistakes of a database, phones that roam and VPNs, nobody but a thief is too fast."""
    known = {(one.user, one.ts.date()): one.why for each in drawn.logins.values() for one in each}
    assert set(known.values()) <= {"", "travel", "roaming", "vpn", "carrier", "leave"}


def test_what_is_planted_is_found_but_for_silent_networks(drawn: Drawn, tmp_path: Path) -> None:
    found = score(find(engine_of(drawn.rows, str(tmp_path / "lake")), Settings()), drawn.planted, drawn.logins)
    for kind, count in found.planted.items():
        assert found.found[kind, "any"] >= count - found.hidden[kind], kind
    assert _recall(found).count("\n") == len(found.planted) + 2
    assert "| guessed | high |" in _precision(found)
