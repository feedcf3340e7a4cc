"""docs/reference/lake.md: the columns of the lake, and the formats that make them."""

from __future__ import annotations

from docs.pages.markdown import table
from pipeline.rows import ADDED_COLUMNS, RECORD_COLUMNS, REJECT_COLUMNS
from pipeline.sources import FORMATS
from pipeline.sources.nginx import meanings as log_format_meanings
from pipeline.sources.wrappers import WRAPPERS


def page() -> str:
    """Return the columns of the lake's tables."""
    head = ("column", "type", "meaning")
    return (
        "# The lake\n\nTwo Delta tables. In SQL all times are UTC.\n\n"
        "## requests\n\nThe fields of the [record](record.md):\n\n"
        + table(head[:2], ((f"`{column.name}`", column.type) for column in RECORD_COLUMNS))
        + "\nand what the pipeline adds:\n\n"
        + table(head, ((f"`{column.name}`", column.type, column.meaning) for column in ADDED_COLUMNS))
        + "\n## rejects\n\n"
        + table(head, ((f"`{column.name}`", column.type, column.meaning) for column in REJECT_COLUMNS))
        + "\n## Formats that ingest reads\n\n"
        + table(("format", "what"), ((f"`{form.name}`", form.meaning) for form in FORMATS.values()))
        + "\n`--format` takes an nginx `log_format` too, as it stands in nginx.conf. `$http_NAME` is that header;\n"
        "variables that are not in this table are skipped over.\n\n"
        + table(("variable", "taken for"), ((f"`${name}`", meaning) for name, meaning in log_format_meanings()))
        + "\nWrapped in one of these as well, which is found out from the lines:\n\n"
        + table(("wrapper", "what"), ((f"`{one.name}`", one.meaning) for one in WRAPPERS.values()))
    )
