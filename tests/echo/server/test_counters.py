"""Numbers that all workers count together."""

import pytest

from echo.counters import Counters, Metric, observe

METRICS = (
    Metric("requests", "counter", "", {"route": ("a", "b"), "status": ("2xx", "5xx")}),
    Metric("open", "gauge", ""),
    Metric("seconds", "histogram", "", bounds=(10, 100)),
)


def test_slots():
    """Each series has its own slot, in the order of the tables; a histogram has its buckets, one beyond and the sum."""
    counters = Counters(METRICS, 2)
    slots = [counters.slot("requests", route, status) for route in "ab" for status in ("2xx", "5xx")]
    assert slots == [0, 1, 2, 3]
    assert counters.start == {"requests": 0, "open": 4, "seconds": 5}
    assert counters.size == 5 + 4
    with pytest.raises(ValueError, match="is not in list"):
        counters.slot("requests", "c", "2xx")


def test_workers_count_in_rows_of_their_own():
    """What workers count adds up; a dead one leaves its counts, and no gauge."""
    counters = Counters(METRICS, 2)
    counters.row(0)[0] += 3
    counters.row(1)[0] += 4
    counters.row(1)[4] += 2
    assert counters.total(0) == 7
    assert counters.total(4) == 2
    counters.forget(1)
    assert counters.total(0) == 7
    assert counters.total(4) == 0


@pytest.mark.parametrize(("value", "bucket"), [(0, 0), (10, 0), (11, 1), (100, 1), (101, 2), (10**9, 2)])
def test_observe(value, bucket):
    """A value goes into the first bucket whose bound it does not exceed, and into the sum."""
    counters = Counters(METRICS, 1)
    row = counters.row(0)
    observe(row, counters.start["seconds"], (10, 100), value)
    assert list(row[5:8]) == [int(index == bucket) for index in range(3)]
    assert row[8] == value
