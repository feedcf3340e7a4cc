"""
What container runtimes and syslog put around a program's lines: one file each, all of one shape.

A wrapper reads a line and gives what the program wrote in it; any format is read inside of any. It is known by its own
form, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.sources.wrappers.cri import CRI
from pipeline.sources.wrappers.docker import DOCKER
from pipeline.sources.wrappers.layer import Unwrapper, Wrapper, unwrapped
from pipeline.sources.wrappers.syslog import SYSLOG

WRAPPERS: dict[str, Wrapper] = {one.name: one for one in (CRI, DOCKER, SYSLOG)}
LOOKED_AT = 10_000  # first lines that tell the wrapper


def wrapper_of(lines: Sequence[bytes]) -> Wrapper | None:
    """Return the wrapper of most of the first lines that are not empty, None if it is none of ours."""
    filled = [line for line in lines[:LOOKED_AT] if line.strip()]
    for wrapper in WRAPPERS.values():
        if 2 * sum(wrapper.read(line) is not None for line in filled) > len(filled):
            return wrapper
    return None


__all__ = ["CRI", "DOCKER", "LOOKED_AT", "SYSLOG", "WRAPPERS", "Unwrapper", "Wrapper", "unwrapped", "wrapper_of"]
