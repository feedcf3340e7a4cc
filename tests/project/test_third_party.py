"""Each file of data is told in third_party.toml: whose it is, or that it is ours; and the notices are what it says."""

from __future__ import annotations

import os
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, version
from pathlib import Path

import pytest

from requirements.locked import pins
from requirements.notices import PAGE, page
from requirements.third_party import ROOT, SPDX_OF_PACKAGES, Work, bundled, of_tests, ours

WORKS = [*bundled(), *of_tests()]
PRODUCT = ("docs/completion/", "echo/", "pipeline/")
# What is code or prose, by its name; all else is data
CODE = {
    ".1",
    ".bash",
    ".cfg",
    ".conf",
    ".css",
    ".fish",
    ".html",
    ".js",
    ".md",
    ".py",
    ".sh",
    ".sql",
    ".toml",
    ".typed",
    ".yaml",
    ".yml",
    "",
}
NO_SOURCES = {"__pycache__", "build", "demo", "dist"}


def sources() -> list[str]:
    """Return what is in the tree and was not made in it: hidden folders and what .gitignore names stay out."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in NO_SOURCES and not name.startswith(".")]
        found += [(Path(folder) / name).relative_to(ROOT).as_posix() for name in names]
    return sorted(found)


DATA = [path for path in sources() if Path(path).suffix not in CODE]
OURS = {path.relative_to(ROOT).as_posix() for glob in ours() for path in ROOT.glob(glob)}


def test_each_file_of_data_is_told() -> None:
    told = OURS | {path.relative_to(ROOT).as_posix() for work in WORKS for path in work.paths()}
    assert "pipeline/world/shapes.json" in DATA
    untold = [path for path in DATA if path not in told]
    assert not untold, "say in requirements/third_party.toml whose these are, then run `make notices`"


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_a_work_is_there_and_so_is_its_notice(work: Work) -> None:
    for glob in work.files:
        assert list(ROOT.glob(glob)), glob
    in_product = [path.relative_to(ROOT).as_posix().startswith(PRODUCT) for path in work.paths()]
    assert all(in_product) if work in bundled() else not any(in_product)
    if work.notice:
        assert work.name.split()[-1] in (ROOT / work.notice).read_text("utf-8")


@pytest.mark.parametrize("glob", ours())
def test_what_is_said_to_be_ours_is_there(glob: str) -> None:
    assert list(ROOT.glob(glob))


def test_the_wheel_has_the_notices_of_what_is_in_it() -> None:
    carried = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["license-files"]
    assert {"LICENSE", PAGE.name, *(work.notice for work in bundled() if work.notice)} == set(carried)


def test_the_page_is_what_the_table_says() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make notices`"


# What metadata say that is no SPDX expression
LICENCES_IN_WORDS = {
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT OR Apache-2.0",  # uvloop, whose classifiers name both
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",  # jinja2, by its text
    "License :: OSI Approved :: MIT License": "MIT",
}


@pytest.mark.parametrize("name", sorted({pin.name for pin in pins("pipeline.txt")}))
def test_a_packages_licence_is_what_it_says_itself(name: str) -> None:
    try:
        about = metadata(name)
    except PackageNotFoundError:
        asked = [pin.marker for pin in pins("pipeline.txt") if pin.name == name]
        assert all(asked), "it is on other machines or Pythons only"
        return
    classified = [one for one in about.get_all("Classifier") or [] if one.startswith("License ::")]
    said = about.get("License-Expression") or about.get("License") or classified[0]
    assert SPDX_OF_PACKAGES[name] == LICENCES_IN_WORDS.get(said, said)
    assert version(name) in {pin.version for pin in pins("pipeline.txt") if pin.name == name}


def test_no_licence_is_told_of_what_is_not_pinned() -> None:
    assert SPDX_OF_PACKAGES.keys() == {pin.name for pin in pins("pipeline.txt")}


def test_the_scripts_of_click_are_those_of_the_click_that_is_pinned() -> None:
    (told,) = [work.version for work in bundled() if work.name == "click"]
    assert [told] == [pin.version for pin in pins("echo.txt") if pin.name == "click"]
