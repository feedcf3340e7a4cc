"""
A Markdown page as its reader goes through it: which files to write, which commands to type, what is answered.

- A ```console block has commands, each on a line `$ …`, and behind each what it prints. A command goes on over lines
  that end with a backslash, | or &&, to the end of a loop, and over a here-document.
- A block of another language is a file's content where the line before it is only a file's name, in backticks, and a
  colon: the reader writes that file.
- In what is printed `...` stands for anything, as in doctest; blanks at the ends of lines do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# pages that tell a reader what to do; data and its notices under tests/ are none
PAGES = sorted(
    {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.md", "docs/**/*.md", "deploy/**/*.md", "benchmarks/**/*.md", "tests/*/README.md")
        for path in ROOT.glob(pattern)
    }
)
FENCE = re.compile(r" *(`{3,}|~{3,}) *(\S*) *$")
NAME = re.compile(r"`([^` ]+)`:")
CLOSERS = {"do": "done", "then": "fi", "{": "}"}
HEREDOC = re.compile(r"<<-? *(['\"]?)(\w+)\1")


@dataclass(frozen=True)
class Block:
    """A fenced block: where its content begins, its language, its content, the file that it is."""

    line: int
    language: str
    text: str
    file: str | None


@dataclass(frozen=True)
class Step:
    """A command, on which line of the page it stands, and what it prints."""

    line: int
    command: str
    expected: str


def read(page: str) -> str:
    """Return the text of a page."""
    return (ROOT / page).read_text("utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a page."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        opened = FENCE.match(lines[at])
        at += 1
        if opened is None:
            continue
        first = at
        while at < len(lines) and lines[at].strip() != opened[1]:
            at += 1
        said = next((line.strip() for line in reversed(lines[: first - 1]) if line.strip()), "")
        named = NAME.fullmatch(said) if opened[2] != "console" else None
        indent = len(opened[0]) - len(opened[0].lstrip())
        content = "".join(f"{line[indent:]}\n" for line in lines[first:at])
        yield Block(first + 1, opened[2], content, named[1] if named else None)
        at += 1


def steps(block: Block) -> Iterator[Step]:
    """Yield the commands of a console block."""
    lines = block.text.splitlines()
    at = 0
    while at < len(lines):
        first = at
        assert lines[at].startswith("$ "), f"line {block.line + at}: a console block begins with a command, `$ …`"
        command = [lines[at].removeprefix("$ ")]
        at += 1
        while command[-1].endswith(("\\", "|", "&&")):
            command.append(lines[at])
            at += 1
        if closer := CLOSERS.get(command[-1].split()[-1]):
            while not command[-1].strip().startswith(closer):
                command.append(lines[at])
                at += 1
        if heredoc := HEREDOC.search(command[-1]):
            while command[-1].strip() != heredoc[2]:
                command.append(lines[at])
                at += 1
        printed = at
        while at < len(lines) and not lines[at].startswith("$ "):
            at += 1
        yield Step(block.line + first, "\n".join(command), "".join(f"{line}\n" for line in lines[printed:at]))


def acts(text: str) -> Iterator[Step | Block]:
    """Yield what the reader does, in order: commands, and files to write."""
    for block in blocks(text):
        if block.language == "console":
            yield from steps(block)
        elif block.file:
            yield block


def prose(text: str) -> str:
    """Return a page without its blocks, line by line."""
    kept, closing = [], ""
    for line in text.splitlines():
        if closing:
            closing = "" if line.strip() == closing else closing
            kept.append("")
        elif opened := FENCE.match(line):
            closing = opened[1]
            kept.append("")
        else:
            kept.append(line)
    return "\n".join(kept)


def matches(expected: str, actual: str) -> bool:
    """Whether the output of a command is what a page says."""
    lines = ["\n".join(line.rstrip() for line in text.splitlines()) for text in (expected, actual)]
    pattern = ".*".join(map(re.escape, lines[0].split("...")))
    return re.fullmatch(pattern, lines[1], re.DOTALL) is not None


def missing(expected: str, actual: str) -> str | None:
    """Return the first line of what a page says that does not stand in the output behind those before it."""
    at = 0
    printed = "\n".join(line.rstrip() for line in actual.splitlines())
    for line in expected.splitlines():
        for part in line.rstrip().split("..."):
            found = printed.find(part, at)
            if found < 0:
                return line
            at = found + len(part)
    return None
