"""What a JVM says is kept to itself, but what says why nothing goes on. The ways to a session: tests/spark."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest

from pipeline.engine.session import KEPT_LINES, Log

WAITS = (
    b"26/11/26 14:00:00 WARN TaskSchedulerImpl: Initial job has not accepted any resources; check your cluster UI to "
    b"ensure that workers are registered and have sufficient resources"
)
LOST = b"26/11/26 14:00:00 ERROR TaskSchedulerImpl: Lost executor 1 on 10.0.0.1: \x1b[31mCommand exited with code 137"


def followed(lines: Sequence[bytes]) -> Log:
    log = Log()
    log.follow(io.BytesIO(b"\n".join(lines))).join()
    return log


def test_what_keeps_a_job_waiting_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    followed([b"26/11/26 14:00:00 WARN NativeCodeLoader: Unable to load", WAITS, LOST, b"\tat java.lang.Thread"])
    out, err = capfd.readouterr()
    assert out == ""
    assert err == (
        "spark: Initial job has not accepted any resources; check your cluster UI to ensure that workers are registered"
        " and have sufficient resources\n"
        "spark: Lost executor 1 on 10.0.0.1: \\x1b[31mCommand exited with code 137\n"
    )


def test_the_last_that_says_something_is_why_it_ended() -> None:
    log = followed([b"WARNING: Using incubator modules", b"Error: Java is too old", b"\tat x.y", b""])
    assert log.last() == "Error: Java is too old"
    assert followed([b""]).last() == "it said nothing"
    assert len(followed([b"x" * 10] * 10_000).lines) == KEPT_LINES
