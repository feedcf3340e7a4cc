"""Chromium without a window, which asks nobody for anything: a page's DOM, its picture, and what its console said."""

from __future__ import annotations

import os
import subprocess
import zlib
from collections.abc import Callable
from itertools import count
from pathlib import Path

from tests.echo.peers.programs import program

# what keeps it from asking its maker for anything; root has no sandbox
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--window-size=1280,1600",
)
BROWSER_SECONDS = 60
LIGHT, DARK = 1, 0  # blink::mojom::PreferredColorScheme

Browse = Callable[..., tuple[bytes, list[str]]]


def browser(place: Path) -> Browse:
    """
    Return what opens a page in a browser of its own, with a profile below a folder.

    It takes a URL and further flags, and returns standard output (of --dump-dom, the DOM) and what the console said.
    The test is skipped where there is no Chromium.
    """
    chromium = program("chromium")
    environ = {"PATH": os.environ["PATH"], "HOME": str(place)}
    numbers = count()

    def run(url: str, *flags: str) -> tuple[bytes, list[str]]:
        profile = place / f"profile-{next(numbers)}"
        command = [chromium, *FLAGS, f"--user-data-dir={profile}", *flags, url]
        done = subprocess.run(command, cwd=place, env=environ, capture_output=True, timeout=BROWSER_SECONDS, check=True)
        return done.stdout, [line for line in done.stderr.decode().splitlines() if ":CONSOLE" in line]

    return run


def corner(png: bytes) -> tuple[int, ...]:
    """Return the colour of a PNG's first pixel, which no filter changes (PNG, §9)."""
    data, at = b"", 8
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4]), png[at + 4 : at + 8]
        if kind == b"IDAT":
            data += png[at + 8 : at + 8 + size]
        at += size + 12
    return tuple(zlib.decompress(data)[1:4])
