"""
The prompt of `whofrom sql`: lines are gathered until `;`, history and completion are readline's.

Ctrl-C drops what was typed, or ends the statement that runs; Ctrl-D leaves. Commands begin with a dot.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from echo.clientip import Fault, printable
from pipeline.commands.results import write_result
from pipeline.engine import Engine
from pipeline.engine.macros import macros
from pipeline.engine.views import views
from pipeline.output import write_table
from pipeline.rows import RECORD_COLUMNS, REJECT_COLUMNS, ROW_COLUMNS

try:
    import readline
except ImportError:  # some builds of Python have none: no history then, and no completion
    readline = None  # type: ignore[assignment]

FIRST, NEXT = "whofrom> ", "    ...> "
HISTORY = "sql_history"
MAX_HISTORY = 1000  # entries that are kept, the newest
MAX_ENTRY_CHARS = 10_000  # a pasted list of addresses is not worth keeping
MAX_COMPLETIONS = 200
MEANINGS = {
    "requests": "One row a request, its client resolved and placed.",
    "rejects": "One row a line of a log that could not be read, with the reason.",
    **{view.name: f"{view.meaning}." for view in views()},
}
# what is said of each, and the other spellings that people try
COMMANDS = {
    ".tables": ("what can be asked", ("\\d", "\\dt", ".views")),
    ".schema": (".schema NAME: the columns of a table and what they mean", ("\\d+", ".columns", ".describe")),
    ".macros": ("functions beside DuckDB's own", ("\\df", ".functions")),
    ".reload": ("see what was ingested since the prompt was opened", (".refresh",)),
    ".help": ("this list", ("\\?", "help", "?", ".h")),
    ".quit": ("leave; Ctrl-D does too", ("\\q", "quit", "exit", ".exit", ".q")),
}
SPELLINGS = {spelling: name for name, (_, others) in COMMANDS.items() for spelling in (name, *others)}
# texts, names and comments that are closed; what remains of a quote then is open
CLOSED = re.compile(
    r"""[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$""", re.DOTALL
)
OPEN = re.compile(r"""['"]|/\*|\$\w*\$""")


def is_whole(text: str) -> bool:
    """Return whether a text ends with a `;` that is in no text, name or comment."""
    rest = CLOSED.sub(" ", text)
    return OPEN.search(rest) is None and rest.rstrip().endswith(";")


def history_path() -> Path:
    """Return where the history is kept, by the XDG Base Directory Specification."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return base / "whofrom" / HISTORY


class Prompt:
    """A prompt on a terminal; `reopen` opens the lake again, as it then is."""

    def __init__(self, engine: Engine, reopen: Callable[[], Engine], lake: str) -> None:
        self._engine, self._reopen, self._lake = engine, reopen, lake
        self._columns = engine.tables()
        self._words = sorted(
            {*self._columns, *(f"{macro.name}(" for macro in macros()), *COMMANDS}
            | {name for columns in self._columns.values() for name, _ in columns}
            | set(engine.keywords())
        )
        self._found: list[str] = []

    def run(self) -> None:
        """Ask, answer, until Ctrl-D or .quit."""
        say(f"{', '.join(self._columns)} of {self._lake}; a statement ends with ; – .help for help, Ctrl-D to leave")
        history = History()
        history.load()
        if readline is not None:
            readline.set_completer(self.complete)
            readline.set_completer_delims(" \t\n,;()=<>+-*/%|\"'[]{}:")
            libedit = "libedit" in (readline.__doc__ or "")
            readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
        gathered = ""
        try:
            while True:
                try:
                    line = input(NEXT if gathered else FIRST)
                    first = line.strip().rstrip(";").rstrip().partition(" ")[0]
                    if not gathered and (first.lower() in SPELLINGS or first.startswith((".", "\\"))):
                        history.add(line)
                        if not self._command(line.strip().rstrip(";").split()):
                            return
                        continue
                    gathered = f"{gathered}\n{line}".strip("\n")
                    if not gathered.strip(" \t;"):
                        gathered = ""
                    elif is_whole(gathered):
                        whole, gathered = gathered, ""
                        history.add(whole)
                        self._answer(whole)
                except KeyboardInterrupt:
                    print()
                    gathered = ""
                except UnicodeDecodeError:
                    say("error: that was not UTF-8; type it again")
        except EOFError:
            print()
        finally:
            history.save()

    def complete(self, text: str, state: int) -> str | None:
        """Return the state-th word that text may become, as readline asks."""
        if state == 0:
            self._found = self._completions(text)
        return self._found[state] if state < len(self._found) else None

    def _completions(self, text: str) -> list[str]:
        table, dot, part = text.rpartition(".")
        if dot and table:  # a table's columns; an alias may be any
            known = self._columns.get(table.lower())
            columns = known if known is not None else [one for some in self._columns.values() for one in some]
            return sorted({f"{table}.{name}" for name, _ in columns if name.startswith(part.lower())})
        found = [word for word in self._words if word.startswith(text.lower())][:MAX_COMPLETIONS]
        return [word.upper() for word in found] if len(text) > 1 and text.isupper() else found

    def _answer(self, text: str) -> None:
        started = time.monotonic()
        try:
            for statement in self._engine.statements(text, "SQL"):
                count = write_result(self._engine.stream(statement), "table", sys.stdout)
                sys.stdout.flush()
                say(f"({count:,} row{'' if count == 1 else 's'}, {time.monotonic() - started:.2f} s)")
        except KeyboardInterrupt:
            sys.stdout.flush()
            say("interrupted")
        except Fault as error:
            sys.stdout.flush()
            say(f"error: {error}")

    def _command(self, words: list[str]) -> bool:
        """Do what a dot command says; return whether the prompt goes on."""
        name = SPELLINGS.get(words[0].lower())
        if name == ".tables" and len(words) > 1:
            name = ".schema"
        if name == ".quit":
            return False
        if name is None:
            say(f"error: no command {printable(words[0])[:40]}; .help lists them")
        elif name == ".reload":
            self._reload()
        else:
            rows = {
                ".tables": lambda: [{"table": name, "meaning": MEANINGS[name]} for name in self._columns],
                ".schema": lambda: self._schema(words[1].strip('"').lower() if len(words) > 1 else ""),
                ".macros": lambda: [
                    {"macro": macro.call, "meaning": macro.meaning, "returns": macro.returns} for macro in macros()
                ],
                ".help": lambda: [{"command": name, "": text} for name, (text, _) in COMMANDS.items()],
            }[name]()
            if rows:
                write_table(rows, list(rows[0]), sys.stdout)
        return True

    def _schema(self, name: str) -> list[dict[str, str]]:
        if name not in self._columns:
            say(f"error: no table {printable(name)[:40]}; .schema takes {', '.join(self._columns)}")
            return []
        meanings = {column.name: column.meaning for column in (*RECORD_COLUMNS, *ROW_COLUMNS)}
        if name == "rejects":
            meanings = {column.name: column.meaning for column in REJECT_COLUMNS}
        for view in views():
            if view.name == name:
                meanings = {column: meaning for column, _, meaning in view.columns}
        return [
            {"column": column, "type": kind.lower(), "meaning": meanings.get(column, "")}
            for column, kind in self._columns[name]
        ]

    def _reload(self) -> None:
        try:
            self._engine = self._reopen()
        except Fault as error:
            say(f"error: {error}")
        else:
            self._columns = self._engine.tables()
            say("reloaded")


class History:
    """The statements of earlier prompts, in a file that its owner alone may read: they may hold names and addresses."""

    def __init__(self) -> None:
        self._path = history_path()
        self._added = 0

    def load(self) -> None:
        """Read the file; a history that cannot be read is none."""
        if readline is None:
            return
        readline.set_auto_history(False)
        readline.set_history_length(MAX_HISTORY)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._path.chmod(0o600)
            readline.read_history_file(self._path)
        except OSError as error:
            say(f"history is not kept: {printable(str(self._path))}: {error.strerror}")

    def add(self, text: str) -> None:
        """Add a statement, on one line as far as that keeps its meaning."""
        entry = text if "--" in text else " ".join(text.split("\n"))
        if readline is None or len(entry) > MAX_ENTRY_CHARS:
            return
        for line in entry.split("\n"):
            readline.add_history(line)
            self._added += 1

    def save(self) -> None:
        """Add the statements of this prompt to the file, behind those of another that ran beside it."""
        if readline is None or not self._added:
            return
        try:
            if hasattr(readline, "append_history_file"):
                readline.append_history_file(min(self._added, MAX_HISTORY), self._path)
                readline.clear_history()
                readline.read_history_file(self._path)
            readline.write_history_file(self._path)  # the newest MAX_HISTORY
            self._path.chmod(0o600)
        except OSError:
            return  # said when it was loaded


def say(text: str) -> None:
    """Talk, on stderr."""
    click.echo(text, err=True)
