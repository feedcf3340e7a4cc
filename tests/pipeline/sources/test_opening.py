"""A source is opened as the text that it holds."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.errors import SourceFault
from pipeline.sources.opening import opened


def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_bytes(gzip.compress(b"one\ntwo\n"))
    with opened(str(path)) as (stream, growing):
        assert stream.read() == b"one\ntwo\n"
        assert not growing


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda data: data[:-10], "ends before its end"),
        (lambda data: data[:40] + b"\xff" * 40 + data[80:], "gzip is broken"),
    ],
)
def test_a_damaged_gzip_says_so(tmp_path: Path, damage: object, fault: str) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(damage(gzip.compress(bytes(range(256)) * 40)))  # type: ignore[operator]
    with pytest.raises(SourceFault, match=fault), opened(str(path)) as (stream, _):
        stream.read()


@pytest.mark.parametrize("more", [b"", b"a new log\n", b"\0" * 5000 + b"behind a hole\n"])
def test_a_log_that_is_truncated_while_it_is_read_ends_there(more: bytes, tmp_path: Path) -> None:
    """With a hole of NULs before what is new, where its writer does not append."""
    path = tmp_path / "access.log"
    text = b"".join(b"line %d\n" % number for number in range(400_000))
    path.write_bytes(text)
    with opened(str(path)) as (stream, _):
        first = stream.read(100)
        path.write_bytes(more)
        rest = b"".join(iter(lambda: stream.read(100_000), b""))
    assert text.startswith(first + rest)
    assert len(first + rest) < len(text)
