"""The cost model is arithmetic: twice as much costs twice as much, and no executor helps with the one large client."""

from __future__ import annotations

import math

import pytest

from benchmarks.cluster.model import Asked, Choices, Costs, plan

TERA = 1e12
COSTS = Costs(
    line=250.0, row=25.0, ingest={"parse": 2e-6, "write": 1e-6}, efficiency=0.75, task=1e8, files=2.0, told=500.0,
    commit=0.01, logged=600.0, held=1_000.0, opened=1e-5, skew=0.5,
    asked={
        "regions": Asked(core_seconds=1e-6, shuffled=2.0, longest=0.0, efficiency=1.0, days=1),
        "logins": Asked(core_seconds=1e-6, shuffled=0.0, longest=5e-7, efficiency=0.5, days=30),
    },
)  # fmt: skip


def test_a_terabyte_by_hand() -> None:
    found = plan(TERA, COSTS)
    assert (found.rows, found.lake) == (4e9, 1e11)
    assert found.core_hours == pytest.approx(4e9 * 3e-6 / 0.75 / 3600)
    # 16,000 core-seconds, half as many again, in 8 hours by executors of 4 cores
    assert found.executors == math.ceil(16_000 * 1.5 / (8 * 3600) / 4) == 1
    assert (found.tasks, found.files, found.file) == (10_000, 20_000, 5e6)
    assert (found.compacted, found.kept) == (391, 391 * 90)
    assert (found.told, found.logged) == (1e7, 1.2e7)
    assert found.commit == pytest.approx(200)
    assert (found.held, found.opened) == (pytest.approx(391 * 90 * 1000), pytest.approx(0.3519))


def test_questions_read_as_many_days_as_they_do() -> None:
    regions, logins = (plan(TERA, COSTS).questions[name] for name in ("regions", "logins"))
    assert (regions.rows, logins.rows) == (4e9, 1.2e11)
    assert (regions.shuffled, regions.partitions) == (8e9, 63)
    assert (logins.shuffled, logins.partitions) == (0, 1)
    assert regions.executors == math.ceil(4_000 * 1.5 / 1800 / 4)
    assert logins.executors == math.ceil(240_000 * 1.5 / 1800 / 4)


def test_a_hundred_times_the_logs_is_a_hundred_times_the_work() -> None:
    one, many = plan(TERA, COSTS), plan(100 * TERA, COSTS)
    for name in ("rows", "lake", "core_hours", "tasks", "files", "told", "commit", "logged"):
        assert getattr(many, name) == pytest.approx(100 * getattr(one, name)), name
    assert many.file == one.file
    assert many.questions["logins"].longest == pytest.approx(100 * one.questions["logins"].longest)


@pytest.mark.parametrize(
    ("choices", "less"),
    [
        (Choices(answer=3600.0), True), (Choices(cores=8), True), (Choices(headroom=1.0), True),
        (Choices(answer=60.0), False), (Choices(cores=1), False), (Choices(headroom=2.0), False),
    ],
)  # fmt: skip
def test_what_is_chosen_moves_executors_and_not_the_longest_task(choices: Choices, less: bool) -> None:
    usual, other = (plan(TERA, COSTS, one).questions["logins"] for one in (Choices(), choices))
    assert (other.executors < usual.executors) is less
    assert other.longest == usual.longest == pytest.approx(1.2e11 * 5e-7)
