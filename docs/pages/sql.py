"""docs/reference/sql.md: the views and macros of `whofrom sql`."""

from __future__ import annotations

from docs.pages.markdown import table
from pipeline.engine.macros import macros
from pipeline.engine.views import views


def page() -> str:
    """Return the views and macros of `whofrom sql`."""
    parts = [
        "# What SQL finds in a lake\n",
        (
            "DuckDB's SQL, and beside the tables [requests and rejects](lake.md) what is here. How to ask, with\n"
            "twenty worked questions: [Asking the lake in SQL](../how-to/sql.md).\n"
        ),
    ]
    for view in views():
        parts.append(f"## {view.name}\n\n{view.meaning}.\n\n**Grain**: {view.grain}.\n")
        parts.append(
            table(("column", "type", "meaning"), ((f"`{name}`", kind, text) for name, kind, text in view.columns))
        )
    parts.append("## Macros\n\nWhat is no address, no range or no number is NULL, never an error.\n")
    for macro in macros():
        parts.append(f"### {macro.call}\n\n{macro.meaning}.\n")
        rows = [(f"`{name}`", kind, text) for name, kind, text in macro.parameters]
        parts.append(table(("parameter", "type", "meaning"), rows))
        examples = "\n".join(f"SELECT {example};" for example in macro.examples)
        parts.append(f"**Returns** {macro.returns}.\n\nTrue:\n\n```sql\n{examples}\n```\n")
    return "\n".join(parts)
