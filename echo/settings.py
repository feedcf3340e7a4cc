"""
The settings of `whofrom serve`: each declared once, here. Flags, environment variables and help are made from it.

Precedence: flag > environment > default. The TOML file holds what is no setting: [network], [trust], [[login]].

Flags are Go's, since whoami's users write them so: `-x v`, `--x v`, `-x=v`, `--x=v` are one; a switch takes a value
after `=` only, in Go's words for true and false; the first positional argument ends the flags, and what follows it is
ignored. Ours may be repeated where a list is meant.

Limits: whoami has none. Ours are wide enough that no honest client meets them, and a client that does is told which.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import click

from echo.clientip import quote
from echo.clientip.config import PROXY_PROTOCOL
from echo.units import parse_duration, parse_size

TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_WORDS = ("0", "f", "F", "FALSE", "false", "False")
LOG_BLOCK, LOG_DROP = "block", "drop"
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
MAX_COUNT = 1_000_000  # of workers, connections, requests: beyond it is a slip of the hand


class Setting(NamedTuple):
    """
    One setting.

    kind    how its text is read: a key of KINDS
    env     the environment variables that set it, the first that is set counts; an empty one counts as unset
    group   under which heading help and docs list it
    origin  "whoami" where the flag is whoami's, "whofrom" where it is ours
    """

    name: str
    kind: str
    default: str | bool | None
    env: tuple[str, ...]
    metavar: str
    help: str
    group: str
    origin: str = "whofrom"


def _ours(name: str, kind: str, default: str | bool | None, metavar: str, text: str, group: str) -> Setting:
    """Return a setting of ours: its variable is WHOFROM_ and the name."""
    return Setting(name, kind, default, (f"WHOFROM_{name.upper().replace('-', '_')}",), metavar, text, group)


SERVING, LISTENING, LOG, LIMITS = "Serving", "Listening", "The log", "Limits and timeouts"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "port",
        "text",
        "80",
        ("WHOAMI_PORT_NUMBER", "PORT"),
        "PORT",
        "Port to listen on; a service name, or 0 for any.",
        LISTENING,
        "whoami",
    ),
    Setting("name", "text", "", ("WHOAMI_NAME",), "NAME", "Name to answer with, as the first line.", SERVING, "whoami"),
    Setting("verbose", "switch", False, (), "", "Write a line for each request to stderr.", SERVING, "whoami"),
    Setting(
        "cert", "text", "", (), "FILE", "TLS certificate chain, PEM. With --key: serve HTTPS.", LISTENING, "whoami"
    ),
    Setting("key", "text", "", (), "FILE", "TLS private key, PEM.", LISTENING, "whoami"),
    Setting(
        "cacert", "text", "", (), "FILE", "CA of client certificates, PEM: clients must have one.", LISTENING, "whoami"
    ),
    _ours("host", "text", "", "ADDRESS", "Address to listen on; all of IPv4 and IPv6 if not given.", LISTENING),
    _ours("unix", "text", "", "PATH", "Listen on this UNIX socket, in place of a port.", LISTENING),
    _ours("fd", "text", "", "NUMBER", "Listen on this inherited descriptor (systemd's first is 3).", LISTENING),
    _ours(
        "workers",
        "count",
        "0",
        "NUMBER",
        "Processes; 0 is one a core, as far as CPU and memory of a cgroup go.",
        LISTENING,
    ),
    _ours("config", "text", None, "TOML", "File with [network], [trust] and [[login]].", SERVING),
    _ours("trust", "list", None, "RANGE", "Believe hops in this CIDR or named range. Repeatable.", SERVING),
    _ours(
        "proxy-protocol",
        "proxy-protocol",
        None,
        "WHAT",
        "Whether connections begin with a PROXY header: off, optional (from trusted ranges) or required. "
        "Goes before the TOML.",
        LISTENING,
    ),
    _ours("allow-env", "switch", False, "", "Let ?env=true print the environment, secrets included.", SERVING),
    _ours(
        "drain",
        "duration",
        "5s",
        "TIME",
        "After SIGTERM, serve this long on, not ready.",
        SERVING,
    ),
    _ours("finish", "duration", "15s", "TIME", "Then, for what is in hand: Kubernetes grants 30s in all.", SERVING),
    _ours("log", "text", "-", "FILE", "Where records go: - is stdout, a file or FIFO is appended to, off.", LOG),
    _ours(
        "log-full",
        LOG_BLOCK,
        LOG_BLOCK,
        "WHAT",
        "If the log takes no more: block reads no more requests; drop loses records, and counts them.",
        LOG,
    ),
    _ours("log-buffer", "size", "8MiB", "SIZE", "Records that a worker holds before the log counts as full.", LOG),
    _ours("log-flush", "duration", "50ms", "TIME", "How long a record is held: what kill -9 may lose.", LOG),
    _ours("header-timeout", "duration", "30s", "TIME", "For a request's head, TLS handshake and PROXY header.", LIMITS),
    _ours("body-timeout", "duration", "60s", "TIME", "Between two pieces of a request's body.", LIMITS),
    _ours("send-timeout", "duration", "60s", "TIME", "For a client that takes nothing of its answer.", LIMITS),
    _ours("idle-timeout", "duration", "2m", "TIME", "Before the first byte of a connection.", LIMITS),
    _ours(
        "keep-alive",
        "duration",
        "11m",
        "TIME",
        "Between two requests; longer than the 10 minutes of some balancers.",
        LIMITS,
    ),
    _ours("max-connections", "count", "20000", "NUMBER", "Open at once, over all workers; more are told 503.", LIMITS),
    _ours("max-header-bytes", "size", "1052672", "SIZE", "A request's head; more is 431.", LIMITS),
    _ours("max-body-bytes", "size", "64MiB", "SIZE", "A body that is echoed.", LIMITS),
    _ours(
        "max-pipelined", "count", "1000", "NUMBER", "Requests sent without waiting for an answer; more is 503.", LIMITS
    ),
    _ours("max-message-bytes", "size", "16MiB", "SIZE", "A WebSocket message; more closes with 1009.", LIMITS),
    _ours("max-wait", "duration", "1h", "TIME", "?wait=, /delay and /sse; more is 400.", LIMITS),
    _ours("max-data-bytes", "size", "1TiB", "SIZE", "/data; more is 413.", LIMITS),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values, one a setting; the fields are the names of SETTINGS. Times are in seconds, sizes in bytes."""

    port: str = "80"
    name: str = ""
    verbose: bool = False
    cert: str = ""
    key: str = ""
    cacert: str = ""
    host: str = ""
    unix: str = ""
    fd: str = ""
    workers: int = 0
    config: str | None = None
    trust: tuple[str, ...] = ()
    proxy_protocol: str | None = None
    allow_env: bool = False
    drain: float = 5.0
    finish: float = 15.0
    log: str = "-"
    log_full: str = LOG_BLOCK
    log_buffer: int = 8 << 20
    log_flush: float = 0.05
    header_timeout: float = 30.0
    body_timeout: float = 60.0
    send_timeout: float = 60.0
    idle_timeout: float = 120.0
    keep_alive: float = 660.0
    max_connections: int = 20_000
    max_header_bytes: int = (1 << 20) + 4096  # Go's DefaultMaxHeaderBytes and the slack of its buffered reader
    max_body_bytes: int = 64 << 20
    max_pipelined: int = 1000
    max_message_bytes: int = 16 << 20
    max_wait: float = 3600.0
    max_data_bytes: int = 1 << 40


