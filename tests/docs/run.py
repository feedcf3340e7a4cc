"""
Run one page: its commands in order, each against what the page says that it prints.

    python -m pytest tests/docs/test_pages.py -k how-to/alerts     one page's test
    python -m tests.docs.run docs/how-to/alerts.md                 the same, showing what every command prints
"""

from __future__ import annotations

import difflib
import re
import sys
import tempfile
from pathlib import Path

from tests import ready
from tests.docs import elsewhere
from tests.docs.page import Block, Step, acts, matches, missing, read
from tests.docs.scenes import SCENES
from tests.docs.shell import Shell
from tests.docs.stage import Stage, exchanged, stage


class WrongPage(AssertionError):
    """A page says what is not so: where, and what happened instead."""


def run(page: str, place: Path, *, aloud: bool = False, at_hand: bool = False) -> None:
    """
    Run a page in a folder; raise WrongPage at the first command that does otherwise than the page says.

    at_hand  whether whofrom is the one of this tree, which `ready` starts, and not one that the page installs
    """
    text = read(page)
    todo = list(acts(text))
    set_up = stage(place)
    if at_hand:
        ready.install(set_up.programs)
    with set_up.closing:
        if page in SCENES:
            SCENES[page](set_up)
        words = {**exchanged(text), **set_up.words}
        shell = Shell(set_up.folder, set_up.environment)
        closed = False
        try:
            for number, act in enumerate(todo):
                if isinstance(act, Block):
                    _write(page, act, set_up, words)
                    continue
                after = todo[number + 1] if number + 1 < len(todo) else None
                asked = isinstance(after, Step) and "$?" in after.command
                _step(page, act, set_up, shell, words, asked=asked, aloud=aloud)
            closed = True
            bad = shell.close()
            if bad:
                raise WrongPage(f"{page}: what it started did not end well:\n" + "\n".join(bad))
        finally:
            if not closed:
                shell.close()


def _step(
    page: str, step: Step, set_up: Stage, shell: Shell, words: dict[str, str], *, asked: bool, aloud: bool
) -> None:
    command, expected = filled(step.command, words), filled(step.expected, words)
    where = f"{page}:{step.line}"
    if aloud:
        print(f"$ {command}", flush=True)
    code, actual = 0, ""
    try:
        if other := elsewhere.of(page, step.command):
            said = other.instead(set_up, command)
            actual = expected if said is None else said
        elif command.endswith(" &"):
            expected = expected.rstrip("\n") + "..."  # and what it prints later on
            actual = shell.start(command, lambda printed: matches(expected, printed))
        else:
            code, actual = shell.run(command)
    except (TimeoutError, AssertionError) as fault:
        raise WrongPage(f"{where}: $ {command}\n{fault}\n{shell.printed()}") from fault
    if aloud:
        print(actual, end="", flush=True)
    if not matches(expected, actual):
        lines = difflib.unified_diff(
            _lines(expected), _lines(actual), "the page says", "it prints", lineterm="", n=1000
        )
        first = missing(expected, actual)
        hint = f"the first line that it does not print: {first}" if first else "it prints more than the page says"
        raise WrongPage("\n".join([f"{where}: $ {command}", hint, *lines, "in the background:", shell.printed()]))
    if code and not asked and not re.search("error", expected, re.IGNORECASE):
        raise WrongPage(f"{where}: $ {command}\nended with {code}, and the page shows neither an error nor `echo $?`")


def _write(page: str, block: Block, set_up: Stage, words: dict[str, str]) -> None:
    assert block.file is not None
    path = (set_up.folder / block.file).resolve()
    if not path.is_relative_to(set_up.folder.resolve()):
        raise WrongPage(f"{page}:{block.line}: {block.file} is outside of the reader's folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(filled(block.text, words), encoding="utf-8")


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def filled(text: str, words: dict[str, str]) -> str:
    """Return a text with ports and CAPITALS exchanged."""
    for word, value in words.items():
        text = re.sub(rf"(?<![\w.-]){re.escape(word)}(?![\w-])", lambda _: value, text)  # noqa: B023
    return text


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        run(sys.argv[1], Path(folder), aloud=True, at_hand=True)
