"""
What stands after `--as` and `?as=`: names of dialects and programs to dialects with their arguments.

    all                           every dialect
    nginx                         every dialect of the program
    nginx-recursive-on            the dialect with its usual argument
    caddy-leftmost:X-A,X-B        the dialect with this argument; a comma starts a new name only where one follows
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from echo.clientip.dialects.dialect import Dialect
from echo.clientip.faults import ConfigFault, quote

ALL = "all"
MAX_NAMES_CHARS = 2048  # room for every dialect with an argument, several times over
MAX_ASKED = 64  # dialects in one question: twice as many as there are


class Spoken(NamedTuple):
    """A dialect and the argument it was asked with; `{header}` in it stands for the header of our own policy."""

    dialect: Dialect
    argument: str

    def __str__(self) -> str:
        """Return it as it is asked for."""
        return f"{self.dialect.name}:{self.argument}" if self.argument else self.dialect.name


def parse_names(text: str, dialects: Mapping[str, Dialect]) -> tuple[Spoken, ...]:
    """Return what the names ask for, each once, in the order asked. Raises ConfigFault naming the first unknown."""
    if len(text) > MAX_NAMES_CHARS:
        raise ConfigFault(f"more than {MAX_NAMES_CHARS} characters", next_step="ask for fewer dialects")
    programs = dict.fromkeys(dialect.program for dialect in dialects.values())
    known = {*dialects, *programs, ALL}
    asked: list[str] = []
    for part in text.split(","):
        if asked and ":" in asked[-1] and part.partition(":")[0].strip() not in known:
            asked[-1] += f",{part}"
        else:
            asked.append(part.strip())
    found = dict.fromkeys(spoken for name in asked for spoken in _spoken(name, dialects, programs))
    if len(found) > MAX_ASKED:
        raise ConfigFault(f"more than {MAX_ASKED} dialects", next_step="ask for fewer")
    return tuple(found)


def _spoken(asked: str, dialects: Mapping[str, Dialect], programs: Iterable[str]) -> list[Spoken]:
    name, colon, argument = asked.partition(":")
    if colon and name in dialects:
        return [Spoken(dialects[name], argument)]
    chosen = [one for one in dialects.values() if name in (ALL, one.name, one.program)] if not colon else []
    if not chosen:
        raise ConfigFault(
            f"{quote(asked)} is no dialect", next_step=f"use {ALL}, a program ({', '.join(programs)}) or a dialect"
        )
    return [Spoken(one, one.argument) for one in chosen]
