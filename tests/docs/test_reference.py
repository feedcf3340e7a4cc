"""The reference is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.generate import FOLDER, NOTE, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == NOTE + PAGES[name](), "run: make docs"


def test_no_page_is_left_over() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in Path(FOLDER).rglob("*.md")} == set(PAGES)
