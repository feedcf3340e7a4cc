"""The wheel in an empty environment: what comes with it, what it does, and what it says where the extra is missing."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pipeline.cli import SUBCOMMANDS
from requirements.locked import pins
from tests.dist.environment import NOT_KEPT, UV, Environment, with_pip, with_uv
from tests.dist.published import ROOT, Published
from tests.dist.pythons import LOWEST, VERSIONS, find_python
from tests.dist.test_published import SHARED

HERE = {version: python for version in VERSIONS if (python := find_python(version))}
IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    assert "site-packages" in package.__file__, package.__file__
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if (module.name, error.name) not in {more}:
                raise
            print(module.name)
"""
# modules of the extra `spark`, which is not installed here, and what each asks for first
OF_SPARK = {(f"pipeline.engine.{name}", "sqlglot") for name in ("cuts", "dialect", "spark")}


def lowest(extra: str, folder: Path) -> Path:
    """Write the lowest versions that pyproject.toml allows, of what it names itself."""
    out = folder / f"lowest{extra}.txt"
    subprocess.run(
        [UV, "pip", "compile", "--quiet", "--no-header", "--resolution", "lowest-direct", "--python-version", LOWEST]
        + (["--extra", extra] if extra else [])
        + [ROOT / "pyproject.toml", "-o", out],
        check=True,
    )
    return out


