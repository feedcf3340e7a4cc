"""
The folder under TMPDIR to which a statement spills what its memory does not hold.

It is removed in the end. A process that was killed has no end: the next one removes what it left. A folder is of a
process that lives as long as that holds the kernel's lock on a file in it, whatever process numbers say.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PREFIX = "whofrom-sql-"
LOCK = "lock"
UNLOCKED_SECONDS = 3600  # a folder without the file is one that was made this moment, or whose maker died just then


class Spill(NamedTuple):
    """A folder, and the file descriptor that holds its lock."""

    path: Path
    held: int

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.held)


def make_spill() -> Spill | None:
    """Return a new folder, None where none can be made; remove those whose processes are gone."""
    try:
        path = Path(tempfile.mkdtemp(prefix=PREFIX))
    except OSError:
        return None
    sweep(path.parent)
    try:
        held = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        shutil.rmtree(path, ignore_errors=True)
        return None
    return Spill(path, held)


def sweep(folder: Path) -> None:
    """Remove the folders in a folder that are this user's and that no process holds any more."""
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if entry.name.startswith(PREFIX) and is_left(entry):
                    shutil.rmtree(entry.path, ignore_errors=True)
    except OSError:
        return


def is_left(entry: os.DirEntry[str]) -> bool:
    """Return whether a folder is this user's, no link to elsewhere, and no process has it."""
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:  # gone meanwhile, with its process
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return False
    try:
        held = os.open(Path(entry.path) / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - status.st_mtime > UNLOCKED_SECONDS
    except OSError:
        return False
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(held)
