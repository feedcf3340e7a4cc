"""The engine and the images, once for all tests; how long each step took, in the summary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.image.engine import TIMES, Engine, engine


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    with engine() as found:
        yield found


@pytest.fixture(scope="session")
def echo(docker: Engine) -> str:
    return docker.build("echo")


@pytest.fixture(scope="session")
def pipeline(docker: Engine) -> str:
    return docker.build("pipeline")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TIMES:
        terminalreporter.section("the image")
        terminalreporter.write_line("\n".join(TIMES))
