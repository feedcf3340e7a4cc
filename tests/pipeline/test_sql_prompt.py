"""The prompt, driven through a terminal as a person drives it."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from pipeline.commands.prompt import COMMANDS, FIRST, MAX_HISTORY, NEXT, SPELLINGS, is_whole
from tests.pipeline import shop

WHOFROM = str(Path(sys.executable).parent / "whofrom")
SECONDS = 30.0
ENDLESS = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE hash(a.range) + b.range = 3;"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\r")


class Terminal:
    """A `whofrom sql` on a pseudo-terminal."""

    def __init__(self, lake: Path, state: Path, *options: str) -> None:
        self.master, slave = pty.openpty()
        env = {**os.environ, "XDG_STATE_HOME": str(state), "TERM": "dumb", "COLUMNS": "120", "INPUTRC": "/dev/null"}
        self.process = subprocess.Popen(
            [WHOFROM, "sql", "--lake", str(lake), *options],
            stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  # nothing else runs here
        )  # fmt: skip
        os.close(slave)
        self.seen = ""

    def wait(self, text: str, *, since: int = 0, seconds: float = SECONDS) -> str:
        """What was printed up to and with a text."""
        end = time.monotonic() + seconds
        while text not in self.seen[since:]:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no {text!r} in {self.seen[since:]!r}"
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                data = b""
            assert data, f"ended without {text!r}: {self.seen[since:]!r}"
            self.seen += ESCAPES.sub("", data.decode("utf-8", "replace"))
        return self.seen[since : self.seen.index(text, since) + len(text)]

    def say(self, keys: str, until: str) -> str:
        """Type, and return what was printed after it."""
        since = len(self.seen)
        os.write(self.master, keys.encode())
        return self.wait(until, since=since)

    def interrupt(self) -> None:
        """Ctrl-C until there is a fresh prompt: one between a prompt and its select() waits for the next key."""
        since = len(self.seen)
        for last in (*[False] * 14, True):
            os.write(self.master, b"\x03")
            with nullcontext() if last else suppress(AssertionError):
                self.wait("\n" + FIRST, since=since, seconds=SECONDS / 15)
                return

    def ask(self, line: str) -> str:
        """Type a line; return what was printed until the next prompt."""
        since = len(self.seen)
        os.write(self.master, line.encode() + b"\n")
        self.wait("\n" + FIRST, since=since)
        return self.seen[since:].partition("\n")[2].removesuffix(FIRST)

    def end(self, keys: str = "\x04") -> int:
        os.write(self.master, keys.encode())
        end = time.monotonic() + SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return self.process.wait(SECONDS)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # Ctrl-C is a signal to what has the terminal


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "lake"
    shop.make(str(folder))
    return folder


@pytest.fixture
def terminal(lake: Path, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def open_one(*options: str) -> Terminal:
        opened.append(Terminal(lake, tmp_path / "state", *options))
        opened[-1].wait(FIRST)
        return opened[-1]

    yield open_one
    for one in opened:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
        os.close(one.master)


def test_a_first_look_around(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    assert "sessions" in one.seen
    assert "3046" in one.ask("SELECT count(*) FROM requests;")
    assert "(1 row, " in one.seen
    tables = one.ask(".tables")
    assert all(name in tables for name in ("requests", "rejects", "sessions"))
    schema = one.ask(".schema sessions")
    assert "first_target" in schema
    assert "target of the first request" in schema
    assert "The end user" not in schema
    assert "client_ip_num" in one.ask("\\d requests")
    assert "Why it is no row" in one.ask(".schema rejects")
    macros = one.ask(".macros")
    assert all(name in macros for name in ("ip_in(ip, cidr)", "haversine_km(lat1, lon1, lat2, lon2)"))
    assert all(name in one.ask(".help") for name in COMMANDS)
    assert "no table nothing" in one.ask(".schema nothing")
    assert "no command .nothing; .help lists them" in one.ask(".nothing")
    assert "reloaded" in one.ask(".reload;")
    assert one.end() == 0


def test_a_statement_goes_on_until_its_semicolon(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.say("SELECT 'a;b' -- not yet;\n", NEXT)
    one.say("AS what,\n", NEXT)
    assert "a;b" in one.ask("42 AS n;")
    assert "(1 row" in one.seen
    two = one.ask("SELECT 111 AS x; SELECT 222 AS y;")
    assert "111" in two
    assert "222" in two
    assert one.end() == 0


def test_a_fault_is_said_and_the_prompt_goes_on(terminal: Callable[..., Terminal]) -> None:
    one = terminal("--memory", "64M")
    assert 'error: SQL: Catalog Error: Table with name request does not exist! Did you mean "requests"?' in one.ask(
        "SELECT * FROM request;"
    )
    assert "COPY is refused" in one.ask("COPY requests TO 'x.csv';")
    assert "out of memory" in one.ask("SELECT list(range) FROM range(100000000);")
    assert "42" in one.ask("SELECT 42;")
    assert one.end(".quit\n") == 0


def test_ctrl_c_drops_what_was_typed(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.say("SELECT 666\n", NEXT)
    one.interrupt()
    answer = one.ask("SELECT 42;")
    assert "42" in answer
    assert "666" not in answer
    assert one.end() == 0


def test_ctrl_c_ends_a_statement_at_once(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    os.write(one.master, ENDLESS.encode() + b"\n")
    one.wait("= 3;")
    time.sleep(0.5)
    started = time.monotonic()
    one.say("\x03", "interrupted")
    assert time.monotonic() - started < 5
    one.wait("interrupted\n" + FIRST)
    assert "42" in one.ask("SELECT 42;")
    assert one.end() == 0


def test_tab_completes_tables_columns_macros_and_words(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.say("SELECT client_ip_n\t", "client_ip_num")
    one.say(" FROM rejec\t", "rejects")
    one.interrupt()
    one.say("SELECT haver\t", "haversine_km(")
    one.interrupt()
    one.say("SELECT sessions.first_ta\t", "sessions.first_target")
    one.interrupt()
    one.say("DESCRI\t", "DESCRIBE")
    one.interrupt()
    one.say(".macr\t", ".macros")
    one.interrupt()
    assert one.end() == 0


def test_the_history_is_the_owners_alone_and_comes_back(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    one = terminal()
    one.say("SELECT 4321\n", NEXT)
    one.ask("AS remembered;")
    assert one.end() == 0
    path = tmp_path / "state" / "whofrom" / "sql_history"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "SELECT 4321 AS remembered;" in path.read_text()
    again = terminal()
    assert "SELECT 4321 AS remembered;" in again.say("\x1b[A", "remembered;")
    assert "\n      4321\n" in again.ask("")
    assert again.end() == 0


def test_the_history_is_bounded(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    path = tmp_path / "state" / "whofrom" / "sql_history"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"SELECT {n};\n" for n in range(2 * MAX_HISTORY)))
    path.chmod(0o644)
    one = terminal()
    one.ask("SELECT 'newest';")
    assert one.end() == 0
    lines = path.read_text().splitlines()
    assert len(lines) <= MAX_HISTORY
    assert lines[-1] == "SELECT 'newest';"
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_prompts_keep_both_histories(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    one, two = terminal(), terminal()
    one.ask("SELECT 'of the first';")
    two.ask("SELECT 'of the second';")
    assert (one.end(), two.end()) == (0, 0)
    text = (tmp_path / "state" / "whofrom" / "sql_history").read_text()
    assert "of the first" in text
    assert "of the second" in text


def test_no_place_for_a_history_is_no_reason_to_stop(terminal: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    one = terminal()
    assert "history is not kept" in one.seen
    assert "42" in one.ask("SELECT 42;")
    assert one.end() == 0


def test_what_logs_hold_does_not_reach_the_terminal_raw(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    assert r"\x1b[31mred" in one.ask("SELECT chr(27) || '[31mred' AS x;")
    assert one.end() == 0


def test_a_lost_terminal_ends_it(terminal: Callable[..., Terminal]) -> None:
    one = terminal()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(SECONDS) != 0


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("SELECT 1;", True),
        ("SELECT 1; ", True),
        ("SELECT 1; -- done", True),
        ("SELECT 1 -- done;", False),
        ("SELECT ';", False),
        ("SELECT ';';", True),
        ("SELECT 'it''s;", False),
        ("SELECT e'it\\'s;' ;", True),
        ('SELECT ";', False),
        ('SELECT ";";', True),
        ("SELECT 1 /* ;", False),
        ("SELECT 1 /* ; */;", True),
        ("SELECT $$ ;", False),
        ("SELECT $$ ; $$;", True),
        ("SELECT $x$ ; $$ ;", False),
        ("", False),
        (";", True),
    ],
)
def test_when_a_statement_is_whole(text: str, *, whole: bool) -> None:
    assert is_whole(text) is whole


def test_spellings_that_people_try() -> None:
    assert {"\\q", "exit", "quit", "\\d", "\\?", "help"} <= SPELLINGS.keys()
