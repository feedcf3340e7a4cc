"""
Ranges kept in files: those of CDNs, shipped with their date and source, and those that users keep themselves.

A list ages in both directions: a range that its owner gave up may be somebody else's, who is then believed, and a new
one is not believed, so that the CDN is named as the client. What is shipped is therefore a start; its `refresh` line is
the command that writes a fresh one, to be named as `file:PATH`.

A CDN's ranges are shared by all its customers: trusting them is believing every site that can be put in front of yours,
unless the CDN is made to prove itself otherwise (a client certificate, a secret header).
"""

from dataclasses import dataclass
from pathlib import Path

from echo.clientip.faults import ConfigFault, printable
from echo.clientip.ranges import parse_range

FILE = "file:"  # before the path, where a range may stand
MAX_LIST_BYTES = 1 << 20  # all of AWS is 300 KB; more is no list of proxies

PROVIDERS_FOLDER = Path(__file__).parent / "providers"
PROVIDERS = ("cloudflare", "fastly")


@dataclass(frozen=True, slots=True)
class RangeList:
    """
    ranges  as written, in order
    about   what the comments on top say, `# key: value`: meaning, source, date, refresh
    """

    ranges: tuple[str, ...]
    about: dict[str, str]


def parse_list(text: str, name: str) -> RangeList:
    """
    Parse a list: one range a line; a `#` begins a comment, blank lines are nothing.

    name  of the file, for errors

    Raises ConfigFault for the first line that is no range, naming it, and for a list without any.
    """
    about: dict[str, str] = {}
    ranges: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        written, hash_, comment = line.partition("#")
        key, colon, value = comment.partition(":")
        if hash_ and colon and not ranges and not written.strip():
            about[key.strip()] = value.strip()
        if written := written.strip():
            try:
                parse_range(written)
            except ConfigFault as error:
                raise ConfigFault(error.fault, f"{printable(name)} line {number}", error.next_step) from None
            ranges.append(written)
    if not ranges:
        raise ConfigFault("no range in it", printable(name), "write one range a line, or leave the file out")
    return RangeList(tuple(ranges), about)


def read_list(path: Path) -> RangeList:
    """Read the file at path. Raises ConfigFault."""
    name = printable(str(path))
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LIST_BYTES + 1)
        if len(data) > MAX_LIST_BYTES:
            raise ConfigFault(f"larger than {MAX_LIST_BYTES} bytes", name, "name a list of ranges")
        return parse_list(data.decode("utf-8-sig"), str(path))
    except (OSError, ValueError) as error:  # a path with a NUL is a ValueError, as is what is not UTF-8
        cause = "not UTF-8" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or error
        raise ConfigFault(f"cannot read it: {cause}", name, "name a text file with one range a line") from None


def provider_list(name: str) -> RangeList:
    """Return the shipped list of a provider."""
    return read_list(PROVIDERS_FOLDER / f"{name}.txt")
