"""What shippers make of a line is known by their keys, and what the program wrote is taken out of it."""

from __future__ import annotations

import orjson
import pytest

from pipeline.sources.wrappers import WRAPPERS, unwrapped, wrappers_of
from pipeline.sources.wrappers.shippers import SHIPPERS
from tests.pipeline.sources.wrappers.shipped import RECORD, SHIPPED


def test_every_shipper_has_a_sample() -> None:
    assert {one.name for one in SHIPPERS} <= {name.split(" in ")[0] for name, _, _ in SHIPPED.values()}


@pytest.mark.parametrize("case", SHIPPED)
def test_what_a_shipper_has_made_of_a_line(case: str) -> None:
    name, line, inner = SHIPPED[case]
    (text,) = unwrapped([line], wrappers_of([line])[-1])
    assert wrappers_of([line])[-1].name == name
    assert orjson.loads(text) == orjson.loads(RECORD) if inner is None else text == inner


def test_pieces_that_a_shipper_has_left_are_of_one_container_each() -> None:
    def piece(tag: str, pod: str, text: str) -> bytes:
        return orjson.dumps({"stream": "stdout", "logtag": tag, "log": text, "kubernetes": {"pod_name": pod}})

    lines = [piece("P", "a", "one "), piece("P", "b", "three "), piece("F", "a", "two"), piece("F", "b", "four")]
    assert unwrapped(lines, WRAPPERS["fluent"]) == [b"one two", b"three four"]
