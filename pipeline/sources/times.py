"""
Times and durations as logs write them, a column at once.

A text that is no time, or one outside FIRST_TIME … LAST_TIME, is null. Where no zone is written it is UTC.
"""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from echo.record.combined import MONTHS as MONTH_NAMES
from echo.record.combined import zone_shift
from pipeline.sources.columns import by_distinct
from pipeline.sources.format import times_in_range

MONTHS = pa.array(MONTH_NAMES)
_CLF = (
    r"^(?P<day>\d\d?)/(?P<month>[A-Za-z]{3})/(?P<year>\d{4}):(?P<time>\d\d:\d\d:\d\d)(?P<part>\.\d{1,6})?\d*"
    r"(?: (?P<zone>[+-]\d{4}))?$"
)
_ISO = (
    r"^(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,6})\d*)?"
    r"(?P<zone>Z|[+-]\d\d:?\d\d)?$"
)


def clf_times(column: pa.Array) -> pa.Array:
    """Return UTC timestamps of `17/May/2015:10:05:03 +0000`."""
    return by_distinct(column, _clf_times)  # a busy server writes a second many times


def iso_times(column: pa.Array) -> pa.Array:
    """Return UTC timestamps of `2015-05-17T10:05:03.123Z`."""
    return by_distinct(column, _iso_times)


def epoch_times(column: pa.Array) -> pa.Array:
    """Return UTC timestamps of seconds since 1970, null where it is no number."""
    return times_in_range(micros(column, 6).cast(pa.timestamp("us", "UTC")))


def _clf_times(texts: pa.Array) -> pa.Array:
    found = pc.extract_regex(texts, _CLF)
    month = pc.index_in(pc.utf8_lower(pc.struct_field(found, "month")), MONTHS)  # strptime's %b would follow the locale
    number = pc.utf8_lpad(pc.add(month, 1).cast(pa.string()), 2, "0")
    part = pc.utf8_ltrim(pc.struct_field(found, "part"), ".")
    return _times(found, number, part)


def _iso_times(texts: pa.Array) -> pa.Array:
    found = pc.extract_regex(texts, _ISO)
    return _times(found, pc.struct_field(found, "month"), pc.struct_field(found, "part"))


def _times(found: pa.Array, month: pa.Array, part: pa.Array) -> pa.Array:
    year, day, time, zone = (pc.struct_field(found, name) for name in ("year", "day", "time", "zone"))
    iso = pc.binary_join_element_wise(pc.binary_join_element_wise(year, month, day, "-"), time, "T")
    iso = pc.replace_substring_regex(iso, ":60$", ":59")  # a leap second
    local = pc.strptime(iso, format="%Y-%m-%dT%H:%M:%S", unit="us", error_is_null=True)
    same = pc.equal(pc.day(local), day.cast(pa.int64()))  # strptime makes 3 March of 31 February
    local = pc.if_else(same, local, None)
    micros = pc.if_else(pc.equal(part, ""), "0", pc.utf8_rpad(part, 6, "0")).cast(pa.int64()).cast(pa.duration("us"))
    zones = zone.dictionary_encode()
    shifts = pa.array([_shift(text) for text in zones.dictionary.to_pylist()], pa.duration("us"))
    utc = pc.subtract(pc.add(local, micros), shifts.take(zones.indices))
    return times_in_range(utc.cast(pa.timestamp("us", "UTC")))


def _shift(zone: str) -> timedelta | None:
    return zone_shift("+0000" if zone in ("Z", "") else zone.replace(":", ""))


def micros(column: pa.Array, places: int) -> pa.Array:
    """
    Return decimal numbers as whole microseconds, null where there is none.

    places  6 for seconds, 3 for milliseconds
    """
    found = pc.extract_regex(pc.utf8_ltrim(column, "+"), r"^(?P<whole>\d{1,12})(?:\.(?P<part>\d{1,6})\d*)?$")
    part = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.struct_field(found, "part"), 6, "0"), 0, places)
    return pc.binary_join_element_wise(pc.struct_field(found, "whole"), part, "").cast(pa.int64())
