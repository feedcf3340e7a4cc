"""
Write docs/reference/ from the tables in the code: `python -m docs.generate`, or `make docs`; and the literals of the
signatures, which the package brings.

A page is a function from tables to text, in `docs/pages/`; `tests/docs/test_reference.py` fails when a page is not what
the code says.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from docs.pages import (
    alert,
    attacks,
    cli,
    client,
    code,
    dialects,
    endpoints,
    explain,
    findings,
    lake,
    man,
    metrics,
    probe,
    queries,
    record,
    settings,
    signatures,
    sql,
    topology,
    trace,
    whoami,
)
from pipeline.cli import whofrom as whofrom_command
from pipeline.completion import SHELLS
from pipeline.completion.scripts import script
from pipeline.signatures import literals, prefilter

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- written by `make docs` from the tables in the code; change those -->\n\n"

PAGES: dict[str, Callable[[], str]] = {
    "alert.md": alert.page,
    "attacks.md": attacks.page,
    "cli.md": cli.page,
    "client.md": client.page,
    "code.md": code.page,
    "dialects.md": dialects.page,
    "endpoints.md": endpoints.page,
    "explain.md": explain.page,
    "findings.md": findings.page,
    "lake.md": lake.page,
    "metrics.md": metrics.page,
    "probe.md": probe.page,
    **queries.PAGES,
    "record.md": record.page,
    "settings.md": settings.page,
    "signatures.md": signatures.page,
    "sql.md": sql.page,
    "topology.md": topology.page,
    "trace.md": trace.page,
    "whoami.md": whoami.page,
}


def made_for_shells() -> dict[str, str]:
    """Return what the wheel brings for shells and `man`: path below docs/ -> text."""
    names = {"bash": "whofrom.bash", "zsh": "_whofrom", "fish": "whofrom.fish"}
    scripts = {f"completion/{names[shell]}": script(whofrom_command, shell) for shell in SHELLS}
    return scripts | {f"man/{name}": text for name, text in man.manuals().items()}


def main() -> None:
    """Write all pages."""
    for name, text in made_for_shells().items():
        path = FOLDER.parent / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in FOLDER.rglob("*.md"):  # of a query that has gone
        if path.relative_to(FOLDER).as_posix() not in PAGES:
            path.unlink()
    for name, page in PAGES.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTE + page(), encoding="utf-8")
    Path(literals.__file__).with_name(literals.NAME).write_text(literals.text_of(prefilter.worked_out()), "utf-8")


if __name__ == "__main__":
    main()
