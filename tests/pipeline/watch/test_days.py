"""The dates that the lake is to be asked about."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from pipeline.errors import LakeFault
from pipeline.watch.days import MAX_DAYS, Days, Span, spans

ONE, TWO, THREE = (date(2026, 1, day) for day in (1, 2, 3))


def test_a_date_is_on_the_disk_before_its_rows_and_until_it_was_asked_about(tmp_path: Path) -> None:
    days = Days(str(tmp_path))
    days.coming([ONE, TWO])
    assert Days(str(tmp_path)).open().keys() == {ONE, TWO}
    days.landed()
    about = days.open()
    days.coming([TWO])  # a row while the lake is asked
    days.landed()
    days.asked(about)
    assert days.open().keys() == Days(str(tmp_path)).open().keys() == {TWO}
    days.asked(days.open())
    assert Days(str(tmp_path)).open() == {}


def test_who_asks_between_the_note_and_the_commit_strikes_out_nothing(tmp_path: Path) -> None:
    days = Days(str(tmp_path))
    days.coming([ONE])
    about = days.open()
    days.asked(about)
    assert days.open().keys() == Days(str(tmp_path)).open().keys() == {ONE}
    days.landed()
    days.asked(about)
    assert days.open().keys() == {ONE}, "the rows landed after the question"
    days.asked(days.open())
    assert days.open() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"days": ["yesterday"]}', '{"days": 3}', "\x00"])
def test_a_file_that_is_damaged_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    (tmp_path / "alerts" / "watch.json").write_text(text)
    assert Days(str(tmp_path)).open() == {}


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "alerts").write_text("")
    with pytest.raises(LakeFault, match="cannot write"):
        Days(str(tmp_path)).coming([ONE])


def test_a_clock_that_is_wrong_fills_no_disk(tmp_path: Path) -> None:
    days = Days(str(tmp_path))
    days.coming([ONE - timedelta(days=number) for number in range(3 * MAX_DAYS)])
    assert (tmp_path / "alerts" / "watch.json").stat().st_size < 20 * MAX_DAYS


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ([], []),
        ([ONE], [Span(ONE, ONE)]),
        ([TWO, ONE, THREE], [Span(ONE, THREE)]),
        ([THREE, ONE], [Span(THREE, THREE), Span(ONE, ONE)]),
    ],
)
def test_dates_in_a_row_are_one_question_the_newest_first(days: list[date], found: list[Span]) -> None:
    assert spans(days) == found


def test_what_no_server_was_there_for_is_not_asked_about(tmp_path: Path) -> None:
    days = Days(str(tmp_path))
    days.coming([date.min, date(1970, 1, 1), ONE, date.max])
    assert days.open().keys() == {ONE}
