"""
The log of a table, which must not remember what the table has forgotten.

Delta notes beside each file the least and the greatest value of its columns, texts included: clients' addresses, users,
targets, whole rejected lines. Those outlive the rows. So the log says no more than times, statuses and offsets of a
file, which is what readers pass files over by, and commits that a checkpoint has made needless go after a day.
"""

from __future__ import annotations

from functools import partial

from pipeline.lake.table import PROPERTIES, Lake


def tidy(lake: Lake, name: str) -> None:
    """Write a table's state in one piece, which readers then need not gather from commits, and drop old commits."""
    lake.committed(partial(_set_properties, lake, name))
    table = lake.table(name)
    if table is not None:
        lake.committed(table.create_checkpoint)
        lake.committed(table.cleanup_metadata)


def _set_properties(lake: Lake, name: str) -> None:
    """Have a table of an older whofrom keep its log as new ones do."""
    table = lake.table(name)
    if table is not None and not PROPERTIES[name].items() <= table.metadata().configuration.items():
        table.alter.set_table_properties(PROPERTIES[name])
