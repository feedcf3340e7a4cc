"""
What goes wrong, said so that the reader can act.

    Fault                     the fault, the place, the next step; and the exit code it ends a command with
    └── ConfigFault           the TOML or a flag is wrong (exit 2)

`echo.errors` and `pipeline.errors` hang their own branches below Fault.
"""

MAX_QUOTED = 80  # characters of hostile text in one message: enough to recognise it, too few to drown the message


def printable(text: str) -> str:
    """Return text with everything a terminal could obey or misplace (controls, bidi marks) as \\x or \\u escapes."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def quote(text: str) -> str:
    """Return text in quotes, printable, cut after MAX_QUOTED characters with the cut marked."""
    shown = printable(text[:MAX_QUOTED])
    return f"'{shown[:MAX_QUOTED]}…'" if len(text) > MAX_QUOTED or len(shown) > MAX_QUOTED else f"'{shown}'"


class Fault(Exception):
    """
    An error that a user caused or can mend.

    fault      what is wrong, in words, hostile text already quoted
    place      where: a file, a table of the TOML, a flag; may be empty
    next_step  what to do now; may be empty
    """

    exit_code = 1

    def __init__(self, fault: str, place: str = "", next_step: str = "") -> None:
        super().__init__(fault, place, next_step)
        self.fault = fault
        self.place = place
        self.next_step = next_step

    def __str__(self) -> str:
        """Return one line: `place: fault; next step`."""
        line = f"{self.place}: {self.fault}" if self.place else self.fault
        return printable(f"{line}; {self.next_step}" if self.next_step else line)


class ConfigFault(Fault):
    """The configuration is wrong: the TOML file, an environment variable or a flag."""

    exit_code = 2
