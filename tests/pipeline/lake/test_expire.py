"""Old dates go, whole; nonsense is refused; what expired does not come back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import UsageFault
from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.lake.expire import Expired, expire, kept_days
from pipeline.settings import Settings
from tests.pipeline.lake.conftest import Said

Sql = Callable[[str], list[dict[str, Any]]]
DAYS = "SELECT date, count(*) AS n FROM requests GROUP BY date ORDER BY date"


@pytest.mark.parametrize("text", ["0d", "-1d", "", "90", "90m", "1.5d", "d", "999999w", "90d 3", "９d"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(UsageFault, match="is no period to keep; write days or weeks"):
        kept_days(text)


def test_days_and_weeks() -> None:
    assert [kept_days(text) for text in ("1d", "90d", "2w")] == [1, 90, 14]


def test_dates_before_the_period_go_and_the_first_kept_is_whole(lake: Lake, put: Callable[..., None], sql: Sql) -> None:
    put([1, 2, 2, 9])
    put([2, 3])
    planned = expire(lake, 7, date(2015, 5, 9), dry_run=True)
    assert len(sql("SELECT 1 FROM requests")) == 6
    found = expire(lake, 7, date(2015, 5, 9), dry_run=False)
    assert found == planned
    assert found[:5] == Expired(date(2015, 5, 1), date(2015, 5, 1), 1, 0, 1, 0)[:5]
    assert sql(DAYS) == [{"date": date(2015, 5, day), "n": n} for day, n in ((2, 3), (3, 1), (9, 1))]
    assert expire(lake, 7, date(2015, 5, 9), dry_run=False) == Expired(None, None, 0, 0, 0, 0)


def test_rejects_go_by_when_they_were_ingested(lake: Lake, put: Callable[..., None], sql: Sql) -> None:
    put([1], junk=3)
    today = date.today()  # noqa: DTZ011
    assert expire(lake, 2, today, dry_run=False).rejects == 0
    assert len(sql("SELECT 1 FROM rejects")) == 3
    later = expire(lake, 2, today + timedelta(days=4), dry_run=False)
    assert later.rejects == 3
    assert sql("SELECT 1 FROM rejects") == []


def test_what_is_older_goes_also_where_nothing_newer_came(lake: Lake, put: Callable[..., None], sql: Sql) -> None:
    put([1, 2])
    assert expire(lake, 7, date(2026, 1, 1), dry_run=False).rows == 2
    assert sql("SELECT 1 FROM requests") == []


def test_logs_that_are_ingested_again_do_not_bring_back_what_expired(
    lake: Lake, put: Callable[..., None], sql: Sql, tmp_path: Path
) -> None:
    put([1, 9])
    expire(lake, 7, date(2015, 5, 9), dry_run=False)
    assert ingest_source(str(tmp_path / "0.log"), lake, Settings()).rows == 0
    assert sql(DAYS) == [{"date": date(2015, 5, 9), "n": 1}]


def test_the_command(put: Callable[..., None], whofrom: Callable[..., Said]) -> None:
    put([1, 2])
    said = whofrom("expire", "--keep", "90d", "--dry-run")
    assert (said.rows[0]["rows"], said.rows[0]["first"], said.rows[0]["last"]) == (2, "2015-05-01", "2015-05-02")
    assert "2 rows, of 2015-05-01 to 2015-05-02, and 0 rejects would go" in said.words
    said = whofrom("expire", "--keep", "90d")
    assert "are gone" in said.words
    assert "is given back by the first compact or expire after 20" in said.words
    assert "nothing is older than 90 days" in whofrom("expire", "--keep", "90d").words
    assert "is no period to keep" in whofrom("expire", "--keep", "0d", code=2).words
