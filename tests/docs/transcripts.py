"""
Transcripts of a page: each `$` line of its console blocks is run, in order, in one folder.

In the expected output `...` stands for anything, as in doctest; blanks at the ends of lines do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


def steps(page: str) -> Iterator[tuple[str, str]]:
    """(command, expected output) of all console blocks; `make` is what CI runs."""
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for step in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            if not step[0].startswith("make "):
                yield step


def matches(expected: str, actual: str) -> bool:
    """Whether the output of a command is what a page says."""
    lines = ["\n".join(line.rstrip() for line in text.splitlines()) for text in (expected, actual)]
    pattern = ".*".join(map(re.escape, lines[0].split("...")))
    return re.fullmatch(pattern, lines[1], re.DOTALL) is not None
