"""The command: arguments, exit codes, both forms, TLS."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from echo.clientip import ConfigFault
from echo.probe.command import parse_seconds, probe
from echo.probe.target import parse_url
from tests.echo.probe.fakes import answer, fake, whofrom
from tests.echo.server.conftest import ROOT, running, tls  # noqa: F401  # a fixture

COMMAND = (sys.executable, "-W", "error", "-c", "from pipeline.cli import main; main()", "probe")
# (URL, what it is read as); None where it is refused
URLS = [
    ("http://echo.test", ("http", "echo.test", 80, "/"), "http://echo.test/"),
    ("https://echo.test/", ("https", "echo.test", 443, "/"), "https://echo.test/"),
    ("http://echo.test:8080/who/am/i", ("http", "echo.test", 8080, "/who/am/i/"), "http://echo.test:8080/who/am/i/"),
    ("http://echo.test/base/explain", ("http", "echo.test", 80, "/base/"), "http://echo.test/base/"),
    ("http://[2001:db8::1]:81/", ("http", "2001:db8::1", 81, "/"), "http://[2001:db8::1]:81/"),
    ("http://[fe80::1%eth0]/", ("http", "fe80::1%eth0", 80, "/"), "http://[fe80::1]/"),
    ("http://bücher.test/%20", ("http", "xn--bcher-kva.test", 80, "/%20/"), "http://xn--bcher-kva.test/%20/"),
]
BAD_URLS = [
    "", "echo.test", "ftp://echo.test/", "http://", "http:///x", "http://echo.test:0/", "http://echo.test:99999/",
    "http://echo.test:x/", "http://me:word@echo.test/", "http://echo.test/?a=b", "http://echo.test/#x",
    "http://echo.test/a b", "http://echo.test/\r\nX: y", "http://echo.test/\x1b[31m", "http://[::1", "http://echo.test/ü",
    "http://" + "a" * 3000, f"http://{'ü' * 80}.test/",
]  # fmt: skip


@pytest.mark.parametrize(("text", "target", "url"), URLS)
def test_a_url(text, target, url):
    assert parse_url(text) == target
    assert parse_url(text).url == url


@pytest.mark.parametrize("text", BAD_URLS)
def test_a_url_that_is_none(text):
    with pytest.raises(ConfigFault) as fault:
        parse_url(text)
    assert fault.value.next_step
    assert str(fault.value).isprintable()


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "1e999", "5 parsecs", "601", "\x1b"])
def test_a_time_that_is_none(text):
    with pytest.raises(ConfigFault):
        parse_seconds(text, "--timeout", 600)
    assert parse_seconds("1.5", "--timeout", 600) == parse_seconds("1500ms", "--timeout", 600) == 1.5


def run(*arguments, env=None):
    """Run the command to its end."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | (env or {})
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, env=environ, timeout=60, check=False)


