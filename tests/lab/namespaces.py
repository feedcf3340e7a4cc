"""
Network namespaces and the programs that run in them.

Namespaces are ours by their prefix: those left over by a killed run are removed, with what still runs in them, before
the next begins. A program is stopped by its pid.
"""

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

PREFIX = "whofrom-"
COMMAND_SECONDS = 20  # one call of ip or iptables; under load, seconds at most
START_SECONDS = 20  # until a program listens; whofrom takes 0.3 s on an idle machine
STOP_SECONDS = 8  # from SIGTERM to SIGKILL
LOCK = Path("/run/whofrom-lab.lock")
_FOLDER = Path("/run/netns")
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class LabFault(Exception):
    """A command of the laboratory failed, or a program did not start: the message has its words."""


def run(*argv: str, text: str | None = None) -> str:
    """Run a command, feed it text, and return what it printed; LabFault with its words if it fails."""
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise LabFault(f"{' '.join(argv)}: no end after {COMMAND_SECONDS} s") from None
    if done.returncode:
        raise LabFault(f"{' '.join(argv)}: exit code {done.returncode}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def run_in(place: str, *argv: str, text: str | None = None) -> str:
    """Run a command in a namespace, named without the prefix."""
    return run("ip", "netns", "exec", PREFIX + place, *argv, text=text)


def ip_in(place: str, commands: Sequence[str]) -> None:
    """Give `ip` a list of commands, without the leading `ip`, in a namespace."""
    run("ip", "-n", PREFIX + place, "-batch", "-", text="\n".join(commands) + "\n")


@contextmanager
def inside(place: str) -> Iterator[None]:
    """Have this thread stand in a namespace: a socket made there stays there."""
    with Path("/proc/thread-self/ns/net").open("rb") as home, (_FOLDER / (PREFIX + place)).open("rb") as there:
        _setns(there)
        try:
            yield
        finally:
            _setns(home)


def _setns(namespace: IO[bytes]) -> None:
    if _LIBC.setns(namespace.fileno(), _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def sysctl(place: str, **values: object) -> None:
    """Set sysctls of a namespace; `__` in a name stands for a `/`."""
    with inside(place):
        for name, value in values.items():
            Path("/proc/sys/net", name.replace("__", "/")).write_text(str(value), encoding="ascii")


def connected(place: str, address: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection that begins in a namespace."""
    with inside(place):
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((address, port))
    except BaseException:
        connection.close()
        raise
    return connection


class Program:
    """A program in a namespace, its output in a file, stopped by its pid."""

    def __init__(
        self, place: str, argv: Sequence[str], output: Path, listens: int, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = f"{Path(argv[0]).name} in {place}"
        self.output = output
        with output.open("ab") as file:
            # `ip netns exec` becomes the program: its pid is the program's
            self._process = subprocess.Popen(
                ["ip", "netns", "exec", PREFIX + place, *argv],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=None if env is None else {**os.environ, **env},
            )
        self._port = listens

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait(self, address: str, caller: str) -> None:
        """Wait until it takes connections at an address, from a namespace."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with suppress(OSError):
                connected(caller, address, self._port, 1).close()
                return
            time.sleep(0.02)
        self.stop()
        raise LabFault(f"{self.name} did not start: {self.output.read_text(errors='replace')[-2000:]}")

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Have it end, and wait for it."""
        self.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def add(places: Sequence[str]) -> None:
    """Make namespaces, with loopback up."""
    for place in places:
        run("ip", "netns", "add", PREFIX + place)
        ip_in(place, ["link set lo up"])


def remove_all() -> list[str]:
    """Remove every namespace of ours, with what runs in it; returns their names."""
    names = [line.split()[0] for line in run("ip", "netns", "list").splitlines() if line.startswith(PREFIX)]
    for name in names:
        for pid in run("ip", "netns", "pids", name).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run("ip", "netns", "delete", name)
    return names


class Lock:
    """One laboratory at a time on a machine: the names of namespaces are the machine's."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> "Lock":
        self._file = LOCK.open("a")
        end = time.monotonic() + self._seconds
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    self._file.close()
                    raise LabFault("another laboratory runs on this machine: stop it first") from None
                time.sleep(0.2)
            else:
                return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
