"""
What this installation has of the packages that whofrom asks for. The list is its own metadata: pyproject.toml's.

Standard library alone, since it runs where packages are missing.
"""

import re
from importlib import metadata
from typing import NamedTuple

from echo.clientip.faults import printable

DISTRIBUTION = "whofrom"
MAX_WORDS = 200  # characters of an error of others: loaders put whole paths in
OURS = ("echo", "pipeline")  # packages whose faults are bugs, not a missing package
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


class Need(NamedTuple):
    """A package that is asked for: its name, the least version that will do ("" for any), the extra ("" for none)."""

    name: str
    least: str
    extra: str


def needs() -> list[Need]:
    """Return what whofrom asks for; nothing where it is run from its source without being installed."""
    try:
        return [parse_need(text) for text in metadata.requires(DISTRIBUTION) or ()]
    except metadata.PackageNotFoundError:
        return []


def parse_need(text: str) -> Need:
    """Return a requirement as metadata has it: `duckdb>=2.0; extra == 'pipeline'`."""
    found = _REQUIREMENT.match(text)
    assert found is not None, text
    least = [part.strip()[2:].strip() for part in found[2].split(",") if part.strip().startswith(">=")]
    extra = _EXTRA.search(found[3] or "")
    return Need(found[1], least[0] if least else "", extra[1] if extra else "")


def version_of(name: str) -> str:
    """Return the version of a package that is installed, "" if it is not."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def is_older(version: str, least: str) -> bool:
    """Return whether a version is before another, by the numbers of its release: 2.0.0rc1 counts as 2.0.0."""
    return _numbers(version) < _numbers(least)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"v?(?:\d+!)?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in found[1].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def outdated(command: str, extra: str) -> str:
    """Return in words which package of an extra is too old for a command, "" if none is."""
    for need in needs():
        version = version_of(need.name) if need.extra == extra else ""
        if version and is_older(version, need.least):
            return (
                f"{command} needs {need.name} {need.least} or newer, and {printable(version)} is installed; "
                f"{install(extra)}"
            )
    return ""


def unloadable(command: str, extra: str, error: ImportError) -> str:
    """Return in words which package could not be imported for a command; "" if it is one of ours: that is a bug."""
    name = (error.name or "").partition(".")[0]
    if name in OURS:
        return ""
    if isinstance(error, ModuleNotFoundError) and name == error.name and not version_of(name):
        return f"{command} needs the package {printable(name)}; {install(extra)}"
    words = printable((str(error).splitlines() or [""])[0])[:MAX_WORDS]
    what = f"the package {printable(name)}" if name else "a package"
    return f"{command}: {what} is installed and cannot be loaded ({words}); {install(extra, '--force-reinstall ')}"


def install(extra: str, option: str = "") -> str:
    """Return the command that installs what is missing."""
    return f"pip install {option}'{DISTRIBUTION}[{extra}]'" if extra else f"pip install {option}{DISTRIBUTION}"
