"""The command: Go's flags, exit codes, signals."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import click
import pytest
from click.testing import CliRunner

from echo.cli import serve
from echo.listeners import port_number
from echo.settings import KINDS, SETTINGS, Settings, rewrite_go_flags
from tests.echo.server.conftest import ROOT

GO_FLAGS = [
    ("-port 80", ["--port=80"]),
    ("--port 80", ["--port=80"]),
    ("-port=80", ["--port=80"]),
    ("--port=80", ["--port=80"]),
    ("-port=", ["--port="]),
    ("-name=a=b", ["--name=a=b"]),
    ("-port -1", ["--port=-1"]),  # Go takes the next argument whatever it looks like
    ("-verbose", ["--verbose=true"]),
    ("-verbose=false", ["--verbose=false"]),
    ("-verbose false -port 80", ["--verbose=true"]),  # the first positional argument ends the flags
    ("-- -port 80", []),
    ("- -port 80", []),
    ("serve -port 80", []),
    ("-trust 10.0.0.0/8 --trust=lb", ["--trust=10.0.0.0/8", "--trust=lb"]),
    ("-h", ["--help"]),
    ("-help", ["--help"]),
    ("--help", ["--help"]),
]


@pytest.mark.parametrize(("written", "expected"), GO_FLAGS, ids=[row[0] for row in GO_FLAGS])
def test_go_flags(written, expected):
    """Flags are read as Go reads them."""
    assert rewrite_go_flags(written.split()) == expected


@pytest.mark.parametrize("written", ["-port", "---port 80", "-=80", "-foo", "--prot=80"])
def test_go_flags_refused(written):
    """What Go refuses is refused."""
    with pytest.raises(click.UsageError):
        rewrite_go_flags(written.split())


def test_settings_are_declared_once():
    """The table and the values have the same names and defaults, in the same order."""
    read = {name: KINDS[name] for name in ("duration", "size", "count")}
    declared = [
        (
            setting.name.replace("-", "_"),
            () if setting.kind == "list" else read.get(setting.kind, lambda default: default)(setting.default),
        )
        for setting in SETTINGS
    ]
    assert declared == [(field.name, field.default) for field in dataclasses.fields(Settings)]


def test_help_names_every_setting():
    """--help exits 0 and names each flag and environment variable."""
    result = CliRunner().invoke(serve, ["-h"])
    assert result.exit_code == 0
    for setting in SETTINGS:
        assert f"--{setting.name}" in result.output
        assert all(name in result.output for name in setting.env)


@pytest.mark.parametrize("flags", [["-foo"], ["-verbose=maybe"], ["-port"]])
def test_wrong_usage(flags):
    """Wrong flags end with 2 and a word on usage."""
    result = CliRunner().invoke(serve, flags)
    assert result.exit_code == 2
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["-port", "abc"], "--port: 'abc' is no port; give a number up to 65535 or a service name"),
        (["-port", "65536"], "'65536' is no port"),
        (["--config", "missing.toml"], "missing.toml: cannot read it"),
        (["--trust", "10.0.0.0/33"], "'10.0.0.0/33' has no prefix length of 0 to 32"),
        (["-cert", "missing.pem", "-key", "missing.key"], "cannot use them: No such file"),
        (["-port", "0", "--log", "/"], "--log '/': cannot open it: Is a directory"),
        (["-port", "0", "--host", "no.such.invalid"], "'no.such.invalid' port 0: cannot listen"),
    ],
)
def test_cannot_start(flags, words):
    """What keeps the server from starting is said in one line, with exit code 3."""
    result = CliRunner().invoke(serve, flags)
    assert result.exit_code == 3
    assert result.output.startswith("whofrom: error: ")
    assert words in result.output
    assert result.output.count("\n") == 1


def test_port_taken():
    """A port that is taken is named."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(serve, ["--host", "127.0.0.1", "-port", str(port)])
    assert result.exit_code == 3
    assert f"port {port}: cannot listen: Address already in use" in result.output


def test_login_rule_wrong(tmp_path):
    """A wrong login rule is found at the start."""
    config = tmp_path / "whofrom.toml"
    config.write_text('[[login]]\npath = "("\n')
    result = CliRunner().invoke(serve, ["--config", str(config)])
    assert result.exit_code == 3
    assert "is no regular expression" in result.output


