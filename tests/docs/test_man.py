"""What the wheel brings for shells and `man` is what the tree of commands says, and readers of roff take it."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from docs.generate import FOLDER, made_for_shells
from docs.pages.man import EXAMPLES, escaped, manuals
from echo.settings import SETTINGS
from pipeline.cli import SUBCOMMANDS

MADE = made_for_shells()
PAGES = manuals()


@pytest.mark.parametrize("name", MADE)
def test_a_file_is_up_to_date(name: str) -> None:
    assert (FOLDER.parent / name).read_text("utf-8") == MADE[name], "run: make docs"


@pytest.mark.parametrize("folder", ["man", "completion"])
def test_no_file_is_left_over(folder: str) -> None:
    there = {f"{folder}/{path.name}" for path in (FOLDER.parent / folder).iterdir() if path.name != "NOTICE.md"}
    assert there == {name for name in MADE if name.startswith(f"{folder}/")}


def test_each_command_has_a_page() -> None:
    assert set(PAGES) == {"whofrom.1", *(f"whofrom-{name}.1" for name in SUBCOMMANDS)}


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        (".TH of a file", "\\&.TH of a file"),
        ("'quoted' first", "\\&'quoted' first"),
        ("a\n.so x", "a\n\\&.so x"),
        ("back\\slash", "back\\eslash"),
        ("--flag", "\\-\\-flag"),
    ],
)
def test_nothing_of_a_text_is_taken_for_roff(text: str, roff: str) -> None:
    assert escaped(text) == roff


@pytest.mark.parametrize(
    "command",
    [["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-z"], ["mandoc", "-Tlint", "-Wwarning"]],
    ids=["groff", "mandoc"],
)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault(name: str, command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    path = str(FOLDER.parent / "man" / name)
    done = subprocess.run([*command, path], capture_output=True, text=True, check=False)
    # a date would be that of the last `make docs`: the version says when
    said = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert said == []


def test_a_page_reads_well() -> None:
    if not shutil.which("man"):
        pytest.skip("man is not installed")

    def read(name: str) -> str:
        path = str(FOLDER.parent / "man" / name)
        environ = {"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
        done = subprocess.run(
            ["man", "--warnings", "-l", path], env=environ, capture_output=True, text=True, check=True
        )
        assert done.stderr == ""
        return done.stdout

    shown = read("whofrom.1")
    heads = [line for line in shown.splitlines() if line and not line.startswith(" ")][1:-1]
    assert heads == [
        "NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES",
        "SEE ALSO",
    ]  # fmt: skip
    assert all(f"       {line}\n" in shown or line in shown for line in EXAMPLES)
    assert "WHOFROM_LAKE" in shown
    serve = read("whofrom-serve.1")
    for setting in SETTINGS:
        assert f"--{setting.name}" in serve
        assert all(variable in serve for variable in setting.env)
    assert "fpath=(~/.zfunc $fpath)" in read("whofrom-completion.1")
