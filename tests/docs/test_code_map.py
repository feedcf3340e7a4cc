"""docs/reference/code.md has every module, and a module says in its first sentence what it is."""

from __future__ import annotations

import tomllib
from collections import Counter

import pytest

from docs.pages.code import BESIDE, ROOT, UNPLACED, in_order, modules, sentence

FEWEST_WORDS = 3


def test_every_module_has_one_place() -> None:
    assert UNPLACED not in in_order(), "name each in the stage of docs/pages/code.py where it is met"
    assert Counter(modules()) == Counter(path for paths in in_order().values() for path in paths)


@pytest.mark.parametrize("path", modules())
def test_a_module_says_what_it_is(path: str) -> None:
    words = sentence(path).split()
    assert len(words) >= FEWEST_WORDS, "begin the module's docstring with a sentence that says what it is"


def test_every_folder_beside_the_modules_has_a_line() -> None:
    """All that is in the source distribution, and each folder of the tests."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    top = {f"{one[1:]}/" for one in build["sdist"]["include"] if (ROOT / one[1:]).is_dir()} - {
        "echo/",
        "pipeline/",
        "tests/",
    }
    tests = {f"tests/{one.name}/" for one in (ROOT / "tests").iterdir() if one.is_dir() and one.name.isalnum()}
    assert top | tests <= BESIDE.keys()
    for folder in BESIDE:
        assert (ROOT / folder).is_dir(), folder
