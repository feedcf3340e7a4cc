"""Who answers: processes on a core of their own, each on its port of 127.0.0.1, ended by their number."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.http.client import free_port, wait_for
from benchmarks.http.cores import Cores, on_core
from benchmarks.http.nginx import Answer, configure
from benchmarks.http.traffic import TARGETS

STOP_SECONDS = 10.0
WHOFROM = Path(sys.executable).with_name("whofrom")


@dataclass(slots=True)
class Candidate:
    """
    name     as it stands in the tables
    command  what starts it
    targets  what it can be asked
    log      the file that its log goes to
    piped    the log goes to stdout, and by a process on the client's core to its file
    """

    name: str
    command: list[str]
    port: int
    targets: tuple[str, ...] = TARGETS
    log: Path | None = None
    piped: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def pid(self) -> int:
        """Return the first process of the server. Raises RuntimeError where it has ended."""
        code = self.processes[0].poll()
        if code is not None:
            raise RuntimeError(f"{self.name} has ended with {code}: {' '.join(self.command)}")
        return self.processes[0].pid


def whofrom(name: str, log: Path | None, *, piped: bool = False, targets: tuple[str, ...] = TARGETS) -> Candidate:
    """Return our server: one worker, where it has several."""
    port = free_port()
    command = [str(WHOFROM), "serve", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--log", "off" if log is None else "-" if piped else str(log)]
    described = subprocess.run([WHOFROM, "serve", "--help"], capture_output=True, text=True, check=True)
    if "--workers" in described.stdout:
        command += ["--workers", "1"]
    return Candidate(name, command, port, targets, log, piped)


def nginx(name: str, folder: Path, log: Path | None, options: str, answers: Mapping[str, Answer]) -> Candidate:
    """Return an nginx with one worker; options are those of `access_log` after the format."""
    folder.mkdir()
    port = free_port()
    access_log = f"{log} json {options}" if log else "off"
    config = configure(folder, port, access_log, answers, open_files())
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    command = [program, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(config)]
    return Candidate(name, command, port, tuple(answers), log)


def whoami(program: Path) -> Candidate:
    """Return the original; it has no /explain and writes no log."""
    port = free_port()
    targets = tuple(target for target in TARGETS if target != "/explain")
    return Candidate(
        "whoami", [str(program.absolute()), "--port", str(port)], port, targets, environment={"GOMAXPROCS": "1"}
    )


@contextmanager
def running(candidate: Candidate, cores: Cores) -> Iterator[Candidate]:
    """Start a candidate, wait until it listens; stop it in the end."""
    start(candidate, cores)
    try:
        wait_for(candidate.port).close()
        assert candidate.pid  # else somebody else listens there
        yield candidate
    finally:
        stop(candidate)


def start(candidate: Candidate, cores: Cores) -> None:
    """Start a candidate on the server's core."""
    with on_core(cores.server):
        process = subprocess.Popen(
            candidate.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if candidate.piped else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **candidate.environment},
        )
    candidate.processes.append(process)
    if candidate.piped:
        assert process.stdout is not None
        assert candidate.log is not None
        with on_core(cores.client), process.stdout, candidate.log.open("ab") as file:
            candidate.processes.append(subprocess.Popen(["cat"], stdin=process.stdout, stdout=file))


def stop(candidate: Candidate) -> None:
    """End what was started of a candidate: the server, then what takes its log."""
    while candidate.processes:
        process = candidate.processes.pop(0)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def open_files() -> int:
    """Return how many files a process may open, having raised it to the most that is allowed."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
