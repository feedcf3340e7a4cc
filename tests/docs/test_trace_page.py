"""docs/how-to/trace.md: its transcripts are what happens, over the lake that it names."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from pipeline.trace.forged import MANY_CLAIMS
from pipeline.trace.stages import GUESSED_LOGINS, PROBED_PATHS
from tests.docs.transcripts import matches, steps
from tests.pipeline.trace import intrusion

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "trace.md").read_text("utf-8")


def test_every_transcript_is_what_happens(tmp_path: Path) -> None:
    intrusion.make(tmp_path)
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "110"}
    found = list(steps(PAGE))
    assert len(found) >= 3
    for command, expected in found:
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        actual = done.stdout + done.stderr
        assert matches(expected, actual), f"$ {command}\n{actual}\n-- the page says --\n{expected}"


def test_numbers() -> None:
    assert f"more than {PROBED_PATHS} paths in ten minutes" in PAGE
    assert f"more than {GUESSED_LOGINS} failed logins in ten minutes" in PAGE
    assert f"more than {MANY_CLAIMS} addresses" in PAGE


def test_every_link_leads_somewhere() -> None:
    for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]*))?\)", PAGE):
        path = ROOT / "docs" / "how-to" / target
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w-]", "", head.lower().replace(" ", "-")) for head in headings}
