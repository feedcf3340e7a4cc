"""Functions that tests spread: executors import them by this module's name, which a test's own module has not."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def read(more: str, item: tuple[int, str], paths: Mapping[str, str]) -> tuple[int, str, int]:
    number, file = item
    return number, Path(paths[file]).read_text("utf-8") + more, os.getpid()


def fail(item: int, paths: Mapping[str, str]) -> int:
    return item // (item - 2)
