"""A mark travels in the integer of a transaction."""

from pipeline.lake.mark import Mark


def test_a_mark_survives_its_packing() -> None:
    mark = Mark.of(123_456_789_012, b"some bytes")
    assert Mark.unpack(mark.pack()) == mark
