"""Which processes are servers, and where each is to be asked, from a /proc of our own making."""

import os
from pathlib import Path

import pytest

from echo.clientip import Fault
from echo.health.servers import places, serve_arguments

PYTHON, SCRIPT = "/opt/whofrom/bin/python", "/opt/whofrom/bin/whofrom"

# what runs -> what follows serve, None: no server
COMMANDS = {
    "the image's": ([PYTHON, SCRIPT, "serve", "--port", "8080"], ["--port", "8080"]),
    "without flags": ([PYTHON, SCRIPT, "serve"], []),
    "with options of Python's": (["python3.13", "-I", "-X", "dev", "-Werror", SCRIPT, "serve", "-v"], ["-v"]),
    "a module": (["python", "-m", "pipeline.cli", "serve", "--port=1"], ["--port=1"]),
    "another command": ([PYTHON, SCRIPT, "health"], None),
    "a command of that name on another": ([PYTHON, SCRIPT, "sql", "serve"], None),
    "what starts one": (["uv", "run", "whofrom", "serve"], None),
    "a wrapper": (["timeout", "9", PYTHON, SCRIPT, "serve"], None),
    "a shell": (["sh", "-c", "whofrom serve"], None),
    "another program's serve": (["python", "/usr/bin/other", "serve"], None),
    "a kernel thread": ([], None),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_servers_are_known_by_their_command_line(name):
    command, arguments = COMMANDS[name]
    assert serve_arguments(command) == arguments


class Proc:
    """A folder as the kernel makes one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.add(4242, ["python", "-m", "pytest"])
        (root / "self").symlink_to("4242")

    def add(self, number, command, environ=None, parent=0, network="net:[1]", name="whofrom", cwd="/srv"):
        folder = self.root / str(number)
        (folder / "ns").mkdir(parents=True)
        (folder / "ns" / "net").symlink_to(network)
        (folder / "cwd").symlink_to(cwd)
        (folder / "cmdline").write_bytes(b"".join(os.fsencode(word) + b"\0" for word in command))
        (folder / "stat").write_text(f"{number} ({name}) S {parent} 1 1 0")
        if environ is not None:
            (folder / "environ").write_bytes(b"".join(f"{key}={value}\0".encode() for key, value in environ.items()))
        return folder


@pytest.fixture
def proc(tmp_path):
    root = tmp_path / "proc"
    root.mkdir()
    return Proc(root)


def urls(proc):
    return [str(one) if isinstance(one, Fault) else one.url for one in places(proc.root)]


# flags and environment -> where it is asked, whether a PROXY header goes first
TOLD = {
    "nothing": ([], {}, "http://127.0.0.1:80/readyz", False),
    "a port": (["--port", "8080"], {}, "http://127.0.0.1:8080/readyz", False),
    "a port, as Go has flags": (["-port=8080"], {}, "http://127.0.0.1:8080/readyz", False),
    "a variable": ([], {"PORT": "8080"}, "http://127.0.0.1:8080/readyz", False),
    "the variable that goes first": ([], {"PORT": "1", "WHOAMI_PORT_NUMBER": "2"}, "http://127.0.0.1:2/readyz", False),
    "a flag goes before a variable": (["--port", "8080"], {"PORT": "1"}, "http://127.0.0.1:8080/readyz", False),
    "a service": (["--port", "http"], {}, "http://127.0.0.1:80/readyz", False),
    "an address": (["--host", "127.0.0.9"], {}, "http://127.0.0.9:80/readyz", False),
    "all of IPv4": (["--host", "0.0.0.0"], {}, "http://127.0.0.1:80/readyz", False),
    "IPv6 alone": (["--host", "::"], {}, "http://[::1]:80/readyz", False),
    "a certificate": (["--cert", "c", "--key", "k"], {}, "https://127.0.0.1:80/readyz", False),
    "a certificate without a key": (["--cert", "c"], {}, "http://127.0.0.1:80/readyz", False),
    "a socket": (["--unix", "run/s"], {}, "/readyz at http+unix:/srv/run/s", False),
    "PROXY": (["--proxy-protocol", "required"], {}, "http://127.0.0.1:80/readyz", True),
    "PROXY in the environment": ([], {"WHOFROM_PROXY_PROTOCOL": "required"}, "http://127.0.0.1:80/readyz", True),
    "PROXY where it may be left out": (
        ["--proxy-protocol", "optional", "--trust", "private"], {}, "http://127.0.0.1:80/readyz", False
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TOLD)
def test_a_server_is_asked_where_it_was_told_to_listen(name, proc, monkeypatch):
    monkeypatch.setenv("WHOAMI_PORT_NUMBER", "9999")  # ours is not its
    flags, environ, url, local_header = TOLD[name]
    proc.add(1, [PYTHON, SCRIPT, "serve", *flags], environ | {"PATH": "/bin"})
    (place,) = places(proc.root)
    assert (place.url, place.local_header) == (url, local_header)


def test_the_toml_says_whether_a_proxy_header_is_wanted(proc, tmp_path):
    (tmp_path / "whofrom.toml").write_text('[trust]\nproxy_protocol = "required"\n')
    proc.add(1, [PYTHON, SCRIPT, "serve", "--config", "whofrom.toml"], {"A": ""}, cwd=str(tmp_path))
    (place,) = places(proc.root)
    assert place.local_header
    (tmp_path / "whofrom.toml").write_text("[trust")  # broken by now: the server runs on
    (place,) = places(proc.root)
    assert not place.local_header


def test_an_environment_that_may_not_be_read_is_taken_for_ours(proc, monkeypatch):
    monkeypatch.setenv("WHOAMI_PORT_NUMBER", "9999")
    proc.add(1, [PYTHON, SCRIPT, "serve"])
    assert urls(proc) == ["http://127.0.0.1:9999/readyz"]


def test_workers_are_not_asked_beside_their_server(proc):
    proc.add(1, [PYTHON, SCRIPT, "serve", "--port", "1"], {"A": ""})
    proc.add(7, [PYTHON, SCRIPT, "serve", "--port", "1"], {"A": ""}, parent=1, name="who) S 9 (from")
    proc.add(8, [PYTHON, SCRIPT, "serve", "--port", "1"], {"A": ""}, parent=1)
    assert urls(proc) == ["http://127.0.0.1:1/readyz"]


def test_several_servers_are_asked_by_their_number(proc):
    proc.add(20, [PYTHON, SCRIPT, "serve", "--port", "2"], {"A": ""}, parent=9)
    proc.add(3, [PYTHON, SCRIPT, "serve", "--port", "1"], {"A": ""}, parent=9)
    assert urls(proc) == ["http://127.0.0.1:1/readyz", "http://127.0.0.1:2/readyz"]


def test_servers_of_other_containers_are_passed_over(proc):
    proc.add(1, [PYTHON, SCRIPT, "serve"], {"A": ""}, network="net:[2]")
    with pytest.raises(Fault, match="no `whofrom serve` runs here; start one, or name one"):
        places(proc.root)


def test_one_that_shows_help_or_is_about_to_fail_is_no_server(proc):
    proc.add(2, [PYTHON, SCRIPT, "serve", "--help"], {"A": ""})
    proc.add(3, [PYTHON, SCRIPT, "serve", "--prot", "1"], {"A": ""})
    proc.add(4, [PYTHON, SCRIPT, "serve", "--port", "none such"], {"A": ""})
    with pytest.raises(Fault, match="no `whofrom serve` runs here"):
        places(proc.root)


def test_where_it_listens_is_not_to_be_seen_of_another_users(proc):
    proc.add(5, [PYTHON, SCRIPT, "serve", "--port", "0"], {"A": ""})
    assert urls(proc) == [
        "process 5: it is not to be seen where it listens; is it still starting, or another user's? Or name its URL"
    ]


def test_without_proc_the_url_is_asked_for(tmp_path):
    with pytest.raises(Fault, match="there is no /proc; name it: whofrom health http://localhost"):
        places(tmp_path)
