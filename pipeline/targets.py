"""
Where an output file leads.

A file is written beside its place and then takes it, so that whoever reads it finds all of it or what was there before.
What is no plain file cannot be exchanged so, and must not be: for root, a file would stand in the place of /dev/null,
or of /dev/stdout, which looks like a plain file where standard output is one.
"""

from __future__ import annotations

from pathlib import Path

KERNELS = (Path("/dev"), Path("/proc"))  # folders whose files, or links to them, stand for something else


def in_place(path: Path) -> bool:
    """Tell whether a path is written to as it stands: a pipe, a device, an open file by its descriptor."""
    if path.exists() and not path.is_file():
        return True
    folder = path.parent.resolve()
    return folder == KERNELS[0] or KERNELS[1] in (folder, *folder.parents)
