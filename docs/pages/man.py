"""docs/man/: a manual page for whofrom and one for each command, from the same tree as the page of commands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click

from docs.pages.cli import EXITS, WIDTH
from pipeline.cli import SUBCOMMANDS, whofrom

VERSION = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]["version"]
NOTE = '.\\" written by `make docs` from the tree of commands; change that\n'
ENVIRONMENT = {  # beside the variables of flags
    "NO_COLOR": "If it is set to anything: tables on a terminal have no colours.",
    "TERM": "If it is dumb: no colours and no progress.",
}
FILES = {
    "whofrom.toml": "What addresses mean and whom to believe; read where \\fB\\-\\-config\\fR names it.",
    "lake": "The folder of the lake, unless \\fB\\-\\-lake\\fR or \\fBWHOFROM_LAKE\\fR names another.",
}
EXAMPLES = {
    "whofrom serve --port 8080 --log requests.ndjson": "Answer as whoami does, with a record a request.",
    "whofrom explain --peer 10.0.0.7 --trust private -H 'X-Forwarded-For: 8.8.8.8'": "Who is the client, and why?",
    "whofrom ingest access.log.gz": "Read a log into the lake.",
    "whofrom regions --since 24h": "Where did requests come from?",
    "whofrom attacks": "Who is attacking?",
}


def escaped(text: str) -> str:
    """Return text as roff takes it: no escape, no request at the start of a line, hyphens that can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in text.split("\n"))


def manuals() -> dict[str, str]:
    """Return each page's file name and text."""
    names = whofrom.context_settings["help_option_names"]
    context = click.Context(whofrom, info_name="whofrom", max_content_width=WIDTH, help_option_names=names)
    pages = {"whofrom.1": _overview(context)}
    for name, entry in SUBCOMMANDS.items():
        command = whofrom.get_command(context, name)
        assert command is not None
        with click.Context(command, info_name=name, parent=context) as inner:
            pages[f"whofrom-{name}.1"] = _page(f"whofrom-{name}", entry.help, command, inner)
    return pages


def _overview(context: click.Context) -> str:
    commands = _tagged(
        (f"\\fBwhofrom\\-{escaped(name)}\\fR(1)", escaped(one.help)) for name, one in SUBCOMMANDS.items()
    )
    variables: dict[str, dict[str, list[str]]] = {}  # variable -> flag -> its commands
    for name in SUBCOMMANDS:
        command = whofrom.get_command(context, name)
        assert command is not None
        for param in _params(command, context):
            for variable in _variables(param):
                of = variables.setdefault(variable, {}).setdefault(param.opts[0], [])
                of += [name] if name not in of else []
    rows = [
        (name, escaped("; ".join(f"{flag} of {', '.join(of)}" for flag, of in flags.items()) + "."))
        for name, flags in variables.items()
    ]
    environment = _tagged(
        (f"\\fB{name}\\fR", what) for name, what in [*rows, *((k, escaped(v)) for k, v in ENVIRONMENT.items())]
    )
    parts = [
        _head("whofrom", "who is this request from?"),
        ".SH SYNOPSIS\n.B whofrom\n[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGS\\fR]...\n",
        ".SH DESCRIPTION\n" + _prose(whofrom.help or "")
        + ".PP\nAnswers go to standard output, remarks to standard error. Each command has a page of its own: "
        "\\fBman whofrom\\-serve\\fR.\n",
        f".SH COMMANDS\n{commands}",
        f".SH OPTIONS\n{_options(whofrom, context)}",
        _exits(),
        f".SH ENVIRONMENT\n{environment}",
        ".SH FILES\n" + _tagged((f"\\fI{name}\\fR", what) for name, what in FILES.items()),
        f".SH EXAMPLES\n{_tagged((escaped(what), _literal(line)) for line, what in EXAMPLES.items())}",
        ".SH SEE ALSO\n" + ",\n".join(f"\\fBwhofrom\\-{escaped(name)}\\fR(1)" for name in SUBCOMMANDS) + "\n",
    ]  # fmt: skip
    return "".join(parts)


def _page(title: str, line: str, command: click.Command, context: click.Context) -> str:
    summary = line[:1].lower() + line[1:].rstrip(".")
    parts = [_head(title, summary), _synopsis(command, context)]
    parts.append(f".SH DESCRIPTION\n{_prose(command.help or '')}")
    if command.epilog:
        parts.append(".PP\n" + _prose(command.epilog))
    parts.append(f".SH OPTIONS\n{_options(command, context)}")
    if isinstance(command, click.Group):
        parts.append(".SH COMMANDS\n")
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            with click.Context(below, info_name=name, parent=context) as inner:
                usage = escaped(" ".join(below.collect_usage_pieces(inner)))
                parts.append(
                    f".SS {escaped(inner.command_path)} {usage}\n{_prose(below.help or '')}{_options(below, inner)}"
                )
    rows = [
        (f"\\fB{variable}\\fR", escaped(f"As {param.opts[0]}."))
        for param in command.get_params(context)
        for variable in _variables(param)
    ]
    if rows:
        parts.append(f".SH ENVIRONMENT\n{_tagged(rows)}")
    parts.append(_exits())
    parts.append(".SH SEE ALSO\n\\fBwhofrom\\fR(1)\n")
    return "".join(parts)


def _literal(text: str) -> str:
    return f".nf\n{escaped(text)}\n.fi"


def _head(title: str, summary: str) -> str:
    name = f".SH NAME\n{escaped(title)} \\- {escaped(summary)}\n"
    return f'{NOTE}.TH {title.upper()} 1 "" "whofrom {VERSION}" "whofrom"\n{name}'


def _synopsis(command: click.Command, context: click.Context) -> str:
    usage = escaped(" ".join(command.collect_usage_pieces(context)))
    return f".SH SYNOPSIS\n.B {escaped(context.command_path)}\n{usage}\n"


def _prose(text: str) -> str:
    """Return click's paragraphs as roff's; one that begins with \\b keeps its lines."""
    parts = []
    for paragraph in cleandoc(text).split("\n\n"):  # what Python 3.13 has done by itself
        lines = paragraph.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            parts.append(".nf\n" + escaped("\n".join(lines[1:])) + "\n.fi\n")
        else:
            parts.append(escaped("\n".join(line.strip() for line in lines)) + "\n")
    return ".PP\n".join(parts)


def _options(command: click.Command, context: click.Context) -> str:
    records = (param.get_help_record(context) for param in command.get_params(context))
    return _tagged((f"\\fB{escaped(one[0])}\\fR", escaped(one[1])) for one in records if one is not None)


def _exits() -> str:
    return ".SH EXIT STATUS\n" + _tagged((f"\\fB{code}\\fR", escaped(what)) for code, what in EXITS.items())


def _tagged(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f".TP\n{tag}\n{text or chr(92) + '&'}\n" for tag, text in rows)


def _params(command: click.Command, context: click.Context) -> Iterator[click.Parameter]:
    yield from command.params
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from _params(below, context)


def _variables(param: click.Parameter) -> list[str]:
    return [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or ())
