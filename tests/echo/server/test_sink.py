"""The sink that writes records."""

import asyncio
import os

from echo.sink import Sink, open_sink


def test_sink_writes_whole_lines_at_intervals(tmp_path):
    """Lines are joined and appended after the interval, without being asked."""
    log = tmp_path / "log"
    log.write_bytes(b"old\n")

    async def write() -> None:
        sink = open_sink(str(log))
        sink.write(b"one\n")
        sink.write(b"two\n")
        assert log.read_bytes() == b"old\n"
        await asyncio.sleep(0.2)
        assert log.read_bytes() == b"old\none\ntwo\n"
        sink.write(b"three\n")
        sink.close()

    asyncio.run(write())
    assert log.read_bytes() == b"old\none\ntwo\nthree\n"


def test_sink_says_once_that_it_cannot_write(capsys):
    """A log that cannot be written is told of once and stops nothing."""
    descriptor = os.open("/dev/full", os.O_WRONLY)

    async def write() -> None:
        sink = Sink(descriptor, "'/dev/full'")
        for _ in range(3):
            sink.write(b"x\n")
            sink.flush()
        sink.close()

    asyncio.run(write())
    assert capsys.readouterr().err.count("cannot write the log to '/dev/full': No space left on device") == 1


def test_sink_off():
    """`--log off` writes nothing."""
    sink = open_sink("off")
    sink.write(b"x\n")
    sink.close()
    assert not sink.on
