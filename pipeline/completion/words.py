"""
What may be written for an option or an argument that click knows only as text, by its METAVAR.

A type that knows its words, such as a choice, is left alone.
"""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

FILE, FOLDER = "file", "dir"  # as click's scripts know them


def _ranges() -> Iterable[str]:
    from echo.clientip import NAMED_RANGES  # noqa: PLC0415  # completing the names of commands does without
    from echo.clientip.lists import PROVIDERS  # noqa: PLC0415

    return [*NAMED_RANGES, *PROVIDERS]


def _dialects() -> Iterable[str]:
    from echo.clientip.dialects import DIALECTS  # noqa: PLC0415
    from echo.clientip.dialects.names import ALL  # noqa: PLC0415

    return sorted({ALL, *DIALECTS, *(one.program for one in DIALECTS.values())})


def _formats() -> Iterable[str]:
    from pipeline.sources import FORMATS  # noqa: PLC0415

    return FORMATS


# METAVAR -> FILE, FOLDER, or what lists the words
WORDS: dict[str, str | Callable[[], Iterable[str]]] = {
    "FILE": FILE,
    "[FILE]...": FILE,
    "SOURCE...": FILE,
    "TOML": FILE,
    "PEM": FILE,
    "MMDB": FILE,
    "PATH": FILE,
    "DIR": FOLDER,
    "RANGE": _ranges,
    "CIDR": _ranges,
    "NAMES": _dialects,
    "FORMAT": _formats,
}
LISTS = ("NAMES",)  # of words with a comma between them


class Text(click.types.StringParamType):
    """A text whose words are known."""

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the words that go on from `incomplete`, or have the shell complete names of files."""
        words = WORDS[self.metavar]
        if isinstance(words, str):
            return [CompletionItem(incomplete, type=words)]
        before, comma, last = incomplete.rpartition(",") if self.metavar in LISTS else ("", "", incomplete)
        return [CompletionItem(f"{before}{comma}{word}") for word in words() if word.startswith(last)]


def prepare(command: click.Command) -> None:
    """Have the texts of a command, and of those that it groups, complete by their METAVAR."""
    for param in command.params:
        if type(param.type) is click.types.StringParamType:
            metavar = param.metavar or ("FILE" if param.name == "file" else "")
            if metavar in WORDS:
                param.type = Text(metavar)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            prepare(below)
