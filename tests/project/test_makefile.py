"""`make help` is complete, says what a target needs beside Python, and is what bare `make` shows."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
# what a command of a recipe, or of the module that it runs, needs -> what its help has to say
NEEDS = {
    "ENGINES": "Docker",
    "tests/image": "root",
    "tests.lab": "root",
    "tests/lab": "root",
    "tests/spark": "Java",
    "benchmarks.soak": "root",
    "benchmarks.http": "wrk",
    "benchmarks.cluster": "Java",
}
WIDTH = 120


def recipes() -> dict[str, str]:
    """Target -> the lines that make it."""
    return dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)*)", MAKEFILE, re.MULTILINE))


def shown() -> dict[str, str]:
    """Target -> what bare `make` says of it, in the order in which it does."""
    out = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert max(map(len, out.splitlines())) <= WIDTH
    return dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", out, re.MULTILINE))


def test_every_target_is_phony_and_shown_in_its_place() -> None:
    phony = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    assert list(shown()) == phony == list(recipes())


def test_a_target_says_what_it_needs() -> None:
    helps = shown()
    for target, recipe in recipes().items():
        for command, need in NEEDS.items():
            if re.search(rf"(?<![\w.]){re.escape(command)}(?![\w.])", recipe):
                assert need in helps[target], target
    assert "root" in helps["lab"]


def test_all_targets_stand_under_a_heading_and_begin_alike() -> None:
    first_target = re.search(r"^[a-z-]+:", MAKEFILE, re.MULTILINE)
    first_heading = re.search(r"^##@ ", MAKEFILE, re.MULTILINE)
    assert first_target is not None
    assert first_heading is not None
    assert first_heading.start() < first_target.start()
    assert all(re.match(r"[a-z]", text) for text in shown().values())


# What the README has its reader make beside the source is the reader's
READERS = {"lake", "requests.ndjson", "whofrom.toml"}


def test_clean_removes_all_that_git_ignores_but_the_readers_own() -> None:
    out = subprocess.run(["make", "-n", "clean"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()]
    assert {one for one in ignored if not any(fnmatch(word, one) for word in out.split())} == READERS
