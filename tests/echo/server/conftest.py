"""A server of our own for each test worker: a subprocess on a free port of loopback."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

START_SECONDS = 20
COMMAND = (sys.executable, "-W", "error", "-c", "from echo.cli import serve; serve()")
ROOT = Path(__file__).parents[3]


@dataclass
class Running:
    """A running server, its port and its log."""

    process: subprocess.Popen
    port: int
    log: Path

    def send(self, request: bytes, *, half_close: bool = False, seconds: float = 5) -> bytes:
        """Send bytes, return all that comes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(request)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))

    def records(self, count: int, wanted=lambda record: True) -> list[dict]:
        """Return the records that are wanted, once there are `count` of them."""
        deadline = time.monotonic() + 5
        while True:
            whole = self.log.read_bytes().rpartition(b"\n")[0]  # the last line may be under way
            found = [record for record in map(json.loads, whole.splitlines()) if wanted(record)]
            if len(found) >= count or time.monotonic() > deadline:
                return found
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)


@contextlib.contextmanager
def running(folder: Path, *flags: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """Run a server with flags."""
    log, errors = folder / "log.ndjson", folder / "stderr.txt"
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | (env or {})
    with errors.open("wb") as stderr:
        flags = ("-port", "0", "--log", str(log), "--drain", "0s", "--workers", "1", *flags)
        process = subprocess.Popen([*COMMAND, *flags], stderr=stderr, env=environ)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not (found := re.search(r"Starting up (?:with TLS )?on port (\d+)\n", errors.read_text())):
            assert process.poll() is None, errors.read_text()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        yield Running(process, int(found[1]), log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(15)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A server that trusts nobody."""
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture
def run(tmp_path):
    """Start servers with flags of one's own; they stop with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *flags, env=None: stack.enter_context(running(tmp_path, *flags, env=env))


@pytest.fixture(scope="session")
def tls(tmp_path_factory):
    """A folder with a CA, a server's and a client's certificate and their keys, made anew."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, certificate in (
        ("server", authority.issue_cert("localhost", "127.0.0.1")),
        ("client", authority.issue_cert("client@whofrom.test")),
    ):
        certificate.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        for pem in certificate.cert_chain_pems:
            pem.write_to_path(str(folder / f"{name}.pem"), append=True)
    return folder