def go_bool(value: str | bool) -> bool:
    """Return a switch's value in the words of Go's strconv.ParseBool as a bool. Raises click.BadParameter."""
    if isinstance(value, bool):
        return value
    if value not in TRUE_WORDS + FALSE_WORDS:
        raise click.BadParameter(f"{quote(value)} is no boolean; use true or false")
    return value in TRUE_WORDS


def duration(value: str | float) -> float:
    """Return a time as seconds. Raises click.BadParameter."""
    if isinstance(value, float):
        return value
    seconds = float(value) if _SECONDS.fullmatch(value) else parse_duration(value)
    if seconds is None or seconds < 0:
        raise click.BadParameter(f"{quote(value)} is no time; write 30s, 1m30s, 250ms, or a number of seconds")
    return seconds


def size(value: str | int) -> int:
    """Return a size as bytes. Raises click.BadParameter."""
    if isinstance(value, int):
        return value
    found = parse_size(value)
    if found is None:
        raise click.BadParameter(f"{quote(value)} is no size; write 4096, 64k or 1MiB")
    return found


def count(value: str | int) -> int:
    """Return a number. Raises click.BadParameter."""
    if isinstance(value, int):
        return value
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(MAX_COUNT)) and int(value) <= MAX_COUNT):
        raise click.BadParameter(f"{quote(value)} is no number up to {MAX_COUNT:,}")
    return int(value)


# kind -> how its text is read
KINDS: dict[str, Callable[[Any], object] | click.Choice[str]] = {
    "text": str,
    "list": str,
    "switch": go_bool,
    "duration": duration,
    "size": size,
    "count": count,
    LOG_BLOCK: click.Choice([LOG_BLOCK, LOG_DROP]),
    "proxy-protocol": click.Choice(list(PROXY_PROTOCOL)),
}


class Environment(dict[str, str]):
    """The environment of another process, whose settings are read: the `obj` of a click context."""


class SettingOption(click.Option):
    """An option whose variables are those of the context's Environment, if it has one, else ours."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return what the first variable says that is set."""
        environ = ctx.find_object(Environment)
        if environ is None:
            return super().resolve_envvar_value(ctx)
        return next((value for name in self.envvar or () if (value := environ.get(name))), None)


def options() -> list[click.Parameter]:
    """Return the click options of all settings."""
    return [
        SettingOption(
            [f"--{setting.name}"],
            type=KINDS[setting.kind],
            default=setting.default,
            show_default=setting.kind not in ("switch", "list") and bool(setting.default),
            multiple=setting.kind == "list",
            envvar=list(setting.env) or None,
            show_envvar=bool(setting.env),
            metavar=setting.metavar or None,
            help=setting.help,
        )
        for setting in SETTINGS
    ]


def rewrite_go_flags(arguments: Sequence[str]) -> list[str]:
    """
    Return arguments in Go's style as click takes them: `--name=value` each, positional ones left out.

    Raises click.UsageError for what Go's flag package refuses.
    """
    rewritten = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if not argument.startswith("-") or argument in ("-", "--"):
            break
        name, equals, value = argument.removeprefix("-").removeprefix("-").partition("=")
        if name in ("h", "help"):
            return ["--help"]
        if not name or name.startswith("-"):
            raise click.UsageError(f"bad flag syntax: {quote(argument)}")
        setting = _BY_NAME.get(name)
        if setting is None:
            raise click.NoSuchOption(f"-{name}", f"flag provided but not defined: {quote('-' + name)}", list(_BY_NAME))
        if not equals:
            if setting.kind == "switch":
                value = "true"
            elif rest:
                value = rest.pop(0)
            else:
                raise click.UsageError(f"flag needs an argument: -{name}")
        rewritten.append(f"--{name}={value}")
    return rewritten
