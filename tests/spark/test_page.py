"""docs/how-to/run-on-spark.md does what it says: clusters of several kinds, on this machine, and commands on them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from pipeline.cli import SUBCOMMANDS
from pipeline.engine.session import LARGE, LITTLE
from pipeline.engine.spark import LITTLE_BYTES
from tests.docs import shell
from tests.docs.page import read
from tests.docs.run import run
from tests.docs.scenes import SCENES
from tests.docs.stage import Stage
from tests.spark.cluster import ROOT, SPARK

PAGE = "docs/how-to/run-on-spark.md"
LOG = ROOT / "tests" / "data" / "logs" / "access.log.gz"


def test_what_the_page_calls_troubles_is_what_is_said() -> None:
    """In the first column of its last table words in backticks are the engine's own, or commands."""
    code = "".join((ROOT / "pipeline" / "engine" / name).read_text("utf-8") for name in ("troubles.py", "session.py"))
    rows = [line.split("|")[1] for line in read(PAGE).partition("| what you see |")[2].splitlines() if "| " in line]
    words = [one.removeprefix("spark: ").removesuffix(" …") for row in rows for one in re.findall(r"`([^`]+)`", row)]
    assert len(words) > 6
    assert [one for one in words if one not in code and one not in SUBCOMMANDS] == []


def test_the_page_names_what_is_set_over_little() -> None:
    (paragraph,) = [one for one in read(PAGE).split("\n\n") if f"{LITTLE_BYTES >> 20} MiB" in one.replace("\n", " ")]
    assert re.findall(r"`(spark\.[^`]+)`", paragraph) == sorted(LITTLE)


def test_the_page_names_what_is_set_over_more() -> None:
    (paragraph,) = [one for one in read(PAGE).split("\n\n") if one.startswith("Over more")]
    said = re.findall(r"`(spark\.[^`]+)` (?:is )?(\S+?),? ", " ".join(paragraph.split()))
    assert dict(said) == LARGE


@pytest.mark.skipif(*SPARK[0].args, **SPARK[0].kwargs)
@pytest.mark.timeout(1200)
def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def logs(stage: Stage) -> None:
        """Have the logs of two servers."""
        lines = gzip.decompress(LOG.read_bytes()).splitlines(keepends=True)
        (stage.folder / "logs").mkdir()
        for number, part in enumerate((lines[:500], lines[500:]), 1):
            (stage.folder / "logs" / f"web-{number}.log").write_bytes(b"".join(part))

    monkeypatch.setitem(SCENES, PAGE, logs)
    monkeypatch.setattr(shell, "SECONDS", 300)  # a cluster starts with a command
    monkeypatch.setattr(shell, "START_SECONDS", 120)  # in which a JVM listens
    run(PAGE, tmp_path, aloud=True)
