"""Completion in the shells themselves, and what it costs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.completion import SHELLS
from tests.pipeline.bare import ROOT, bare_install
from tests.pipeline.bare import whofrom as bare_whofrom
from tests.pipeline.completion.terminal import completed
from tests.ready import install

# typed, then TAB -> the line
LINES = {
    "a command": ("whofrom regi", "whofrom regions "),
    "another command": ("whofrom hea", "whofrom health "),
    "what belongs to several": ("whofrom re", "whofrom re"),  # regions, rejects
    "an option": ("whofrom regions --vers", "whofrom regions --versus "),
    "a flag of the server": ("whofrom serve --max-conn", "whofrom serve --max-connections "),
    "a choice": ("whofrom regions -o nd", "whofrom regions -o ndjson "),
    "an argument": ("whofrom blocklist cr", "whofrom blocklist crowdsec"),
    "a command in a command": ("whofrom lake comp", "whofrom lake compact "),
    "an option of a command in a command": ("whofrom lake compact --ret", "whofrom lake compact --retain "),
    "a range": ("whofrom explain --trust cloudfl", "whofrom explain --trust cloudflare "),
    "a dialect in a list": ("whofrom explain --as nginx,cad", "whofrom explain --as nginx,caddy"),
    "a log": ("whofrom ingest acc", "whofrom ingest access.log "),
    "a flag's file": ("whofrom serve --config who", "whofrom serve --config whofrom.toml "),
    "a lake": ("whofrom regions --lake my", "whofrom regions --lake mylake/"),
}
COMMANDS = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"], "fish": ["fish"]}
SETUPS = {
    "bash": "source SCRIPT",
    "zsh": "bindkey -e; autoload -Uz compinit; compinit -u -D; source SCRIPT",
    "fish": "source SCRIPT",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with whofrom on its PATH, the scripts, and files to name."""
    folder = tmp_path_factory.mktemp("shells")
    programs = folder / "bin"
    programs.mkdir()
    program = install(programs)
    for shell in SHELLS:
        given = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([program, "completion", shell], env=given, capture_output=True, check=True)
        assert done.stderr == b""
        (folder / f"{shell}.script").write_bytes(done.stdout)
    (folder / "access.log").touch()
    (folder / "whofrom.toml").touch()
    (folder / "mylake").mkdir()
    return folder


def environ(place: Path) -> dict[str, str]:
    return {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "HOME": str(place), "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def test_each_shell_has_a_case() -> None:
    assert COMMANDS.keys() == SETUPS.keys() == set(SHELLS)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("name", LINES)
def test_at_a_terminal(shell: str, name: str, place: Path) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    typed, line = LINES[name]
    setup = SETUPS[shell].replace("SCRIPT", f"{shell}.script")
    shown = completed(COMMANDS[shell], setup, typed, place, environ(place))
    whole = line.endswith((" ", "/"))  # zsh takes its blank or slash back when the cursor goes elsewhere
    assert shown.rstrip(" /") == line.rstrip(" /") if whole else shown.startswith(line)


# click's script for fish ends a word at its first comma
@pytest.mark.parametrize("name", [name for name in LINES if name != "a dialect in a list"])
def test_fish_offers(name: str, place: Path) -> None:
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    typed, line = LINES[name]
    word = line.split(" ")[len(typed.split(" ")) - 1]
    done = subprocess.run(
        ["fish", "-c", f"source fish.script; complete -C '{typed}'"],
        cwd=place, env=environ(place), capture_output=True, text=True, check=True,
    )  # fmt: skip
    offered = [one.partition("\t")[0] for one in done.stdout.splitlines()]
    assert any(one.startswith(word) for one in offered), done.stdout
    assert all(one.startswith(typed.split(" ")[-1]) for one in offered)


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    """Ask as the script of bash does; the last word is the one to go on with."""
    script = "import sys; from pipeline.cli import main\ntry: main()\nexcept SystemExit as end: code = end.code\n"
    script += "print(code, sorted({m.split('.')[-1] for m in sys.modules if m.startswith('pipeline.commands.')}), "
    script += "sorted({'duckdb', 'pyarrow', 'rich', 'asyncio'} & sys.modules.keys()))"
    variables = {
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_WHOFROM_COMPLETE": "bash_complete",
    }
    environ = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=False)


def test_names_of_commands_are_completed_without_loading_one() -> None:
    assert asked("whofrom", "re").stdout == "plain,regions\nplain,rejects\n0 [] []\n"
    assert "plain,serve\n" in asked("whofrom", "").stdout


def test_options_load_the_command_in_question_alone() -> None:
    done = asked("whofrom", "regions", "--vers")
    assert done.stdout.startswith("plain,--versus\n")
    loaded = done.stdout.splitlines()[-1]
    assert "'regions'" in loaded
    assert not any(f"'{other}'" in loaded for other in ("attacks", "logins", "watch", "ingest", "sql"))


@pytest.mark.parametrize(
    "words",
    [
        ("whofrom", "nothing", ""),
        ("whofrom", "serve", "--nothing", ""),
        ("whofrom", "serve", "-port=80", "--"),
        ("whofrom", "serve", "--config", ""),
        ("whofrom", "--version", ""),
        ("whofrom", "help", "re"),
        ("whofrom", "sql", "'unclosed", ""),
        ("whofrom",),
    ],
)
def test_odd_lines_are_no_error(words: tuple[str, ...]) -> None:
    done = asked(*words)
    assert (done.stdout.splitlines()[-1].split()[0], done.stderr) == ("0", "")


def test_what_cannot_be_loaded_offers_nothing(tmp_path: Path) -> None:
    bare = bare_install(tmp_path / "site-packages")
    more = {"COMP_WORDS": "whofrom\nregions\n--", "COMP_CWORD": "2", "_WHOFROM_COMPLETE": "bash_complete"}
    done = bare_whofrom(paths=(bare,), **more)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    more = {"COMP_WORDS": "whofrom\nserve\n--por", "COMP_CWORD": "2", "_WHOFROM_COMPLETE": "bash_complete"}
    assert bare_whofrom(paths=(bare,), **more).stdout == "plain,--port\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_bare_install_has_the_scripts(shell: str, tmp_path: Path) -> None:
    bare = bare_install(tmp_path / "site-packages")
    done = bare_whofrom("completion", shell, paths=(bare,))
    assert (done.returncode, done.stderr) == (0, "")
    assert "_WHOFROM_COMPLETE" in done.stdout


def test_another_shell_is_refused(tmp_path: Path) -> None:
    bare = bare_install(tmp_path / "site-packages")
    done = bare_whofrom("completion", "tcsh", paths=(bare,))
    assert done.returncode == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in done.stderr
