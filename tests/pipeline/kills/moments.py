"""When to kill: at a random time, or as soon as a file of some kind appears in the lake, and a moment later."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

LOOK_SECONDS = 0.0005
TICK_NS = 20_000_000  # a folder may change again without a new time, as those go by the kernel's ticks


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


class Folder:
    """A folder whose new files are asked for again and again: only what has changed since is listed."""

    def __init__(self, path: Path) -> None:
        self._changed: dict[str, int] = {str(path): 0}
        self._cut = len(str(path)) + 1
        self._seen: set[str] = set()
        self.new()

    def new(self) -> list[str]:
        """Return the files that were not there before, as paths below the folder."""
        found: list[str] = []
        folders = list(self._changed)
        for place in folders:  # grows by those that are found
            try:
                changed = os.stat(place).st_mtime_ns  # noqa: PTH116  # a thousand times a second
                if changed == self._changed[place] and time.time_ns() - changed > TICK_NS:
                    continue
                self._changed[place] = changed
                for entry in os.scandir(place):
                    if entry.is_dir(follow_symlinks=False):
                        if entry.path not in self._changed:
                            self._changed[entry.path] = 0
                            folders.append(entry.path)
                    elif entry.path not in self._seen:
                        self._seen.add(entry.path)
                        found.append(entry.path[self._cut :])
            except FileNotFoundError:  # not yet, or not any more
                continue
        return found


def wait_for(at: Moment, lake: Path, process: subprocess.Popen[str]) -> None:
    """Return at the moment, when the process has ended, or after at.seconds, whichever comes first."""
    begun, seen = time.monotonic(), 0
    folder = Folder(lake) if at.what else None
    while process.poll() is None and time.monotonic() - begun < at.seconds:
        if folder is not None:
            seen += sum(at.what in name for name in folder.new())
            if seen >= at.nth:
                time.sleep(at.delay)
                return
        time.sleep(LOOK_SECONDS)
