"""A browser for pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import Browse, browser


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Return what opens a page in a browser of its own."""
    return browser(tmp_path)
