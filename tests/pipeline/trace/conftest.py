"""The intrusion in a lake, its story, and a browser for pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.lake import Lake
from tests.browser import Browse, browser
from tests.pipeline.trace import intrusion
from tests.pipeline.trace.stories import story_of


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine over the intrusion; what a trace makes of it, the next one makes anew."""
    folder = tmp_path_factory.mktemp("intrusion")
    intrusion.make(folder)
    return Engine(Lake(str(folder / "lake")))


@pytest.fixture(scope="session")
def story(engine: Engine) -> dict[str, Any]:
    """Return the intruder's story, which tests leave as it is."""
    return story_of(engine, intrusion.INTRUDER)


@pytest.fixture
def browse(tmp_path: Path) -> Browse:
    """Return what opens a page in a browser of its own."""
    return browser(tmp_path)
