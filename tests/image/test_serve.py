"""The server's image as Docker, containerd and Kubernetes run it."""

from __future__ import annotations

import os
import re
import signal
import socket
import statistics
import subprocess
import time
from pathlib import Path

import pytest

from tests.echo.peers.programs import HOST, ended, free_port
from tests.image.engine import TIMES, Engine
from tests.image.marks import IMAGES

pytestmark = IMAGES
# what Kubernetes' restricted pods get, and a read-only root file system
RESTRICTED = ("--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--read-only", "--read-only-tmpfs=false")
PORT_80 = ("--sysctl", "net.ipv4.ip_unprivileged_port_start=0")  # Docker's and containerd's default
WHOAMI = re.compile(
    r"Name: x\nHostname: \w+\nIP: 127\.0\.0\.1\n(IP: ::1\n)?RemoteAddr: 127\.0\.0\.1:\d+\n"
    r"GET / HTTP/1\.1\nHost: localhost:8080\nUser-Agent: curl/\S+\nAccept: \*/\*\n\n"
)
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # where a container has none of its own
STARTS = 7
START_SECONDS = 0.3  # from exec to listening


def test_it_answers_as_whoami_does_in_a_restricted_pod(docker: Engine, echo: str) -> None:
    with docker.started(echo, "--port", "8080", "--name", "x", options=RESTRICTED) as server:
        assert WHOAMI.fullmatch(server.ask("http://localhost:8080/"))
        status = dict(re.findall(r"^(\w+):\t(.*)$", server.process("status"), re.MULTILINE))
        assert status["Uid"].split() == ["65532"] * 4
        assert status["Gid"].split() == ["65532"] * 4
        assert {status[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        root = next(line for line in server.process("mounts").splitlines() if line.split()[1] == "/")
        assert "ro" in root.split()[3].split(",")
        assert "Starting up on port 8080" in server.logs()


def test_it_listens_on_port_80_where_the_namespace_lets_all_users(docker: Engine, echo: str) -> None:
    with docker.started(echo, options=(*RESTRICTED, *PORT_80)) as server:
        assert server.ask("http://localhost/ip") == "127.0.0.1\n"
        assert "Uid:\t65532\t" in server.process("status")


def test_where_port_80_is_roots_it_says_both_ways_out(docker: Engine, echo: str) -> None:
    done = docker.run(echo, options=RESTRICTED)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "port 80: cannot listen: Permission denied; give a port that is not root's, --port 8080" in done.stderr
    assert "net.ipv4.ip_unprivileged_port_start=0" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        pytest.param((), 10, id="drains within docker stop's patience"),
        pytest.param(("--drain", "0"), 2, id="at once"),
    ],
)
def test_it_ends_with_0_at_the_signal_that_the_image_names(
    docker: Engine, echo: str, arguments: tuple[str, ...], seconds: float
) -> None:
    with docker.started(echo, "--port", "8080", *arguments, options=RESTRICTED) as server:
        server.ask("http://localhost:8080/ip")
        start = time.monotonic()
        docker.podman("stop", "--time", "60", server.name)
        took = time.monotonic() - start
        assert server.state("ExitCode") == "0"
    TIMES.append(f"{took:6.1f} s  stop with {arguments or 'the default --drain'}")
    assert took < seconds


def test_its_health_check_says_how_it_is(docker: Engine, echo: str) -> None:
    """The image's own, as the engine runs it: it finds the server, whatever its port, and fails while it drains."""
    with docker.started(echo, "--port", "8081", "--drain", "30", options=RESTRICTED) as server:
        server.ask("http://localhost:8081/ip")
        assert docker.podman("healthcheck", "run", server.name, check=False).returncode == 0
        docker.podman("kill", "--signal", "TERM", server.name)
        until = time.monotonic() + 10
        while docker.podman("healthcheck", "run", server.name, check=False).returncode == 0:
            assert time.monotonic() < until
        assert server.state("Running") == "true"
    nobody = docker.run(echo, "health", options=("--entrypoint", "whofrom"))
    assert (nobody.returncode, nobody.stdout) == (1, "")


