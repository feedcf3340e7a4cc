"""
Ingest by many machines: what each of them does, and the one commit that makes it part of the lake.

    sources → items (a slice of a large log, or several small logs) → a task for each, on whatever machine
            → files in the lake's folder that no commit names, and few words about them
            → the driver: rows, rejects and marks of a wave of items in one commit

Rules:

1. A task runs the functions of `pipeline.ingest` on a lake that commits nothing (`Draft`): what it would have committed
   comes back, and where each mark stood before.
2. Only the driver commits, and only what begins where the lake's marks stand. So a task may be run twice, be killed or
   come late: what it wrote is in the lake once or not at all. Files that no commit names are deleted by compaction.
3. A log is cut only where every reader finds the same place: behind a newline. What needs the lines before (a wrapper's
   pieces, a compressed stream) is not cut.
4. Nothing here knows what runs the tasks: that is a `Spread`, which the engine gives.

    recipe   the settings, as they travel
    draft    the lake as a task sees it
    slices   where a large log is cut
    work     what a task does
    chain    items that follow one another, put together to what can be committed
    driver   waves of items, their commits, and what became of each source
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Task = Callable[[Any, Mapping[str, str]], Any]


class Spread(Protocol):
    """
    Runs tasks on many machines.

    width  how many run at once
    """

    @property
    def width(self) -> int:
        """How many tasks run at once."""

    def __call__(self, task: Task, items: Sequence[Any], files: Sequence[str]) -> Iterator[Any]:
        """
        Yield what `task(item, paths)` gives for each item, in their order.

        files  local paths of what the task reads, beside sources and lake; `paths` has them as keys, and where each is
               on the machine of the task

        A task, an item and what it gives can be pickled; a task may run more than once. Raises Fault where one cannot
        be brought to its end.
        """
