"""Nothing that the code takes from outside is without its line in the reference: variables, options, exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from docs.pages.cli import EXITS
from echo.metrics import FACTS, METRICS
from echo.record import FIELDS
from echo.settings import SETTINGS
from pipeline import query
from pipeline.cli import whofrom
from pipeline.commands.ending import EXIT_TERMINATED
from tests.docs.page import ROOT

REFERENCE = {
    path.relative_to(ROOT / "docs" / "reference").as_posix(): path.read_text("utf-8")
    for path in (ROOT / "docs" / "reference").rglob("*.md")
}
CODE = "\n".join(path.read_text("utf-8") for top in ("echo", "pipeline") for path in (ROOT / top).rglob("*.py"))
READ = re.compile(r"""environ(?:\.get\(|\[)"([A-Z_]+)"|envvar="([A-Z_]+)"|getenv\("([A-Z_]+)\"""")
EXIT = re.compile(r"\bexit_code(?:: int)? = (\d+)|\bEXIT_[A-Z]+ = (\d+)(?! \+)\b|sys\.exit\((\d+)\)")
# the completion's own script sets it; pyspark's own
NOT_FOR_USERS = {"_WHOFROM_COMPLETE", "SPARK_CONNECT_MODE_ENABLED"}


def options(group: click.Group, context: click.Context, path: str) -> Iterator[tuple[str, click.Option]]:
    """Yield every option of every command."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        here = f"{path} {name}"
        yield from ((here, one) for one in command.params if isinstance(one, click.Option) and not one.hidden)
        if isinstance(command, click.Group):
            yield from options(command, click.Context(command, parent=context, info_name=name), here)


def test_every_variable_that_is_read_is_told() -> None:
    read = {name for found in READ.findall(CODE) for name in found if name}
    assert len(read) > 5
    told = "\n".join(REFERENCE.values())
    assert {name for name in read - NOT_FOR_USERS if not re.search(rf"\b{name}\b", told)} == set()


def test_every_exit_code_is_told() -> None:
    used = {int(code) for found in EXIT.findall(CODE) for code in found if code}
    assert {1, 3} <= used
    assert {*used, EXIT_TERMINATED} <= set(EXITS)


def test_every_option_of_every_command_is_told() -> None:
    parts = dict(re.findall(r"^## (whofrom[^\n]*)\n\n```text\n(.*?)```", REFERENCE["cli.md"], re.MULTILINE | re.DOTALL))
    found = list(options(whofrom, click.Context(whofrom, info_name="whofrom"), "whofrom"))
    assert len(found) > 100
    missing = [(path, one.opts[0]) for path, one in found if path in parts and one.opts[0] not in parts[path]]
    assert missing == []
    assert {path for path, _ in found} <= set(parts)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("settings.md", [f"--{one.name}" for one in SETTINGS]),
        ("settings.md", [name for one in SETTINGS for name in one.env]),
        ("record.md", [one.name for one in FIELDS]),
        ("metrics.md", [*(one.name for one in METRICS), *FACTS]),
    ],
)
def test_every_row_of_a_table_is_told(page: str, names: list[str]) -> None:
    assert [name for name in names if f"`{name}`" not in REFERENCE[page]] == []


def test_every_query_has_its_page() -> None:
    assert {f"queries/{name}.md" for name in query.names()} == {
        name for name in REFERENCE if name.startswith("queries/")
    }
