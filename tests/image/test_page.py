"""docs/how-to/image.md does what it says, with podman as its `docker`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.run import run
from tests.docs.scenes import SCENES
from tests.docs.stage import Stage
from tests.image.engine import AUTHORITIES, PIP, ROOT, Engine, base_name
from tests.image.marks import IMAGES

pytestmark = IMAGES
PAGE = "docs/how-to/image.md"
LOG = ROOT / "tests" / "data" / "logs" / "access.log.gz"


def test_the_page_does_what_it_says(
    docker: Engine, echo: str, pipeline: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a clone, whose images are built already: the build is quick."""

    def clone(stage: Stage) -> None:
        ignored = shutil.ignore_patterns(".*", "__pycache__", "tests", "benchmarks", "demo", "dist")
        shutil.copytree(ROOT, stage.folder, ignore=ignored, dirs_exist_ok=True)
        shutil.copy(ROOT / ".dockerignore", stage.folder)
        (stage.folder / "logs").mkdir()
        shutil.copy(LOG, stage.folder / "logs")
        base = stage.folder / "base"
        base.mkdir()
        # what the reader brings: an authority and settings of pip's, here this machine's own where it has them
        authority = next(AUTHORITIES.glob("**/*.crt"), None)
        (base / "authority.crt").write_bytes(authority.read_bytes() if authority else b"")
        (base / "pip.conf").write_bytes(PIP.read_bytes() if PIP.is_file() else b"")
        docker.docker(stage.programs)
        stage.closing.callback(docker.podman, "volume", "rm", "--force", "lake")

    monkeypatch.setitem(SCENES, PAGE, clone)
    run(PAGE, tmp_path, aloud=True)
    named = set(re.findall(r"debian:[\w.-]+", (ROOT / PAGE).read_text("utf-8")))
    assert named == {base_name()}
