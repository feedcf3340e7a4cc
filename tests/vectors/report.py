"""What came of the rows, as lines."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from tests.vectors.rows import Row, Runner, Skip, differences
from tests.vectors.runners import RUNNERS


class Outcome(NamedTuple):
    """What came of one row: the runners' disagreements, or why none of them took it."""

    row: Row
    answered: tuple[str, ...]
    failures: tuple[str, ...]
    skipped: str

    @property
    def word(self) -> str:
        return "failed" if self.failures else "passed" if self.answered else "skipped"


def outcomes(rows: Sequence[Row], runners: Mapping[str, Runner] = RUNNERS) -> Iterator[Outcome]:
    answers = {name: runner(rows) for name, runner in runners.items()}
    for index, row in enumerate(rows):
        given = {name: answers[name][index] for name in runners}
        answered = {name: answer for name, answer in given.items() if not isinstance(answer, Skip)}
        differing = {name: differences(row, answer) for name, answer in answered.items()}
        reasons = dict.fromkeys(answer.reason for answer in given.values() if isinstance(answer, Skip))
        yield Outcome(
            row,
            tuple(answered),
            tuple(f"{name}: {difference}" for name, difference in differing.items() if difference),
            "" if answered else "; ".join(reasons),
        )


def report(results: Iterable[Outcome]) -> Iterator[str]:
    """Yield a line a failing row, a line a strategy, and the closing line."""
    by_strategy: dict[str, list[Outcome]] = {}
    for result in results:
        by_strategy.setdefault(result.row["strategy"], []).append(result)
        for failure in result.failures:
            yield f"FAILED {result.row['id']} {result.row['strategy']}: {failure}"
    total: Counter[str] = Counter()
    for strategy, group in sorted(by_strategy.items()):
        counts = Counter(result.word for result in group)
        total += counts
        runners = dict.fromkeys(name for result in group for name in result.answered)
        reasons = dict.fromkeys(result.skipped for result in group if result.skipped)
        yield f"  {strategy}: {_counted(counts)} ({'; '.join([*filter(None, [', '.join(runners)]), *reasons])})"
    yield _counted(total)


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts.get(word, 0)} {word}" for word in ("passed", "failed", "skipped"))
