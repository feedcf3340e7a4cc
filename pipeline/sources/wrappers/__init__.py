"""
What runtimes, syslog, shippers and clients put around a program's lines: one file each kind, all of one shape.

A wrapper reads a line and gives what the program wrote in it; any format is read inside of any. It is known by its own
form, whatever it holds. What one has wrapped another may wrap again: a shipper that does not know the runtime's form
sends its lines as they are.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.sources.wrappers.cri import CRI
from pipeline.sources.wrappers.docker import DOCKER
from pipeline.sources.wrappers.layer import Piece, Unwrapper, Wrapper, unwrapped, within
from pipeline.sources.wrappers.prefixes import COMPOSE, KUBECTL
from pipeline.sources.wrappers.shippers import SHIPPED
from pipeline.sources.wrappers.syslog import SYSLOG

WRAPPERS: dict[str, Wrapper] = {one.name: one for one in (CRI, DOCKER, SYSLOG, *SHIPPED, KUBECTL, COMPOSE)}
# what is looked for in another one: HAProxy writes a syslog's head itself, and a classic ELB's line looks like one. But
# behind kubectl's prefix stands the time, as syslog has it.
INNER = tuple(one for one in WRAPPERS.values() if one is not SYSLOG)
LOOKED_AT = 10_000  # first lines that tell the wrapper
MAX_LAYERS = 3  # CloudWatch's export puts a time before the object that Fluent Bit made of a line of containerd's


def wrappers_of(lines: Sequence[bytes]) -> list[Wrapper]:
    """Return the wrapper of most of the first lines, that one with what it wraps again, and so on; often none."""
    found: list[Wrapper] = []
    inner = lines
    while len(found) < MAX_LAYERS:
        wrapper = wrapper_of(inner, INNER if found and found[-1] is not KUBECTL else tuple(WRAPPERS.values()))
        if wrapper is None:
            break
        found.append(within(found[-1], wrapper) if found else wrapper)
        inner = unwrapped(lines, found[-1])
    return found


def wrapper_of(lines: Sequence[bytes], wrappers: Sequence[Wrapper] = tuple(WRAPPERS.values())) -> Wrapper | None:
    """Return the wrapper of most of the first lines that are not empty, None if it is none of these."""
    filled = [line for line in lines[:LOOKED_AT] if line.strip()]
    for wrapper in wrappers:
        if 2 * sum(wrapper.read(line) is not None for line in filled) > len(filled):
            return wrapper
    return None


__all__ = [
    "CRI",
    "DOCKER",
    "LOOKED_AT",
    "SYSLOG",
    "WRAPPERS",
    "Piece",
    "Unwrapper",
    "Wrapper",
    "unwrapped",
    "wrapper_of",
    "wrappers_of",
]
