"""
Write docs/reference/ from the tables in the code: `python -m docs.generate`, or `make docs`.

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


def main() -> None:
    """Write all pages."""
    for path in FOLDER.rglob("*.md"):  # of a query that has gone
        if path.relative_to(FOLDER).as_posix() not in PAGES:
            path.unlink()
    for name, page in PAGES.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    main()
