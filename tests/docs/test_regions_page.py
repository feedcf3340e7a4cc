"""docs/how-to/regions.md: its transcripts are what happens, its links lead somewhere."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.docs.transcripts import matches, steps
from tests.pipeline.regions.fortnight import write

ROOT = Path(__file__).parents[2]
MMDB = ROOT / "tests" / "data" / "mmdb"
PAGE = (ROOT / "docs" / "how-to" / "regions.md").read_text("utf-8")


def test_every_transcript_is_what_happens(tmp_path: Path) -> None:
    write(tmp_path / "site.ndjson")
    shutil.copy(MMDB / "GeoIP2-City-Test.mmdb", tmp_path / "city.mmdb")
    shutil.copy(MMDB / "GeoLite2-ASN-Test.mmdb", tmp_path / "asn.mmdb")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    for command, expected in steps(PAGE):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        actual = done.stdout + done.stderr
        assert matches(expected, actual), f"$ {command}\n{actual}\n-- the page says --\n{expected}"
    assert (tmp_path / "regions.html").read_text("utf-8").startswith("<!doctype html>")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE):
        assert (ROOT / "docs" / "how-to" / target).exists(), target