def test_from_end_to_end_as_text(serve):
    """Environment's proxies are not asked; 127.0.0.2 is the client."""
    port = serve("plain")
    env = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "socks5://127.0.0.1:1"}
    done = run(f"http://127.0.0.1:{port}/", "-n", "2", "--bind", "127.0.0.2", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "PRESERVED: Your address 127.0.0.2 arrives: the server takes it for the client's,"
    assert all(len(line) <= 80 and line == line.rstrip() for line in lines)
    assert "  X-Forwarded-For (two fields)     passed on" in lines
    assert "All 2 requests without a forged header took the same way." in lines


def test_from_end_to_end_as_json(serve):
    done = run(f"http://127.0.0.1:{serve('cloudflare')}/", "-n", "1", "-o", "json", "--my-address", "81.2.69.142")
    assert (done.returncode, done.stderr) == (4, "")
    found = json.loads(done.stdout)
    assert (found["v"], found["verdict"], found["exit"]) == (1, "forgeable", 4)
    assert [one["code"] for one in found["canaries"] if one["believed"]] == ["cf-connecting-ip"]
    assert found["also"][0]["code"] == "nobody"
    assert found["mine"] == ["81.2.69.142"]


def test_from_end_to_end_without_an_answer():
    """JSON says it too, and the exit code."""
    with fake(lambda asked, sock: answer(b"", "301 Moved", "Location: https://x/")) as server:
        done = run(server.url, "-o", "json")
    assert done.returncode == 1
    assert done.stderr.startswith(f"whofrom: error: {server.url}: answered with a redirect (301) to 'https://x/'")
    found = json.loads(done.stdout)
    assert (found["verdict"], found["exit"]) == ("failed", 1)
    assert "redirect" in found["says"]


# arguments -> what is complained about
USAGE = [
    (["http://x/", "-H", "X-Real-IP: 1.2.3.4"], "the probe sends itself"),
    (["http://x/", "-H", "Content-Length: 3"], "the probe sends itself"),
    (["http://x/", "-H", "Connection: close"], "the probe sends itself"),
    (["http://x/", "-H", "nothing"], "no header field"),
    (["http://x/", "-H", "a/b: c"], "no header name"),
    (["http://x/", "-H", "a: b\r\nX: y"], "no header field"),
    (["http://x/", "--my-address", "me"], "no address"),
    (["http://x/", "--bind", "eth0"], "no address"),
    (["http://127.0.0.1:1/", "--bind", "192.0.2.200"], "cannot connect from"),
    (["http://x/", "--timeout", "soon"], "no time"),
    (["https://x/", "--cacert", "/nowhere.pem"], "holds no certificates"),
    (["x"], "no http or https URL"),
]


@pytest.mark.parametrize(("arguments", "words"), USAGE)
def test_usage(arguments, words):
    found = CliRunner().invoke(probe, arguments)
    assert isinstance(found.exception, ConfigFault)
    assert found.exception.exit_code == 2
    assert words in str(found.exception)


def test_a_number_that_is_too_big():
    assert CliRunner().invoke(probe, ["http://x/", "-n", "100000"]).exit_code == 2


def test_fields_of_ones_own_take_the_place_of_ours():
    with fake(whofrom) as server:
        arguments = [server.url, "-n", "1", "-H", "Host: b.test", "-H", "user-agent: me", "-H", "X-A: ü"]
        found = CliRunner().invoke(probe, arguments)
    assert found.exit_code == 0, found.output
    names = [name for name, _ in server.asked[0].fields]
    assert "User-Agent" not in names
    assert ("user-agent", "me") in server.asked[0].fields
    assert ("X-A", "Ã¼") in server.asked[0].fields  # UTF-8, which the fake reads as Latin-1


def test_tls(tmp_path, tls):  # noqa: F811
    """A certificate is believed that the CA given signed, or any if so said; plain ports are known by what they say."""
    flags = ("--cert", str(tls / "server.pem"), "--key", str(tls / "server.key"))
    ca = ("--cacert", str(tls / "ca.pem"))
    runner = CliRunner()
    with running(tmp_path, *flags) as server:
        url = f"https://localhost:{server.port}/"
        for more in (ca, ("--insecure",)):
            found = runner.invoke(probe, [url, "-n", "1", *more])
            assert found.exit_code == 0, found.output
        found = runner.invoke(probe, [url])
        assert "certificate is not believed" in str(found.exception)
        assert "--cacert" in str(found.exception)
        found = runner.invoke(probe, [f"https://127.0.0.2:{server.port}/", *ca])
        assert "certificate is not believed" in str(found.exception)
        found = runner.invoke(probe, [f"http://localhost:{server.port}/"])
        assert found.exception.exit_code == 1
        assert "400" in str(found.exception) or "closed instead" in str(found.exception)
    with fake(lambda asked, sock: b"") as plain:
        plain_url = plain.url.replace("http", "https")
        found = runner.invoke(probe, [plain_url, *ca, "--timeout", "1s", "-n", "1"])
    assert found.exception.exit_code == 1


def test_a_plain_port_that_is_asked_in_tls(serve):
    found = CliRunner().invoke(probe, [f"https://127.0.0.1:{serve('plain')}/", "--insecure"])
    assert "no TLS is spoken" in str(found.exception)
