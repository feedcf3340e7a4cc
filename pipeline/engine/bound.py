"""A bound for the memory of this process, beside those that engines hold to by themselves."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.engine.base import Engine


def bound_process(engine: Engine) -> None:
    """
    Bound the memory of this process, for values that DuckDB makes outside its own limit, such as range(3000000000).

    An eighth more and 512 MiB, for results on their way, beside what was in use before: the default of 80 % stays below
    what there is.
    """
    status = Path("/proc/self/status")
    if not status.exists():  # Linux alone says how much is in use, and holds to the limit
        return
    import resource  # noqa: PLC0415  # not everywhere

    used = re.search(r"VmData:\s+(\d+) kB", status.read_text("utf-8", "replace"))
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = int(used[1] if used else 0) * 1024 + engine.memory() * 9 // 8 + (512 << 20)
    if soft == resource.RLIM_INFINITY or wanted < soft:
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
