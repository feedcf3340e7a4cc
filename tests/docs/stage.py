"""What a page is run on: a fresh folder, an environment without settings of its own, free ports for those it names."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.page import ROOT
from tests.docs.shell import COLUMNS
from tests.ports import free_port

# settings that a developer may have, and that would change what the pages' commands do
OWN = re.compile(r"WHOFROM_|AWS_|AZURE_|GOOGLE_|STORAGE_|KUBE|PYTEST|PIP_|.*_PROXY$|.*_proxy$|PS1$|ENV$|BASH_ENV$")
# ports that a page listens on or asks
PORT = re.compile(
    r"(?:(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\]):|-{1,2}port[= ]|listen (?:[\w.:\[\]]+:)?)(\d{4,5})\b"
)


@dataclass
class Stage:
    """
    Where a page's commands run, for its scene to set up.

    folder        where they begin, empty
    programs      a folder ahead of all others on PATH
    environment   of the shell
    words         CAPITALS of the page → what the reader puts there
    closing       what ends with the page
    """

    folder: Path
    programs: Path
    environment: dict[str, str]
    words: dict[str, str] = field(default_factory=dict)
    closing: ExitStack = field(default_factory=ExitStack)


Scene = Callable[[Stage], None]


def stage(place: Path) -> Stage:
    """Return an empty stage below a folder."""
    folder, programs, home = place / "folder", place / "programs", place / "home"
    for one in (folder, programs, home):
        one.mkdir()
    kept = {name: value for name, value in os.environ.items() if not OWN.match(name)}
    environment = {
        **kept,
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}:/usr/sbin:/sbin",
        "PYTHONPATH": str(ROOT),  # the code at hand, wherever the virtual environment's is
        "HOME": str(home),
        "COLUMNS": str(COLUMNS),
        "TERM": "xterm",
        "NO_COLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    return Stage(folder, programs, environment, {"WHOFROM": str(ROOT)})  # whofrom's folder: docs/README.md says so


def exchanged(text: str) -> dict[str, str]:
    """Return port → a free one of as many digits, so that tables keep their widths, for each that a page names."""
    found = dict.fromkeys(PORT.findall(text))
    free: dict[str, str] = {}
    for port in found:
        while (chosen := str(free_port(len(port)))) in {*found, *free.values()}:
            pass
        free[port] = chosen
    return free
