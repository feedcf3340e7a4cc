"""The page that tells how to install whofrom is true, from the source on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.dist.published import Published
from tests.docs import shell
from tests.docs.run import run
from tests.docs.scenes import SCENES
from tests.docs.stage import Stage

PAGE = "docs/how-to/install.md"


@pytest.mark.timeout(900)
def test_the_page_does_what_it_says(published: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def source(stage: Stage) -> None:
        """Be in the folder of the source, where `make dist` has run; packages are fetched as this machine does."""
        (tmp_path / "unpacked").mkdir()
        shutil.copytree(published.unpack(tmp_path / "unpacked"), stage.folder, dirs_exist_ok=True)
        shutil.copytree(published.folder, stage.folder / "dist")
        del stage.environment["PYTHONPATH"]
        fetching = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_"))}
        stage.environment.update(fetching, UV_CACHE_DIR=os.environ.get("UV_CACHE_DIR", f"{Path.home()}/.cache/uv"))

    monkeypatch.setitem(SCENES, PAGE, source)
    monkeypatch.setattr(shell, "SECONDS", 300)  # that pip may take to fetch DuckDB and the like
    (tmp_path / "place").mkdir()
    run(PAGE, tmp_path / "place")
