"""
How many workers this machine, or this container, has room for.

One a core: of those that our affinity lets us use, no more than a cgroup's quota of CPU time pays for, and no more than
its memory holds. A container on a node of 64 cores usually may use two of them, and would not survive 64 workers.
"""

import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
WORKER_BYTES = (
    64 << 20
)  # of memory that a busy worker takes: the interpreter, some thousand connections, a full log buffer

# files that hold a quota and its period, in cgroups of version 2 and 1 (cgroups(7))
_CPU = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))
_MEMORY = (("memory.max",), ("memory/memory.limit_in_bytes",))


def workers(cores: int | None = None, cgroup: Path = CGROUP) -> int:
    """Return how many, at least one."""
    usable = len(os.sched_getaffinity(0)) if cores is None else cores
    for files in _CPU:
        quota, period = (*_numbers(cgroup, files), 0, 0)[:2]
        if quota > 0 and period > 0:
            usable = min(usable, -(-quota // period))
    for files in _MEMORY:
        memory = (*_numbers(cgroup, files), 0)[0]
        if memory > 0:
            usable = min(usable, memory // WORKER_BYTES)
    return max(1, usable)


def _numbers(cgroup: Path, files: tuple[str, ...]) -> list[int]:
    """Return the numbers in files of a cgroup, none where one is missing or says max."""
    try:
        words = [word for name in files for word in (cgroup / name).read_text(encoding="ascii").split()]
        return [int(word) for word in words]
    except (OSError, ValueError):
        return []
