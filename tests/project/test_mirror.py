"""Tests mirror the modules; where one has no namesake, the table says which tests are about it."""

from __future__ import annotations

import pytest

from tests.project.mirror import PACKAGES, ROOT, TOLD, WIDER, modules, namesakes, rows_of, told_by


@pytest.mark.parametrize("module", modules())
def test_a_module_has_its_tests(module: str) -> None:
    found = told_by(module)
    assert found, f"write {namesakes(module)[-1]}, or say in tests/project/mirror.py which tests are about it"
    for pattern in found:
        assert list(ROOT.glob(pattern)), pattern
    own = any((ROOT / path).is_file() for path in namesakes(module))
    assert len(rows_of(module)) == (0 if own else 1), "a namesake, or one row"


def test_no_row_tells_of_what_is_not_there() -> None:
    told = [pattern for row in TOLD for pattern in row.modules.split()]
    assert len(told) == len(set(told))
    for pattern in [*told, *WIDER]:
        assert list(ROOT.glob(pattern)), pattern


def test_a_test_is_about_something_that_is_named() -> None:
    """In the mirrored folders: a test file is a module's namesake, or a row says what it is about."""
    own = {path for module in modules() for path in namesakes(module)}
    told = {path for row in TOLD for pattern in row.tests.split() for path in ROOT.glob(pattern)}
    told |= {path for pattern in WIDER for path in ROOT.glob(pattern)}
    for package in PACKAGES:
        for path in (ROOT / "tests" / package).rglob("test_*.py"):
            assert path in told or path.relative_to(ROOT).as_posix() in own, path
