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


def cpu_ns(root: int) -> int:
    """Return the CPU time of a process and its children: of the scheduler where it keeps account, else in ticks."""
    return sum(_run_ns(pid) or _ticks_ns(pid) for pid in family(root))


def memory(root: int) -> Memory:
    """Return the memory of a process and its children."""
    rss = pss = 0
    for pid in family(root):
        for line in (PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
            name, size, *_ = line.split()
            rss += int(size) * 1024 if name == "Rss:" else 0
            pss += int(size) * 1024 if name == "Pss:" else 0
    return Memory(rss, pss)


def core_ns(core: int) -> int:
    """Return the time a core has not been idle, steal included, whoever used it."""
    for line in (PROC / "stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks[:8])
            return (user + nice + system + irq + softirq + steal) * TICK_NS
    raise ValueError(f"no core {core}")


def _run_ns(pid: int) -> int:
    """Return the time all threads have run; 0 where the kernel does not say."""
    try:
        tasks = list((PROC / str(pid) / "task").iterdir())
        return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0]) for task in tasks)
    except OSError:
        return 0


def _ticks_ns(pid: int) -> int:
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) * TICK_NS


def _stat(pid: int) -> list[str]:
    """Return the fields after the name, which may hold anything: state, ppid, …, utime and stime at 11 and 12."""
    return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
