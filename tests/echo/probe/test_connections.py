"""Which connections requests arrived on."""

import pytest

from echo.probe.answers import WHOFROM, Answer
from echo.probe.connections import CONNECTIONS, connections


def on(*pairs):
    """Return answers on connections, each with its number there."""
    return [Answer(WHOFROM, "/", (), None, connection=name, number=number) for name, number in pairs]


FRESH = (("a", 1), ("b", 1))
ROWS = [
    (FRESH, (("c", 1), ("c", 2), ("c", 3)), "end-to-end"),
    (FRESH, (("c", 1), ("d", 1), ("e", 1)), "per-request"),
    (FRESH, (("c", 1),), "closed"),
    (FRESH, (), "closed"),
    # a pool: one that is new here is an older one there
    ((("a", 1), ("a", 2)), (("a", 3), ("a", 4)), "pooled"),
    ((("a", 7), ("b", 1)), (("c", 1), ("c", 2)), "pooled"),
    (FRESH, (("a", 2), ("a", 3)), "pooled"),
    (FRESH, (("c", 1), ("b", 2), ("c", 2)), "pooled"),
    (FRESH, (("c", 1), ("c", 3)), "pooled"),  # somebody else's came in between
    (FRESH, (("c", 1), ("c", 2), ("d", 1)), "pooled"),
    ((("a", 1), ("a", 1)), (), "pooled"),
    # no ids
    ((("", 0),), (("", 0), ("", 0)), "unknown"),
    ((), (), "unknown"),
]


@pytest.mark.parametrize(("fresh", "kept", "code"), ROWS)
def test_a_code(fresh, kept, code):
    assert connections(on(*fresh), on(*kept)) == code


def test_every_code_is_met():
    assert {row[2] for row in ROWS} == set(CONNECTIONS)
