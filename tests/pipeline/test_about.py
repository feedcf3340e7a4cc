"""`whofrom --version`: a line; with -v what a report of a bug needs, on the bare install too."""

import platform
from pathlib import Path

import pytest
from click.testing import CliRunner

from echo.record import SCHEMA_VERSION
from pipeline.cli import whofrom as command
from tests.pipeline.bare import PROJECT, add_metadata, bare_install, whofrom


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    return bare_install(tmp_path_factory.mktemp("bare") / "site-packages")


@pytest.mark.parametrize("arguments", [["--version"], ["version"], ["--version", "regions"]])
def test_the_version_is_one_line(arguments, bare):
    done = whofrom(*arguments, paths=(bare,))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"whofrom {PROJECT['version']}\n", "")


@pytest.mark.parametrize("arguments", [["--version", "-v"], ["-v", "--version"], ["version", "--verbose"]])
def test_the_bare_install_tells_what_it_is(arguments, bare):
    done = whofrom(*arguments, paths=(bare,))
    assert (done.returncode, done.stderr) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line and not line.endswith(":"))
    assert facts["whofrom"] == PROJECT["version"]
    assert facts["Python"].startswith(platform.python_version())
    assert done.stdout.count(f"\nrecord schema  {SCHEMA_VERSION}\n") == 1
    assert "\nevent loop     uvloop " in done.stdout
    assert "not looked for without the extra: pip install 'whofrom[pipeline]'" in done.stdout
    base, *extras = done.stdout.split("\npackages of the extra ")
    assert all(facts[name][0].isdigit() for name in ("click", "orjson", "prometheus-client", "uvloop"))
    assert "  click " in base
    for text, (extra, asked) in zip(extras, PROJECT["optional-dependencies"].items(), strict=True):
        head, *lines = text.strip().splitlines()
        assert head == f"{extra}:"
        assert all(line.endswith(f" not installed: pip install 'whofrom[{extra}]'") for line in lines)
        assert len(lines) == len(asked)


def test_what_is_too_old_is_told(bare, tmp_path):
    add_metadata(tmp_path, "duckdb", "1.0")
    done = whofrom("--version", "-v", paths=(tmp_path, bare))
    assert "  duckdb             1.0, too old: 2.0 or newer is needed, pip install 'whofrom[pipeline]'\n" in done.stdout


def test_here_the_geo_database_is_named_with_its_date():
    done = CliRunner().invoke(command, ["--version", "-v"])
    assert done.exit_code == 0
    assert "\ngeo database   DBIP-City-Lite 2023-04-01, /" in done.output


def test_from_the_source_without_an_installation(bare, tmp_path):
    for top in bare.iterdir():
        if not top.name.startswith("whofrom-"):
            (tmp_path / top.name).symlink_to(top)
    assert whofrom("--version", paths=(tmp_path,)).stdout == "whofrom not installed, run from its source\n"


def test_v_alone_says_what_it_is_for():
    done = CliRunner().invoke(command, ["-v"])
    assert done.exit_code == 2
    assert "-v tells more of --version: whofrom --version -v" in done.output
