"""The page docs/reference/alert.md, from the tables in the code."""

from __future__ import annotations

from docs.markdown import table
from pipeline.alerts import SUBJECT_KINDS
from pipeline.alerts.document import ALERT_KEYS


def alert() -> str:
    """Return the keys of an alert, and of what sends it."""
    return (
        "# Alerts\n\nA JSON object with these keys, in this order: a line of `-o ndjson` and of the sink `ndjson`,\n"
        "and `data` of what a webhook gets. Within a major version keys are only added.\n\n"
        + table(("key", "meaning"), ((f"`{key}`", text) for key, text in ALERT_KEYS.items()))
        + "\n`subject_kind`:\n\n"
        + table(("kind", "subject"), ((f"`{kind}`", text) for kind, text in SUBJECT_KINDS.items()))
    )
