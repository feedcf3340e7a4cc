"""
What was promised of a lake's addresses: once a log was ingested with --anonymize, one without it is a slip.

The promise is a property of the table, so that it is kept whoever ingests, and whatever rows have expired since.
"""

from __future__ import annotations

from functools import partial

from echo.clientip import printable
from pipeline.errors import UsageFault
from pipeline.lake.table import REQUESTS, Lake

PROPERTY = "whofrom.anonymized"


def promised(lake: Lake) -> str | None:
    """Return how the addresses of a lake were last made unrecognisable, as column `anonymized` says it; else None."""
    table = lake.table(REQUESTS)
    return None if table is None else table.metadata().configuration.get(PROPERTY)


def promise(lake: Lake, mark: str) -> None:
    """Note how its addresses are made unrecognisable from now on; in a lake that is not there yet, when it is made."""
    lake.properties[PROPERTY] = mark
    lake.committed(partial(_note, lake, mark))


def _note(lake: Lake, mark: str) -> None:
    table = lake.table(REQUESTS)
    if table is not None and table.metadata().configuration.get(PROPERTY) != mark:
        table.alter.set_table_properties({PROPERTY: mark}, raise_if_not_exists=False)


def check_whole(lake: Lake) -> None:
    """Raise UsageFault if whole addresses are about to be written to a lake that was promised to hold none."""
    mark = promised(lake)
    if mark is not None:
        raise UsageFault(
            f"its addresses are anonymized ({printable(mark)}), and those of this ingest would be whole",
            printable(lake.path),
            "say --anonymize as before, or --anonymize none if whole ones are meant, or name another --lake",
        )
