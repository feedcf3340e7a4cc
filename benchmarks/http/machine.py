"""What the numbers were taken with: cores, kernel, versions."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Return the processor and the kernel, in a line."""
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    model = found[1] if found else "unknown processor"
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {platform.machine()}, Linux {platform.release()}"


def versions(whoami: Path | None) -> str:
    """Return the versions of all that ran, in a line."""
    parts = [f"whofrom {version('whofrom')} ({revision()})", f"Python {' '.join(sys.version.split())}"]
    parts += [f"{name} {version(name)}" for name in ("uvloop", "aiohttp")]
    parts += [said("nginx", "-v", r"nginx/([\d.]+)"), said("wrk", "-v", r"wrk \S*?([\d.]+)")]
    if whoami:
        found = re.search(rb"go1\.[\d.]+", whoami.read_bytes())
        parts.append(f"whoami ({found[0].decode() if found else 'Go'})")
    return ", ".join(parts)


def revision() -> str:
    """Return the commit, with a plus where the tree differs from it."""
    root = Path(__file__).parents[2]
    command = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no git"


def said(program: str, flag: str, pattern: str) -> str:
    """Return a program's name and the version that it says it has."""
    path = shutil.which(program) or f"/usr/sbin/{program}"
    done = subprocess.run([path, flag], capture_output=True, text=True, check=False)
    found = re.search(pattern, done.stdout + done.stderr)
    return f"{program} {found[1] if found else '?'}"