def test_port_may_be_a_service():
    """A port may be the name of a service."""
    assert port_number("http") == 80


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_in_hand_are_answered(run, number):
    """A signal lets the request in hand finish, closes idle connections, flushes the log and ends with 0."""
    server = run()
    answers = []
    request = b"GET /?wait=700ms HTTP/1.1\r\nHost: h\r\n\r\n"
    waiting = threading.Thread(target=lambda: answers.append(server.send(request)))
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as idle:
        waiting.start()
        time.sleep(0.3)
        assert server.stop(number) == 0
        assert idle.recv(1) == b""
    waiting.join()
    assert b"200 OK" in answers[0]
    assert b"\r\nConnection: close\r\n" in answers[0]
    assert [record["target"] for record in server.records(1)] == ["/?wait=700ms"]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_environment_variables(run):
    """The environment sets what no flag sets."""
    server = run(env={"WHOAMI_PORT_NUMBER": "1", "WHOAMI_NAME": "from-env"})
    assert b"Name: from-env\n" in server.send(b"GET / HTTP/1.0\r\n\r\n")


def test_empty_environment_variables(monkeypatch):
    """An empty variable sets nothing."""
    monkeypatch.setenv("WHOAMI_PORT_NUMBER", "")
    assert serve.make_context("serve", []).params["port"] == "80"
    monkeypatch.setenv("WHOAMI_PORT_NUMBER", "2001")
    assert serve.make_context("serve", []).params["port"] == "2001"


def test_config_from_the_environment(run, tmp_path, monkeypatch):
    """WHOFROM_CONFIG names the file, as for `whofrom ingest`; the flag goes before it."""
    config = tmp_path / "whofrom.toml"
    config.write_text('[trust]\nranges = ["loopback"]\n')
    server = run(env={"WHOFROM_CONFIG": str(config)})
    server.send(b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.7\r\nConnection: close\r\n\r\n")
    assert server.records(1)[0]["client_ip"] == "203.0.113.7"
    monkeypatch.setenv("WHOFROM_CONFIG", "missing.toml")
    assert serve.make_context("serve", ["--config", "other.toml"]).params["config"] == "other.toml"
    result = CliRunner().invoke(serve, [])
    assert result.exit_code == 3
    assert "missing.toml: cannot read it" in result.output


def test_drain_is_bounded(run, tmp_path):
    """A request that takes too long is cut off in words, and that is said; the exit code is 0 all the same."""
    server = run("--finish", "300ms")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET /?wait=1h HTTP/1.1\r\nHost: h\r\n\r\n")
        time.sleep(0.2)
        assert server.stop() == 0
        assert connection.recv(1000).endswith(b"cut off: the server stops\n")
    assert "1 connections were still in hand after 300ms and were cut off" in (tmp_path / "stderr.txt").read_text()
    (record,) = server.records(1)
    assert (record["status"], record["error"]) == (503, "cut off at shutdown")


def test_verbose_line(run, tmp_path):
    """-verbose writes whoami's line, without what a terminal could obey."""
    server = run("-verbose")
    server.send(b"GET /a%1B%5Bb?q HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    lines = (tmp_path / "stderr.txt").read_text().splitlines()
    assert lines[-1].endswith('"GET /a\\x1b[b HTTP/1.1" - -')


def test_environment_is_shown_when_allowed(run):
    """?env=true prints the environment with --allow-env, and the name leads."""
    server = run("--allow-env", "-name", "me", env={"FOO": "bar"})
    text = server.send(b"GET /?env=true HTTP/1.0\r\n\r\n").partition(b"\r\n\r\n")[2]
    assert text.startswith(b"Name: me\nHostname: ")
    assert b"\r\n\r\nPATH=" in text
    assert b"\nFOO=bar\n" in text
    assert b'"name":"me"' in server.send(b"GET /api?env=T HTTP/1.0\r\n\r\n")
    assert b'"FOO":"bar"' in server.send(b"GET /api?env=T HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize("authorities", [None, "/etc/ours.pem"])
def test_what_makes_the_start_light_leaves_the_environment_as_it_was(run, authorities):
    one = run("--allow-env", env={"SSL_CERT_FILE": authorities} if authorities else {})
    shown = one.send(b"GET /?env=true HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    lines = [line for line in shown.split(b"\n") if line.startswith(b"SSL_CERT_FILE")]
    assert lines == ([f"SSL_CERT_FILE={authorities}".encode()] if authorities else [])


def test_the_start_reads_no_authorities_and_loads_nothing_of_the_pipeline():
    script = (
        "import gc, sys\n"
        "from echo.cli import _light_imports\n"
        "with _light_imports():\n"
        "    import echo.server, aiohttp.connector\n"
        "print(aiohttp.connector._SSL_CONTEXT_VERIFIED.cert_store_stats()['x509'], gc.isenabled())\n"
        "print(sorted({'pyarrow', 'duckdb', 'deltalake', 'rich', 'jinja2', 'maxminddb', 'importlib.metadata'}"
        " & sys.modules.keys()))"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environ)
    assert done.stdout == "0 True\n[]\n"
