"""A package that is missing, broken or too old is named, with what to install."""

import tomllib
from pathlib import Path

import pytest

from pipeline.cli import SUBCOMMANDS
from pipeline.installed import Need, is_older, needs, outdated, parse_need, unloadable
from tests.pipeline.bare import ROOT, add_metadata, bare_install, whofrom

PIPELINE = [name for name, entry in SUBCOMMANDS.items() if entry.extra]
OTHERS = [name for name, entry in SUBCOMMANDS.items() if not entry.extra]
INSTALL = "pip install 'whofrom[pipeline]'\n"


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    return bare_install(tmp_path_factory.mktemp("bare") / "site-packages")


@pytest.mark.parametrize("arguments", [[], ["--help"]], ids=["called", "help"])
@pytest.mark.parametrize("name", PIPELINE)
def test_on_the_bare_install_a_command_says_what_to_install(name, arguments, bare):
    done = whofrom(name, *arguments, paths=(bare,))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"whofrom: error: whofrom {name} needs the package ")
    assert done.stderr.endswith(f"; {INSTALL}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", OTHERS)
def test_the_bare_install_has_the_other_commands(name, bare):
    done = whofrom(name, "--help", paths=(bare,))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: whofrom {name} ")


def test_the_bare_install_explains(bare):
    done = whofrom(
        "explain", "--peer", "10.0.0.7", "--trust", "private", "-H", "X-Forwarded-For: 8.8.8.8", paths=(bare,)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Client:  8.8.8.8")


def test_a_package_that_is_too_old_is_named_with_the_version_that_is_needed(bare, tmp_path):
    add_metadata(tmp_path, "duckdb", "1.4.2")
    done = whofrom("regions", paths=(tmp_path, bare))
    (least,) = [need.least for need in needs() if need.name == "duckdb"]
    assert done.returncode == 1
    assert done.stderr == (
        f"whofrom: error: whofrom regions needs duckdb {least} or newer, and 1.4.2 is installed; {INSTALL}"
    )


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ImportError('libstdc++.so.6: no version GLIBCXX_3.4.32\\nand more', name='duckdb._duckdb')",
         "the package duckdb is installed and cannot be loaded (libstdc++.so.6: no version GLIBCXX_3.4.32)"),
        ("raise ImportError('\\x1b[31mbroken')",
         "a package is installed and cannot be loaded (\\x1b[31mbroken)"),
        ("import duckdb.inside",
         "the package duckdb is installed and cannot be loaded (No module named 'duckdb.inside'"),
        ("import wanted_by_duckdb", "needs the package wanted_by_duckdb; pip install"),
    ],
    ids=["a library", "without a name", "a part of it", "what it needs"],
)  # fmt: skip
def test_a_package_that_is_broken_is_named(code, words, bare, tmp_path):
    add_metadata(tmp_path, "duckdb", "99.0")
    add_metadata(tmp_path, "pyarrow", "99.0")
    (tmp_path / "pyarrow.py").write_text(code)  # whichever is imported first
    (tmp_path / "duckdb.py").write_text(code)
    done = whofrom("regions", paths=(tmp_path, bare))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert words.replace("\\\\", "\\") in done.stderr
    assert "whofrom[pipeline]'" in done.stderr


def test_what_is_imported_only_when_it_is_used_is_named_too(bare, tmp_path):
    """The server's own packages: `pip install --no-deps` leaves them out."""
    for top in bare.iterdir():
        if not top.name.startswith("uvloop"):
            (tmp_path / top.name).symlink_to(top)
    done = whofrom("serve", "--port", "0", paths=(tmp_path,))
    assert (done.returncode, done.stderr) == (
        1, "whofrom: error: whofrom serve needs the package uvloop; pip install whofrom\n"
    )  # fmt: skip


def test_a_fault_of_ours_is_no_missing_package():
    assert unloadable("whofrom x", "", ImportError("cannot import name 'y'", name="pipeline.rows")) == ""
    assert unloadable("whofrom x", "", ModuleNotFoundError("No module named 'echo.z'", name="echo.z")) == ""


def test_needs_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert parse_need("duckdb>=2.0; extra == 'pipeline'") == Need("duckdb", "2.0", "pipeline")
    assert parse_need("uvloop (>=0.21,<2) ; platform_system != 'Windows'") == Need("uvloop", "0.21", "")
    assert parse_need('moto[s3]!=1 ; extra == "dev" and os_name == "x"') == Need("moto", "", "dev")
    for text in [*project["dependencies"], *project["optional-dependencies"]["pipeline"]]:
        need = parse_need(text)
        assert text.startswith(f"{need.name}>={need.least}"), "each says which version it needs at least"


@pytest.mark.parametrize(
    ("version", "least", "older"),
    [("2.0.1", "2.0", False), ("2.0", "2.0.0", False), ("1.4.2", "2.0", True), ("2.0.0rc1", "2.0", False),
     ("10.0", "9", False), ("9", "10.0", True), ("26", "26", False), ("unknown", "1", True), ("1!2", "2", False)],
)  # fmt: skip
def test_versions_are_compared_by_their_numbers(version, least, older):
    assert is_older(version, least) is older


def test_what_is_not_of_the_extra_is_not_asked_about(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    add_metadata(tmp_path, "click", "0.1")
    assert outdated("whofrom regions", "pipeline") == ""
    assert "needs click 8" in outdated("whofrom serve", "")
