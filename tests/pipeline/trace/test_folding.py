"""A long story in few lines, from which nothing is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipeline.trace import folding
from pipeline.trace.folding import LEVELS, Run, alike, fold, joined, squeezed
from pipeline.trace.stages import LOUD, RANKS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def run(second: float, path: str = "/a", *, stage: str = "", status: int = 404, count: int = 1, client: str = "9.9.9.9",
        head: str | None = None, method: str = "GET") -> Run:  # fmt: skip
    moment = NOON + timedelta(seconds=second)
    return Run(
        moment, moment, count, client, stage, method, (status,), path[:3] if head is None else head, path, path, 1
    )


def told(runs: list[Run]) -> list[tuple[int, str, str]]:
    return [(one.requests, one.pattern, one.stage) for one in runs]


@pytest.mark.parametrize(
    ("runs", "most", "lines"),
    [
        # like ones of a short time are one line, whatever the limit
        ([run(0, "/wp-login.php"), run(5, "/wp-admin/"), run(9, "/wp-config.bak")], 99, [(3, "/wp-*", "")]),
        # what pauses for longer than LEVELS says begins a new line
        ([run(0, "/wp-a"), run(500, "/wp-b")], 99, [(1, "/wp-a", ""), (1, "/wp-b", "")]),
        # others between them do not part them
        ([run(0, "/wp-a"), run(1, "/x", status=200), run(2, "/wp-b")], 99, [(2, "/wp-*", ""), (1, "/x", "")]),
        # other statuses, methods and clients are other lines as long as there is room
        ([run(0), run(1, status=200), run(2, method="POST"), run(3, client="9.9.9.8")], 4, [(1, "/a", "")] * 4),
        # without room: different paths of one answer first
        ([run(0, "/aa"), run(1, "/bb"), run(2, "/cc", status=200)], 2, [(2, "/*", ""), (1, "/cc", "")]),
        # a web shell among probes keeps its line
        (
            [*(run(n, f"/{n:02}x", stage="recon") for n in range(50)), run(9, "/s.php", stage="webshell", status=200)],
            2, [(50, "/*", "recon"), (1, "/s.php", "webshell")],
        ),
        ([], 5, []),
    ],
)  # fmt: skip
def test_what_is_told(runs: list[Run], most: int, lines: list[tuple[int, str, str]]) -> None:
    found = fold(sorted(runs, key=lambda one: one.began), most)
    assert sorted(told(found)) == sorted(lines)


RUNS = some.lists(
    some.builds(
        run,
        second=some.integers(0, 100_000).map(float),
        path=some.sampled_from(("/", "/wp-login.php", "/wp-admin", "/.env", "/a/b", "/é", "")),
        stage=some.sampled_from(("", *RANKS)),
        status=some.sampled_from((200, 302, 404, 500)),
        count=some.integers(1, 50),
        client=some.sampled_from(("9.9.9.9", "9.9.9.8")),
    ),
    max_size=60,
).map(lambda runs: sorted(runs, key=lambda one: one.began))


@given(RUNS, some.integers(1, 12))
def test_nothing_is_lost_and_lines_are_bounded(runs: list[Run], most: int) -> None:
    found = fold(runs, most)
    assert len(found) <= most
    assert sum(one.requests for one in found) == sum(one.requests for one in runs)
    assert {one.began for one in found} <= {one.began for one in runs}
    if runs:
        assert min(one.began for one in found) == runs[0].began
        assert max(one.ended for one in found) == max(one.ended for one in runs)
        assert {status for one in found for status in one.statuses} == {one.statuses[0] for one in runs}
        highest = max(RANKS.get(one.stage, 0) for one in runs)
        assert max(RANKS.get(one.stage, 0) for one in found) == highest
    assert [one.began for one in found] == sorted(one.began for one in found)


@given(RUNS)
def test_joining_has_no_order(runs: list[Run]) -> None:
    for one, other in pairwise(runs):
        assert joined(one, other) == joined(other, one)


@given(RUNS, some.integers(1, 12))
def test_a_pattern_is_what_all_paths_begin_with(runs: list[Run], most: int) -> None:
    for one in fold(runs, most):
        if one.pattern.endswith("*"):
            assert one.lowest.startswith(one.pattern[:-1])
            assert one.highest.startswith(one.pattern[:-1])


@given(RUNS)
def test_memory_is_bounded_while_runs_arrive(runs: list[Run]) -> None:
    held = folding.MAX_HELD
    try:
        folding.MAX_HELD = 8  # type: ignore[misc]
        found = fold(runs, 5)
    finally:
        folding.MAX_HELD = held  # type: ignore[misc]
    assert len(found) <= 5
    assert sum(one.requests for one in found) == sum(one.requests for one in runs)


def test_levels_go_from_like_to_unlike() -> None:
    runs = [run(n * 3, f"/{n}", status=200 + n % 3, client=f"9.9.9.{n % 2}") for n in range(30)]
    sizes = []
    for level in LEVELS:
        runs = alike(runs, level)
        sizes.append(len(runs))
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 1


def test_the_smallest_gaps_are_joined_first_and_loud_stages_last() -> None:
    runs = [run(0), run(100), run(101, stage="login"), run(102)]
    assert told(squeezed(runs, 3)) == [(2, "/a", ""), (1, "/a", "login"), (1, "/a", "")]
    assert "login" in LOUD
