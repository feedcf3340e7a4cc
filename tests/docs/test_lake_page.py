"""docs/explanation/lake.md says the numbers of the code."""

from datetime import timedelta
from pathlib import Path

from pipeline.anonymize import KEPT_V4, KEPT_V6, PSEUDONYM_PREFIX
from pipeline.lake.compact import MIN_RETENTION, RETENTION
from pipeline.lake.keeper import WAIT_SECONDS
from pipeline.lake.table import MAX_TRIES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "explanation" / "lake.md").read_text("utf-8")


def test_numbers() -> None:
    assert timedelta(days=1) == RETENTION
    assert timedelta(hours=1) == MIN_RETENTION
    assert "a day if it is not said and an hour at least" in PAGE
    assert f"waits {WAIT_SECONDS:.0f} s" in PAGE
    assert f"after {MAX_TRIES} times in a row" in PAGE
    assert f"/{8 * KEPT_V4} of IPv4 and /{8 * KEPT_V6} of IPv6" in PAGE
    assert PSEUDONYM_PREFIX.hex() == "0100000000000000"
    assert "100::/64" in PAGE
