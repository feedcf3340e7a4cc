"""docs/how-to/ingest.md: its transcripts are what happens, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.transcripts import matches, steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "ingest.md").read_text("utf-8")


def test_every_transcript_is_what_happens(tmp_path: Path) -> None:
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    for command, expected in steps(PAGE):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        actual = done.stdout + done.stderr
        assert matches(expected, actual), f"$ {command}\n{actual}\n-- the page says --\n{expected}"


def test_every_link_leads_somewhere() -> None:
    for target, anchor in re.findall(r"\]\(([^)#]+)(?:#([^)]*))?\)", PAGE):
        path = ROOT / "docs" / "how-to" / target
        assert path.exists(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w-]", "", head.lower().replace(" ", "-")) for head in headings}
