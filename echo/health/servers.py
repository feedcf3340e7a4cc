"""
Which `whofrom serve` runs here, and where it was told to listen.

1. A server is a process whose command line is Python's, running whofrom, with `serve`. Its workers are forked: they
   have the same command line and a server as their parent, and are no servers of their own.
2. What it was told is read by the very declaration that it was read by at its start (`echo.cli`): its flags, its
   environment, and of its TOML whether PROXY headers are wanted. Its paths are taken from its folder.
3. A process of another network namespace (another container, seen from the machine) cannot be reached at loopback and
   is none of ours.
4. What of another user's process may not be read is taken from our own: in a container the environment of both is the
   image's.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from echo.cli import read_settings
from echo.clientip import Fault
from echo.clientip.config import PROXY_OFF, PROXY_REQUIRED, load_config
from echo.errors import StartupFault
from echo.health.ask import Place
from echo.health.listening import listening
from echo.listeners import port_number
from echo.settings import Settings

PROC = Path("/proc")
PATH = "/readyz"
LOOPBACK = "127.0.0.1"
_PROGRAMS = ("whofrom", "pipeline.cli")
_INTERPRETERS = ("python", "pypy")
_TAKE_A_VALUE = ("-W", "-X")  # options of Python's that have a word of their own behind them


def places(proc: Path = PROC) -> list[Place | Fault]:
    """Return where each server of this machine, or container, is to be asked, or why it cannot be. Raises Fault."""
    if not (proc / "self").exists():
        raise Fault("cannot look for the server: there is no /proc", "", "name it: whofrom health http://localhost:80")
    found = [place for process, arguments in _servers(proc) for place in _places(process, arguments)]
    if not found:
        raise Fault("no `whofrom serve` runs here", "", "start one, or name one: whofrom health http://localhost:8080")
    return list(dict.fromkeys(found))


def serve_arguments(command: list[str]) -> list[str] | None:
    """Return what follows `serve` in a process's command line, None if it runs no server."""
    if not command or not os.path.basename(command[0]).startswith(_INTERPRETERS):  # noqa: PTH119  # it may be no path
        return None
    rest = command[1:]
    while rest and rest[0].startswith("-"):
        if rest[0] == "-m":
            rest = rest[1:]
            break
        rest = rest[2 if rest[0] in _TAKE_A_VALUE else 1 :]
    if len(rest) < 2 or os.path.basename(rest[0]) not in _PROGRAMS or rest[1] != "serve":  # noqa: PTH119
        return None
    return rest[2:]


def _servers(proc: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folder and the arguments of each server, the first process (a container's) first."""
    ours = _namespace(proc / "self")
    found = {}
    for process in sorted((one for one in proc.iterdir() if one.name.isdigit()), key=lambda one: int(one.name)):
        arguments = serve_arguments(_words(process / "cmdline"))
        if arguments is not None and _namespace(process) in ("", ours):
            found[process.name] = (process, arguments)
    for process, arguments in found.values():
        if _parent(process) not in found:
            yield process, arguments


def _words(file: Path) -> list[str]:
    """Return what a file of /proc holds, its parts ended by zeros; nothing if it may not be read."""
    try:
        return file.read_bytes().decode("utf-8", "surrogateescape").split("\0")[:-1]
    except OSError:
        return []


def _namespace(process: Path) -> str:
    """Return the network namespace of a process, nothing if it may not be known."""
    try:
        return str((process / "ns" / "net").readlink())
    except OSError:
        return ""


def _parent(process: Path) -> str:
    """Return the number of a process's parent."""
    try:
        status = (process / "stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return status.rpartition(")")[2].split()[1]  # the name before it may hold anything, brackets too


def _environ(process: Path) -> Mapping[str, str]:
    words = _words(process / "environ")
    return dict(word.partition("=")[::2] for word in words) if words else os.environ


def _places(process: Path, arguments: list[str]) -> list[Place | Fault]:
    """Return where one server is to be asked."""
    try:
        settings = read_settings(arguments, _environ(process))
        if settings is None:
            return []
        addresses = _addresses(process, settings)
    except (click.UsageError, StartupFault):  # it is about to say so itself, and to end
        return []
    if not addresses:
        where, next_step = f"process {process.name}", "is it still starting, or another user's? Or name its URL"
        return [Fault("it is not to be seen where it listens", where, next_step)]
    tls = bool(settings.cert and settings.key)
    local_header = _proxy_protocol(process, settings) == PROXY_REQUIRED
    return [_place(address, tls, local_header, bool(settings.cacert)) for address in addresses]


def _addresses(process: Path, settings: Settings) -> list[tuple[str, int] | str]:
    """Return where a server listens: as it was told, or as the kernel says where it was told no place."""
    if settings.unix:
        return [_path(process, settings.unix)]
    port = port_number(settings.port)
    if port and not settings.fd:
        return [(_reachable(settings.host, settings), port)]
    found = listening(process)
    return [one if isinstance(one, str) else (_reachable(one[0], settings), one[1]) for one in found]


def _reachable(host: str, settings: Settings) -> str:
    """Return where what listens at host is reached from here; without --host it takes both families."""
    if host in ("", "0.0.0.0", "::"):
        return "::1" if settings.host == "::" else LOOPBACK
    return host


def _place(address: tuple[str, int] | str, tls: bool, local_header: bool, wants_certificate: bool) -> Place:
    scheme = "https" if tls else "http"
    if isinstance(address, tuple):
        host = f"[{address[0].partition('%')[0]}]" if ":" in address[0] else address[0]
        authority = f"{host}:{address[1]}"
        url = f"{scheme}://{authority}{PATH}"
    else:
        authority, url = "localhost", f"{PATH} at {scheme}+unix:{address}"
    return Place(
        url, address, authority, PATH, tls=tls, local_header=local_header, wants_certificate=tls and wants_certificate
    )


def _path(process: Path, path: str) -> str:
    """Return a path as the process means it."""
    try:
        return str((process / "cwd").readlink() / path)
    except OSError:
        return path


def _proxy_protocol(process: Path, settings: Settings) -> str:
    """Return what the server was told of PROXY headers; a TOML that is broken by now was not when it started."""
    if settings.proxy_protocol is not None or settings.config is None:
        return settings.proxy_protocol or PROXY_OFF
    try:
        return load_config(_path(process, settings.config), settings.trust).proxy_protocol
    except Fault:
        return PROXY_OFF