@pytest.fixture(scope="session", params=[*HERE, "lowest"])
def bare(request: pytest.FixtureRequest, published: Published, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("bare")
    if request.param == "lowest":
        return with_uv(HERE[LOWEST], folder, "-r", lowest("", folder), published.wheel)
    make = with_pip if request.param == LOWEST else with_uv
    return make(HERE[request.param], folder, published.wheel)


@pytest.fixture(scope="session", params=[*HERE, "lowest"])
def whole(
    request: pytest.FixtureRequest, published: Published, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    folder = tmp_path_factory.mktemp("whole")
    if request.param == "lowest":
        return with_uv(HERE[LOWEST], folder, "-r", lowest("pipeline", folder), published.wheel)
    return with_uv(HERE[request.param], folder, f"whofrom[pipeline] @ {published.wheel.as_uri()}")


def test_a_python_is_here() -> None:
    assert LOWEST in HERE, f"python{LOWEST}, which pyproject.toml names first, is not installed"


def test_the_source_distribution_installs_as_well(published: Published, tmp_path: Path) -> None:
    """With the build backend that pyproject.toml asks for, fetched into a place of its own."""
    made = with_uv(HERE[LOWEST], tmp_path, published.sdist)
    (packages,) = made.folder.glob("lib/python*/site-packages")
    for name, data in published.in_wheel().items():
        if name in SHARED:
            assert (made.folder / name.partition(".data/data/")[2]).read_bytes() == data, name
        elif not name.endswith(("/RECORD", "/WHEEL")):  # one names what the installer adds, one the backend's version
            assert (packages / name).read_bytes() == data, name


def test_the_bare_install_brings_what_it_needs_and_nothing_else(bare: Environment) -> None:
    names = {pin.name for pin in pins("echo.txt")}
    certain = {pin.name for pin in pins("echo.txt") if not pin.marker}
    assert certain | {"whofrom"} <= bare.packages().keys() <= names | {"whofrom"}


def test_the_extra_brings_what_it_needs_and_nothing_else(whole: Environment) -> None:
    names = {pin.name for pin in pins("pipeline.txt")}
    certain = {pin.name for pin in pins("pipeline.txt") if not pin.marker}
    assert certain | {"whofrom"} <= whole.packages().keys() <= names | {"whofrom"}


def test_packages_fit_together(whole: Environment) -> None:
    subprocess.run([UV, "pip", "check", "--quiet", "--python", whole.python], check=True)


def test_every_module_of_echo_loads_without_the_extra(bare: Environment) -> None:
    done = bare.run("python", "-I", "-W", "error", "-c", IMPORT_ALL.format(more=set()), "echo")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_module_loads_with_it(whole: Environment) -> None:
    done = whole.run("python", "-I", "-W", "error", "-c", IMPORT_ALL.format(more=OF_SPARK), "echo", "pipeline")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == sorted(name for name, _ in OF_SPARK)


def test_it_tells_its_version_and_its_commands(bare: Environment) -> None:
    version = bare.packages()["whofrom"]
    assert bare.run("whofrom", "--version").stdout == f"whofrom {version}\n"
    told = bare.run("whofrom", "--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert set(SUBCOMMANDS) <= set(re.findall(r"^  (\w+) ", told.stdout, re.MULTILINE))


def test_manual_pages_and_completion_stand_where_they_are_looked_for(bare: Environment) -> None:
    share = bare.folder / "share"
    assert {path.name for path in (share / "man" / "man1").iterdir()} >= {"whofrom.1", "whofrom-serve.1"}
    scripts = (
        "bash-completion/completions/whofrom",
        "zsh/site-functions/_whofrom",
        "fish/vendor_completions.d/whofrom.fish",
    )
    for script in scripts:
        assert "_WHOFROM_COMPLETE=" in (share / script).read_text("utf-8")


@pytest.mark.skipif(not shutil.which("manpath"), reason="no man-db here")
def test_man_finds_them_by_the_path_of_the_command(bare: Environment) -> None:
    found = {**os.environ, "PATH": f"{bare.folder / 'bin'}:{os.environ['PATH']}", "MANPATH": ""}
    done = subprocess.run(["manpath", "-q"], env=found, capture_output=True, text=True, check=True)
    assert str(bare.folder / "share" / "man") in done.stdout.strip().split(":")


def test_it_tells_of_every_package_that_it_asks_for(whole: Environment) -> None:
    told = whole.run("whofrom", "--version", "-v")
    assert (told.returncode, told.stderr) == (0, "")
    versions = whole.packages()
    asked = {pin.name for pin in pins("pipeline.txt") if "whofrom" in pin.parents}
    assert {(name, versions[name]) for name in asked} <= set(re.findall(r"^  (\S+) +(\S+)$", told.stdout, re.MULTILINE))


def test_it_explains_a_request(bare: Environment) -> None:
    done = bare.run("whofrom", "explain", "--peer", "203.0.113.7")
    assert (done.returncode, done.stderr) == (0, "")
    assert "203.0.113.7" in done.stdout.splitlines()[0]


@pytest.mark.parametrize("command", [name for name, one in SUBCOMMANDS.items() if one.extra])
def test_a_command_of_the_extra_says_what_to_install(bare: Environment, command: str) -> None:
    done = bare.run("whofrom", command, "--help")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "pip install 'whofrom[pipeline]'" in line


@pytest.fixture
def serving(bare: Environment) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name not in NOT_KEPT}
    server = subprocess.Popen(
        [bare.folder / "bin" / "whofrom", "serve", "--host", "127.0.0.1", "--port", str(port), "--name", "installed"],
        cwd=bare.elsewhere,
        env=environment | {"PYTHONWARNINGS": "error"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield port, server
    server.kill()
    server.wait()


def answered(port: int) -> str:
    for _ in range(300):
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
                connection.request("GET", "/", headers={"X-Forwarded-For": "203.0.113.7"})
                return connection.getresponse().read().decode()
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise AssertionError("nobody listens")


def test_it_serves_and_stops(serving: tuple[int, subprocess.Popen[bytes]]) -> None:
    port, server = serving
    assert answered(port).startswith("Name: installed\n")
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0


def test_the_extra_reads_a_log_and_answers_the_three_questions(whole: Environment) -> None:
    log = ROOT / "tests" / "data" / "attacks" / "sqlmap_hidden.log"
    places = ROOT / "tests" / "data" / "mmdb" / "GeoIP2-City-Test.mmdb"
    read = whole.run("whofrom", "ingest", log, "--geo", places)
    assert (read.returncode, read.stdout) == (0, ""), read.stderr
    assert "22 rows, 0 rejects" in read.stderr

    def rows(*arguments: str) -> list[dict[str, object]]:
        done = whole.run("whofrom", *arguments, "-o", "ndjson")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    assert rows("sql", "SELECT count(*) AS n FROM requests") == [{"n": 22}]
    assert sum(int(str(row["requests"])) for row in rows("regions")) == 22
    assert rows("logins") == []
    assert {"source", "severity"} <= rows("attacks")[0].keys()
    page = whole.run("whofrom", "regions", "--html", "page.html")
    assert page.returncode == 0, page.stderr
    assert (whole.elsewhere / "page.html").read_text("utf-8").startswith("<!doctype html>\n")