def test_no_shell_is_needed(docker: Engine, echo: str, tmp_path: Path) -> None:
    """With the shells of the image covered by an empty file."""
    empty = tmp_path / "empty"
    empty.touch()
    covered = [word for shell in ("dash", "bash") for word in ("--volume", f"{empty}:/usr/bin/{shell}:ro")]
    options = (*RESTRICTED, *covered)
    assert docker.run(echo, "-c", "exit 0", options=(*options, "--entrypoint", "/bin/sh")).returncode != 0
    with docker.started(echo, "--port", "8080", "--name", "x", options=options) as server:
        assert WHOAMI.fullmatch(server.ask("http://localhost:8080/"))
        assert docker.podman("healthcheck", "run", server.name, check=False).returncode == 0


def test_the_command_is_found_without_the_images_environment(docker: Engine, echo: str) -> None:
    with docker.mounted(echo) as files:
        chroot = ["chroot", "--userspec=65532:65532", str(files), "whofrom", "--version"]
        done = subprocess.run(chroot, env={"PATH": PATH}, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("whofrom ")


def test_every_module_that_it_loads_is_compiled(docker: Engine, echo: str) -> None:
    """Python, asked to say so, names each module that it had to compile by its source."""
    run = ("-v", "-m", "pipeline.cli", "serve", "--port", "8080")
    with docker.started(echo, *run, options=(*RESTRICTED, "--entrypoint", "/opt/whofrom/bin/python")) as server:
        server.ask("http://localhost:8080/explain")
        loaded = re.findall(r"^# code object from '?([^'\n]+)", server.logs(), re.MULTILINE)
    assert any("/echo/" in path for path in loaded)
    assert any("/asyncio/" in path for path in loaded)
    assert [path for path in loaded if not path.endswith(".pyc")] == []


def test_the_commands_that_need_no_server_are_there(docker: Engine, echo: str) -> None:
    whofrom = ("--entrypoint", "whofrom", *RESTRICTED)
    done = docker.run(echo, "explain", "--peer", "203.0.113.7", options=whofrom)
    assert done.returncode == 0
    assert done.stdout.startswith("Client:  203.0.113.7")
    missing = docker.run(echo, "ingest", "access.log", options=whofrom)
    assert missing.returncode == 1
    assert "whofrom[pipeline]" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_it_listens_within_300_ms_of_exec(docker: Engine, echo: str) -> None:
    """
    From the exec of the program to the first connection, without what the engine takes to make a container.

    Where the machine has more to do than it can, the processor's time is held to it in place of the clock's. The server
    is told to stop at that moment, too.
    """
    env = dict(line.split("=", 1) for line in docker.inspect(echo)["Config"]["Env"])
    clock, processor = [], []
    with docker.mounted(echo) as files:
        for _ in range(STARTS):
            port = free_port()
            command = ["chroot", "--userspec=65532:65532", str(files), *_entrypoint(docker, echo), "--port", str(port)]
            start = time.monotonic()
            with ended(subprocess.Popen([*command, "--drain", "0"], env=env, stderr=subprocess.DEVNULL)) as server:
                clock.append(_until_it_listens(port) - start)
                processor.append(int(Path(f"/proc/{server.pid}/schedstat").read_text().split()[0]) / 1e9)
                server.send_signal(signal.SIGTERM)
                assert server.wait(20) == 0
    TIMES.append(
        f"{statistics.median(clock) * 1000:6.0f} ms from exec to listening (median of {STARTS}; best "
        f"{min(clock) * 1000:.0f}), {statistics.median(processor) * 1000:.0f} ms of processor time"
    )
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    assert statistics.median(processor if busy else clock) < START_SECONDS


def _entrypoint(docker: Engine, echo: str) -> list[str]:
    program, *arguments = docker.inspect(echo)["Config"]["Entrypoint"]
    return [f"/opt/whofrom/bin/{program}", *arguments]


def _until_it_listens(port: int) -> float:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return time.monotonic()
        time.sleep(0.002)
    raise AssertionError("it does not listen")
