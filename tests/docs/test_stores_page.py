"""docs/how-to/stores.md is true: its transcripts run against an S3 on loopback, its options are the code's."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.sources.objects import ANSWER_SECONDS, LISTING_SECONDS, RANGE_BYTES
from pipeline.sources.opening import KEPT_BYTES
from pipeline.sources.stores import KINDS
from tests.docs.transcripts import matches, steps
from tests.pipeline.sources.servers import s3
from tests.pipeline.sources.test_folders import log_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "stores.md").read_text("utf-8")


def test_every_transcript_is_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = ROOT / "tests" / "data" / "logs" / "access.log.gz"
    shutil.copy(access, tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    with s3() as store:
        store.used(monkeypatch)
        store.put("nginx/web-1/access.log-20261125.gz", gzip.compress(gzip.decompress(access.read_bytes()), 1))
        store.put("nginx/web-2/access.log-20261125.gz", gzip.compress(log_of(0)))
        for command, expected in steps(PAGE):
            done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
            actual = done.stdout + done.stderr
            assert matches(expected, actual), f"$ {command}\n{actual}\n-- the page says --\n{expected}"


def test_options_and_numbers_are_those_of_the_code() -> None:
    options = {name for kind in KINDS.values() for name in kind.options}
    assert set(re.findall(r"^\| `(\w+)=", PAGE, re.MULTILINE)) == options
    for kind in KINDS.values():
        assert f"`{kind.example}`" in PAGE
        for variable in (*kind.endpoints, *re.findall(r"[A-Z]{2,}_[A-Z_]+", kind.credentials)):
            assert f"`{variable}`" in PAGE
    assert f"up to {KEPT_BYTES >> 20} MiB in memory" in PAGE
    assert f"in ranges of {RANGE_BYTES >> 20} MiB" in PAGE
    assert f"longer than {ANSWER_SECONDS:.0f} seconds" in PAGE
    assert f"a list of a bucket's keys: {LISTING_SECONDS / 60:.0f} minutes" in PAGE
