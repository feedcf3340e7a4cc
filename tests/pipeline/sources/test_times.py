"""Times and durations as logs write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.times import clf_times, epoch_times, iso_times, micros

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1970, 1, 3), datetime(9998, 12, 29), timezones=ZONES)  # noqa: DTZ001  # Hypothesis' own


def first(column: pa.Array) -> datetime | None:
    return column.to_pylist()[0]


@given(MOMENTS, st.integers(0, 6))
def test_any_moment_is_read_as_it_was_written(moment: datetime, digits: int) -> None:
    part = f"{moment.microsecond:06d}"[:digits]
    told = moment.replace(microsecond=int(part.ljust(6, "0")))
    zone = moment.strftime("%z")
    clock = f"{moment:%H:%M:%S}" + (f".{part}" if part else "")
    clf = f"{moment.day:02d}/{MONTHS[moment.month - 1]}/{moment.year:04d}:{clock} {zone}"
    iso = f"{moment.year:04d}-{moment:%m-%d}T{clock}{zone[:3]}:{zone[3:]}"
    assert first(clf_times(pa.array([clf]))) == told
    assert first(iso_times(pa.array([iso]))) == told
    seconds = (told - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert first(epoch_times(pa.array([f"{seconds // 10**6}.{seconds % 10**6:06d}"]))) == told


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2016-12-31 23:59:59,5", datetime(2016, 12, 31, 23, 59, 59, 500_000, UTC)),
        ("2016-12-31T23:59:59.1234567890+0130", datetime(2016, 12, 31, 22, 29, 59, 123_456, UTC)),
        ("2015-02-30T00:00:00Z", None),
        ("2015-13-01T00:00:00Z", None),
        ("2015-01-01T24:00:00Z", None),
        ("2015-01-01T00:00:00+15:00", None),
        ("1969-12-31T23:59:59Z", None),
        ("9999-01-01T00:00:00Z", None),
        ("2015-01-01", None),
        ("", None),
    ],
)
def test_iso(text: str, moment: datetime | None) -> None:
    assert first(iso_times(pa.array([text]))) == moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("06/Feb/2009:12:14:14.655", datetime(2009, 2, 6, 12, 14, 14, 655_000, UTC)),
        ("6/feb/2009:12:14:14 -0800", datetime(2009, 2, 6, 20, 14, 14, tzinfo=UTC)),
        ("31/Feb/2009:12:14:14 +0000", None),
        ("06/Foo/2009:12:14:14 +0000", None),
        ("06/Feb/2009:12:14:14 +0060", None),
    ],
)
def test_clf(text: str, moment: datetime | None) -> None:
    assert first(clf_times(pa.array([text]))) == moment


@pytest.mark.parametrize(
    ("text", "seconds", "millis"),
    [
        ("0", 0, 0),
        ("1.5", 1_500_000, 1500),
        ("0.000073", 73, 0),
        ("12.3456789", 12_345_678, 12_345),
        ("+63387", 63_387_000_000, 63_387_000),
        ("-1", None, None),
        ("-", None, None),
        ("", None, None),
        ("1e3", None, None),
        ("9" * 13, None, None),
    ],
)
def test_durations(text: str, seconds: int | None, millis: int | None) -> None:
    assert (micros(pa.array([text]), 6).to_pylist(), micros(pa.array([text]), 3).to_pylist()) == ([seconds], [millis])
