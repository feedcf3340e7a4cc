"""docs/how-to/stores.md names the options and the numbers of the code."""

from __future__ import annotations

import re
from pathlib import Path

from pipeline.sources.objects import ANSWER_SECONDS, LISTING_SECONDS, RANGE_BYTES
from pipeline.sources.opening import KEPT_BYTES
from pipeline.sources.stores import KINDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "stores.md").read_text("utf-8")


def test_options_and_numbers_are_those_of_the_code() -> None:
    options = {name for kind in KINDS.values() for name in kind.options}
    assert set(re.findall(r"^\| `(\w+)=", PAGE, re.MULTILINE)) == options
    for kind in KINDS.values():
        assert f"`{kind.example}`" in PAGE
        for variable in (*kind.endpoints, *re.findall(r"[A-Z]{2,}_[A-Z_]+", kind.credentials)):
            assert f"`{variable}`" in PAGE
    words = " ".join(PAGE.split())
    assert f"up to {KEPT_BYTES >> 20} MiB in memory" in words
    assert f"in ranges of {RANGE_BYTES >> 20} MiB" in words
    assert f"longer than {ANSWER_SECONDS:.0f} seconds" in words
    assert f"a list of a bucket's keys: {LISTING_SECONDS / 60:.0f} minutes" in words
