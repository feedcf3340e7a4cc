"""Files of the lake's folder that are on the disk, whole, when a call returns. Errors are the system's."""

from __future__ import annotations

import os
from pathlib import Path


def put(path: Path, data: bytes) -> None:
    """Write a file anew in place of what is there; `sync_folder` makes the exchange last. Raises OSError."""
    new = path.with_suffix(".new")
    with new.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)


def sync_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk. Raises OSError."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
