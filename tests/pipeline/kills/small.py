"""`python -m tests.pipeline.kills.small …`: the command whofrom with blocks of a few kilobytes: a log is many."""

from __future__ import annotations

import sys

from pipeline import follow, retry
from pipeline.cli import main
from pipeline.sources import reader

BLOCK_BYTES, CHUNK_ROWS = 16_000, 50


def small() -> None:
    """Make blocks and chunks small, and looks of a follower frequent."""
    defaults = reader.blocks.__kwdefaults__
    assert "block_bytes" in defaults
    defaults["block_bytes"] = BLOCK_BYTES
    reader.READ_BYTES = BLOCK_BYTES // 2
    retry.CHUNK_ROWS = CHUNK_ROWS
    follow.EVERY, follow.LOOK_EVERY = 0.1, 0.3


if __name__ == "__main__":
    small()
    sys.exit(main())
