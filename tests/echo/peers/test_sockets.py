"""Where the server listens: descriptors passed on as systemd does, UNIX sockets, PORT, and ports that are taken."""

import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from tests.echo.peers.programs import COMMAND, HOST, ROOT, answers, ask, ended, free_port, program, serving

REQUEST = b"GET /clientip HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


def said_port(said):
    """Return the port that the server named at its start."""
    return int(re.search(r"on port (\d+)\n", said)[1])


def ask_unix(path):
    """Ask over a UNIX socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(str(path))
        connection.sendall(REQUEST)
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_listening_socket_that_is_passed_on(tmp_path, workers):
    """Connections that were waiting before the server came are answered; all workers accept from it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        early = socket.create_connection(("127.0.0.1", port), timeout=5)
        flags = ("--fd", str(listener.fileno()), "--workers", workers)
        with early, serving(tmp_path, *flags, pass_fds=[listener.fileno()]) as said:
            assert said_port(said) == port
            early.sendall(REQUEST)
            assert early.recv(4096).endswith(b"127.0.0.1\n")
            assert ask(port, "/clientip", host="127.0.0.1").body == b"127.0.0.9\n"


def test_a_unix_socket_that_is_passed_on(tmp_path):
    """Its file is not the server's, and stays."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with serving(tmp_path, "--fd", str(listener.fileno()), pass_fds=[listener.fileno()]):
            assert b"it came over a UNIX socket" in ask_unix(path)
    assert path.exists()


def test_tls_on_a_socket_that_is_passed_on(tmp_path, certificates):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        flags = ("--fd", str(listener.fileno()), *certificates.server)
        with serving(tmp_path, *flags, pass_fds=[listener.fileno()]):
            port = listener.getsockname()[1]
            assert ask(port, "/livez", host="127.0.0.1", tls=certificates.context).status == 200


@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_systemd_passes_its_socket_on(tmp_path, family):
    """As a .socket unit does: descriptor 3, and the server starts with the first connection."""
    activate = program("systemd-socket-activate")
    path, port = tmp_path / "socket", free_port()
    where = f"{HOST}:{port}" if family == "tcp" else str(path)
    command = [
        activate,
        "-l",
        where,
        "-E",
        f"PYTHONPATH={ROOT}",
        *COMMAND,
        "--fd",
        "3",
        "--log",
        "off",
        "--drain",
        "0s",
    ]
    with (
        (tmp_path / "output.txt").open("wb") as written,
        ended(subprocess.Popen(command, stdout=written, stderr=written)),
    ):
        deadline = time.monotonic() + 5
        while f"Listening on {where}" not in (tmp_path / "output.txt").read_text():
            assert time.monotonic() < deadline, (tmp_path / "output.txt").read_text()
            time.sleep(0.02)
        if family == "tcp":
            assert ask(port, "/clientip").body == b"127.0.0.9\n"
        else:
            assert b"it came over a UNIX socket" in ask_unix(path)
    assert "Starting up on " in (tmp_path / "output.txt").read_text()


def test_the_port_may_be_in_the_environment(tmp_path):
    """As platforms set it that choose the port; the flag goes before it."""
    port = free_port()
    (tmp_path / "flag").mkdir()
    with serving(tmp_path, "--host", HOST, env={"PORT": str(port)}) as said:
        assert said_port(said) == port
        assert answers(port)
        with serving(tmp_path / "flag", "--host", HOST, "-port", "0", env={"PORT": str(port)}) as other:
            assert said_port(other) != port


def test_the_second_server_on_a_port_is_refused(tmp_path):
    """Though workers share theirs: requests would go to either."""
    with serving(tmp_path, "-port", "0", "--workers", "2") as said:
        port = said_port(said)
        for host in ([], ["--host", "127.0.0.1"]):
            done = _failing("-port", str(port), *host, "--workers", "2")
            assert done.returncode == 3
            assert f"port {port}: cannot listen: Address already in use" in done.stderr
        assert ask(port, "/livez", host="127.0.0.1").status == 200


def test_the_second_server_on_a_unix_socket_is_refused(tmp_path):
    """One that a dead server left behind is taken, one that answers is not."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with serving(tmp_path, "--unix", str(path)):
        done = _failing("--unix", str(path))
        assert done.returncode == 3
        assert "cannot listen: Address already in use" in done.stderr
        assert ask_unix(path).startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--fd", "99"], "cannot listen: Bad file descriptor"),
        (["--fd", "0"], "--fd 0: cannot listen: "),
        (["--fd", "x"], "'x' is no descriptor"),
        (["--fd", "3", "--unix", "s"], "one of them says where to listen"),
    ],
)
def test_what_cannot_be_listened_on(flags, words):
    done = _failing(*flags)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert words in done.stderr


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_that_does_not_listen_is_refused(kind):
    with socket.socket(socket.AF_INET, kind) as idle:
        idle.bind(("127.0.0.1", 0))
        done = _failing("--fd", str(idle.fileno()), pass_fds=[idle.fileno()])
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "cannot listen: " in done.stderr
    assert "give the number of a listening socket, such as 3" in done.stderr


def test_it_may_be_told_to_stop_the_moment_that_it_listens():
    """Whoever finds it listening: a container that is stopped early would not end, or end as killed."""
    port = free_port()
    command = [*COMMAND, "--log", "off", "--host", HOST, "-port", str(port), "--drain", "0"]
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with ended(subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)) as server:
        listening = False
        while not listening:
            assert server.poll() is None
            with socket.socket() as probe:
                listening = probe.connect_ex((HOST, port)) == 0
        server.terminate()
        assert server.wait(20) == 0


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv"), reason="takes a capability away, which root can with setpriv"
)
def test_a_port_that_is_roots_is_refused_with_the_two_ways_out():
    """In a network namespace of its own, where no sysctl was set."""
    unprivileged = ("unshare", "--net", "setpriv", "--bounding-set=-net_bind_service")
    done = _failing("-port", "80", before=unprivileged)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "port 80: cannot listen: Permission denied; give a port that is not root's, --port 8080" in done.stderr
    assert "net.ipv4.ip_unprivileged_port_start=0" in done.stderr


def _failing(*flags, before=(), pass_fds=()):
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [*before, *COMMAND, "--log", "off", *flags]
    return subprocess.run(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
        pass_fds=pass_fds,
    )
