"""When to kill: at a random time, or as soon as a file of some kind appears in the lake, and a moment later."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 0.0005


class Moment(NamedTuple):
    """
    An instant of a process' life.

    seconds  after its start, where nothing is waited for
    what     part of a path below the lake; its `nth` new file is waited for, then `delay` seconds
    """

    seconds: float = 0.0
    what: str = ""
    nth: int = 1
    delay: float = 0.0


# what appears in the order of a commit: a reject's or a row's Parquet file, the log entry beside its name, the entry
# itself, the checkpoint that every hundredth commit makes
FILES = (
    "rejects/part",
    "rejects/_delta_log/",
    "requests/date=",
    "requests/_delta_log/",
    "requests/_delta_log/",
    "checkpoint",
    "#",
    ".tmp",
)


def moment(chance: random.Random, longest: float) -> Moment:
    """Return an instant; half of them are at a file."""
    if chance.random() < 0.5:
        return Moment(chance.uniform(0.3, longest))
    what = chance.choice(FILES)
    return Moment(
        longest, what, 1 if what[0] in "c#." else chance.randint(1, 8), chance.choice((0.0, chance.uniform(0, 0.02)))
    )


def files_in(lake: Path) -> set[str]:
    found = set()
    for place, _, names in os.walk(lake):
        found |= {f"{place}/{name}"[len(str(lake)) + 1 :] for name in names}
    return found


def wait_for(at: Moment, lake: Path, process: subprocess.Popen[str]) -> None:
    """Return at the moment, when the process has ended, or after at.seconds, whichever comes first."""
    begun, before, seen = time.monotonic(), files_in(lake) if at.what else set(), 0
    while process.poll() is None and time.monotonic() - begun < at.seconds:
        if at.what:
            now = files_in(lake)
            seen += sum(at.what in name for name in now - before)
            before |= now
            if seen >= at.nth:
                time.sleep(at.delay)
                return
        time.sleep(LOOK_SECONDS)
