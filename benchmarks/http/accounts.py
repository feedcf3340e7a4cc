"""What Linux has booked for a process and its children: CPU time and memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


class Memory(NamedTuple):
    """Bytes: resident, and resident with shared pages divided among those that share them."""

    rss: int
    pss: int


class Usage(NamedTuple):
    """Nanoseconds: on a core, and ready to run while the core was taken by others."""

    ran: int
    waited: int

    def since(self, before: Usage) -> Usage:
        """Return what was used since an earlier account."""
        return Usage(self.ran - before.ran, self.waited - before.waited)


def family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except OSError:  # it has gone
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def usage(root: int) -> Usage:
    """Return what a process and its children have used: of the scheduler, or in ticks where it keeps no account."""
    ran, waited = zip(*(_usage(pid) for pid in family(root)), strict=True)
    return Usage(sum(ran), sum(waited))


def memory(root: int) -> Memory:
    """Return the memory of a process and its children."""
    each = [memory_of(pid) for pid in family(root)]
    return Memory(sum(one.rss for one in each), sum(one.pss for one in each))


def memory_of(pid: int) -> Memory:
    """Return the memory of one process."""
    rss = pss = 0
    for line in (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, size, *_ = line.split()
        rss += int(size) * 1024 if name == "Rss:" else 0
        pss += int(size) * 1024 if name == "Pss:" else 0
    return Memory(rss, pss)


def _usage(pid: int) -> Usage:
    try:
        tasks = list((PROC / str(pid) / "task").iterdir())
        booked = [(task / "schedstat").read_text(encoding="ascii").split() for task in tasks]
    except FileNotFoundError:  # the kernel keeps no such account
        fields = _stat(pid)
        return Usage((int(fields[11]) + int(fields[12])) * TICK_NS, 0)
    return Usage(sum(int(ran) for ran, _, _ in booked), sum(int(waited) for _, waited, _ in booked))


def _stat(pid: int) -> list[str]:
    """Return the fields after the name, which may hold anything: state, ppid, …, utime and stime at 11 and 12."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
