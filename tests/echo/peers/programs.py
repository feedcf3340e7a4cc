"""
Programs of others, found and run for a test: on loopback, in the foreground, ended by their process id.

Ports cannot collide: each test process has an address of its own in 127/8, and takes ports that the kernel gives nobody
on its own (they lie below those for clients and for servers that ask for any).
"""

import contextlib
import http.client
import itertools
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.echo.server.conftest import COMMAND, ROOT

HOST = f"127.{64 + (os.getpid() >> 16) % 64}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
CLIENT = "127.0.0.9"  # whom proxies see
START_SECONDS = 20
_PORTS = itertools.count(20_001)
# Beside PATH: what a package of PyPI brought, and where Debian has servers
_FOLDERS = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"])


def program(name: str) -> str:
    """Return where a program is; skip the test where there is none."""
    found = shutil.which(name, path=_FOLDERS)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """Return a port of HOST that nobody listens on."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            return port
    raise AssertionError


@contextlib.contextmanager
def ended(process: subprocess.Popen) -> Iterator[subprocess.Popen]:
    """End a process when its test does."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait(5)


def until(found: Callable[[], bool], process: subprocess.Popen, output: Path) -> None:
    """Wait until something is found; fail if the process ends before."""
    deadline = time.monotonic() + START_SECONDS
    while not found():
        assert process.poll() is None, f"{process.args} ended with {process.returncode}: {output.read_text()}"
        assert time.monotonic() < deadline, f"{process.args} did not start: {output.read_text()}"
        time.sleep(0.02)


@contextlib.contextmanager
def started(folder: Path, *command: str, ready: Callable[[], bool]) -> Iterator[Path]:
    """Run a program of others in a folder, which is its home too, until the test ends; return what it says."""
    output = folder / "output.txt"
    environ = {"PATH": _FOLDERS, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with (
        output.open("ab") as written,
        ended(subprocess.Popen(command, cwd=folder, env=environ, stdout=written, stderr=written)) as process,
    ):
        until(ready, process, output)
        yield output


@contextlib.contextmanager
def serving(
    folder: Path, *flags: str, env: Mapping[str, str] | None = None, pass_fds: Iterable[int] = ()
) -> Iterator[str]:
    """Run a server that listens elsewhere than on any port; return how it says where."""
    output = folder / "stderr.txt"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | dict(env or {})
    flags = ("--log", str(folder / "log.ndjson"), "--drain", "0s", *flags)
    with (
        output.open("wb") as written,
        ended(subprocess.Popen([*COMMAND, *flags], stderr=written, env=environ, pass_fds=tuple(pass_fds))) as process,
    ):
        until(lambda: "Starting up" in output.read_text(), process, output)
        yield output.read_text()


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    fields: http.client.HTTPMessage
    body: bytes


def ask(
    port: int,
    target: str,
    *,
    host: str = HOST,
    client: str = CLIENT,
    method: str = "GET",
    body: bytes | Iterable[bytes] | None = None,
    fields: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Ask as a client; a body in pieces is sent in chunks."""
    source = (client, 0)
    if tls is not None:
        connection = http.client.HTTPSConnection(host, port, timeout=5, source_address=source, context=tls)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=5, source_address=source)
    with contextlib.closing(connection):
        connection.request(method, target, body, dict(fields or {}))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def answers(port: int, target: str = "/livez", **how) -> bool:
    """Return whether a request is answered well."""
    try:
        return ask(port, target, **how).status == 200
    except (OSError, http.client.HTTPException):
        return False


def listens(port: int) -> bool:
    """Return whether somebody accepts connections."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False
