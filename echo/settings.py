"""
The settings of `whofrom serve`: each declared once, here. Flags, environment variables and help are made from it.

Precedence: flag > environment > default. The TOML file holds what is no setting: [network], [trust], [[login]].

Flags are Go's, since whoami's users write them so: `-x v`, `--x v`, `-x=v`, `--x=v` are one; a switch takes a value
after `=` only, in Go's words for true and false; the first positional argument ends the flags, and what follows it is
ignored. Ours may be repeated where a list is meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import click

from echo.clientip import quote

TRUE_WORDS = ("1", "t", "T", "TRUE", "true", "True")
FALSE_WORDS = ("0", "f", "F", "FALSE", "false", "False")


class Setting(NamedTuple):
    """
    One setting.

    kind    "text", "switch" or "list"
    env     the environment variable that sets it; empty counts as unset
    origin  "whoami" where the flag is whoami's, "whofrom" where it is ours
    """

    name: str
    kind: str
    default: str | bool | None
    env: str
    metavar: str
    help: str
    origin: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "port", "text", "80", "WHOAMI_PORT_NUMBER", "PORT", "Port to listen on; a service name, or 0 for any.", "whoami"
    ),
    Setting("name", "text", "", "WHOAMI_NAME", "NAME", "Name to answer with, as the first line.", "whoami"),
    Setting("verbose", "switch", False, "", "", "Write a line for each request to stderr.", "whoami"),
    Setting("cert", "text", "", "", "FILE", "TLS certificate chain, PEM. With --key: serve HTTPS.", "whoami"),
    Setting("key", "text", "", "", "FILE", "TLS private key, PEM.", "whoami"),
    Setting("cacert", "text", "", "", "FILE", "CA of client certificates, PEM: clients must have one.", "whoami"),
    Setting("host", "text", "", "", "ADDRESS", "Address to listen on; all of IPv4 and IPv6 if not given.", "whofrom"),
    Setting("log", "text", "-", "", "FILE", "Where records go: - is stdout, a file is appended to, off.", "whofrom"),
    Setting("config", "text", None, "WHOFROM_CONFIG", "TOML", "File with [network], [trust] and [[login]].", "whofrom"),
    Setting("trust", "list", None, "", "RANGE", "Believe hops in this CIDR or named range. Repeatable.", "whofrom"),
    Setting("allow-env", "switch", False, "", "", "Let ?env=true print the environment, secrets included.", "whofrom"),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The values, one a setting; the fields are the names of SETTINGS."""

    port: str = "80"
    name: str = ""
    verbose: bool = False
    cert: str = ""
    key: str = ""
    cacert: str = ""
    host: str = ""
    log: str = "-"
    config: str | None = None
    trust: tuple[str, ...] = ()
    allow_env: bool = False


def go_bool(value: str | bool) -> bool:
    """Return a switch's value in the words of Go's strconv.ParseBool as a bool. Raises click.BadParameter."""
    if isinstance(value, bool):
        return value
    if value not in TRUE_WORDS + FALSE_WORDS:
        raise click.BadParameter(f"{quote(value)} is no boolean; use true or false")
    return value in TRUE_WORDS


def options() -> list[click.Parameter]:
    """Return the click options of all settings."""
    return [
        click.Option(
            [f"--{setting.name}"],
            type=go_bool if setting.kind == "switch" else str,
            default=setting.default,
            show_default=setting.kind == "text" and bool(setting.default),
            multiple=setting.kind == "list",
            envvar=setting.env or None,
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
