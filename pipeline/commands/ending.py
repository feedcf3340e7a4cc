"""
SIGTERM as an end like others, so that a folder or half a file is not left behind.

For commands that spend their time in Python: one that waits for compiled code would end only when that does.
"""

from __future__ import annotations

import signal
import sys

EXIT_TERMINATED = 128 + signal.SIGTERM  # as shells tell it


def tidy_when_terminated() -> None:
    """Have SIGTERM raise SystemExit, wherever the program is."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
