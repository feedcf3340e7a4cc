"""`whofrom health` beside real servers: by URL, and in a container of its own, where it finds the server itself."""

import contextlib
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from click.testing import CliRunner

from echo.health.ask import AGENT
from pipeline.cli import whofrom
from tests.echo.server.conftest import ROOT, running
from tests.ports import free_port

UNSHARE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child")


def health(*arguments):
    """Return exit code, standard output, standard error."""
    done = CliRunner().invoke(whofrom, ["health", *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("health")) as found:
        yield found


def test_a_url_is_asked(server):
    code, said, errors = health(f"http://localhost:{server.port}")
    assert (code, errors) == (0, "")
    assert re.fullmatch(rf"http://localhost:{server.port}/readyz: answered 200 in \d+ ms\n", said)
    (record,) = server.records(1, lambda record: record["user_agent"] == AGENT)
    assert (record["target"], record["status"]) == ("/readyz", 200)


def test_post_health_changes_nothing(server):
    server.send(b"POST /health HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\n503")
    assert health(f"http://127.0.0.1:{server.port}/readyz")[0] == 0


def test_a_server_that_drains_is_not_able(tmp_path):
    with running(tmp_path, "--drain", "30s") as one:
        one.process.send_signal(signal.SIGTERM)
        url = f"http://127.0.0.1:{one.port}/readyz"
        deadline = time.monotonic() + 5
        while (found := health(url))[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert found[0] == 1
        assert found[2].startswith(f"whofrom: error: {url}: answered 503: ")
        one.process.send_signal(signal.SIGTERM)  # a second one ends the wait


@contextlib.contextmanager
def stranger(answer):
    """Listen, and answer one connection with bytes; with None, never."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    if answer is None:
                        connection.recv(4096)  # until it is given up
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"220 mail\r\n", "what it answered is no HTTP: '220 mail\\\\r\\\\n'; name another URL"),
        (b"HTTP/1.1 500 No\r\n\r\n\x1b[31mred", "answered 500: '\\\\x1b[31mred'; look at what it writes"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "answered 302; look at what it writes"),
        (b"", "it closed the connection without an answer"),
        (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 9999, "xxx…'; look at what it writes"),
    ],
    ids=["mail", "hostile", "redirect", "nothing", "long"],
)
def test_what_is_no_good_answer_is_told(answer, said):
    with stranger(answer) as url:
        code, out, errors = health(url)
    assert (code, out, errors.count("\n")) == (1, "", 1)
    assert said.replace("\\\\", "\\") in errors


def test_an_answer_that_does_not_come_is_given_up():
    with stranger(None) as url:
        started = time.monotonic()
        code, _, errors = health(url, "--timeout", "200ms")
    assert time.monotonic() - started < 10
    assert (code, errors) == (
        1, f"whofrom: error: {url}/readyz: no answer in 200ms; look at what it writes to standard error\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["http://127.0.0.1:1"], 1, "Connection refused; nothing listens there"),
        (["ftp://x"], 2, "is no http or https URL"),
        (["--timeout", "0", "http://127.0.0.1:1"], 2, "no answer comes in no time; write 2s"),
        (["--timeout", "soon", "http://127.0.0.1:1"], 2, "'soon' is no time"),
    ],
)
def test_wrong_arguments_and_nobody_there(arguments, code, said):
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "health", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_certificates_are_looked_at_but_on_loopback(tmp_path, tls):
    with running(tmp_path, "--cert", str(tls / "server.pem"), "--key", str(tls / "server.key")) as one:
        assert health(f"https://127.0.0.1:{one.port}")[0] == 0
        assert health(f"https://localhost:{one.port}")[0] == 0
        name = socket.gethostname()
        if name != "localhost":
            code, _, errors = health(f"https://{name}:{one.port}")
            assert (code, "CERTIFICATE_VERIFY_FAILED" in errors) == (1, True)
        assert "WRONG_VERSION" not in health(f"http://127.0.0.1:{one.port}")[2]


# --- in a container of its own ---------------------------------------------------------------------------------------

# flags of serve -> what health says; PORT stands for a free one
CONTAINERS = {
    "a port": (["--port", "PORT"], r"http://127\.0\.0\.1:PORT/readyz: answered 200 in \d+ ms\n"),
    "any port": (["--port", "0"], r"http://127\.0\.0\.1:\d+/readyz: answered 200 in \d+ ms\n"),
    "several workers": (["--port", "PORT", "--workers", "3"], r"http://127\.0\.0\.1:PORT/readyz: answered 200 in .*\n"),
    "IPv6": (["--port", "PORT", "--host", "::1"], r"http://\[::1\]:PORT/readyz: answered 200 in \d+ ms\n"),
    "a socket": (["--unix", "sock"], r"/readyz at http\+unix:/.*/sock: answered 200 in \d+ ms\n"),
    "TLS": (
        ["--port", "PORT", "--cert", "TLS/server.pem", "--key", "TLS/server.key"],
        r"https://127\.0\.0\.1:PORT/readyz: answered 200 in \d+ ms\n",
    ),
    "certificates of clients": (
        ["--port", "PORT", "--cert", "TLS/server.pem", "--key", "TLS/server.key", "--cacert", "TLS/ca.pem"],
        r"https://127\.0\.0\.1:PORT/readyz: wants a certificate, as --cacert has it\n",
    ),
    "PROXY": (["--port", "PORT", "--proxy-protocol", "required"], r"http://.*:PORT/readyz: answered 200 in \d+ ms\n"),
    "PROXY and TLS": (
        ["--port", "PORT", "--proxy-protocol", "required", "--cert", "TLS/server.pem", "--key", "TLS/server.key"],
        r"https://.*:PORT/readyz: answered 200 in \d+ ms\n",
    ),
    "PROXY from others alone": (
        ["--port", "PORT", "--proxy-protocol", "required", "--trust", "203.0.113.0/24"],
        r"http://.*:PORT/readyz: answered 400 in \d+ ms, as it does outside its trusted ranges\n",
    ),
}


@pytest.mark.skipif(
    subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode != 0,
    reason="no user and process namespaces may be made here",
)
@pytest.mark.parametrize("name", CONTAINERS)
def test_in_a_container_the_server_is_found(name, tmp_path, tls):
    flags, said = CONTAINERS[name]
    port = str(free_port())
    words = [word.replace("PORT", port).replace("TLS", str(tls)) for word in flags]
    run = f"{shlex.quote(sys.executable)} -m pipeline.cli"
    script = f"""
        {run} health; echo "before: $?"
        {run} serve --drain 0s --workers 1 --log off {shlex.join(words)} & server=$!
        for _ in $(seq 100); do said=$({run} health 2>&1) && break; sleep 0.1; done
        echo "$said"
        kill $server; wait $server; echo "server: $?"
    """
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert re.fullmatch(rf"before: 1\n{said.replace('PORT', port)}server: 0\n", done.stdout), done.stdout + done.stderr
    assert done.stderr.startswith("whofrom: error: no `whofrom serve` runs here; start one, or name one: ")
