"""The page docs/reference/alert.md, from the tables in the code."""

from __future__ import annotations

from collections.abc import Mapping

from docs.pages.markdown import table
from pipeline.alerts import SUBJECT_KINDS
from pipeline.alerts.document import ALERT_KEYS
from pipeline.alerts.settings import ALERTS_KEYS, KINDS, TO_KEYS
from pipeline.alerts.silences import SILENCE_KEYS
from pipeline.commands.alerts import ALL_KEYS
from pipeline.exports.entries import LIFETIMES
from pipeline.exports.formats import FORMATS


def page() -> str:
    """Return the keys of an alert, and of what sends it."""
    return (
        "# Alerts\n\nA JSON object with these keys, in this order: a line of `-o ndjson` and of the sink `ndjson`,\n"
        "and `data` of what a webhook gets. Within a major version keys are only added.\n\n"
        + _keys(ALERT_KEYS)
        + "\n`subject_kind`:\n\n"
        + table(("kind", "subject"), ((f"`{kind}`", text) for kind, text in SUBJECT_KINDS.items()))
        + "\n`whofrom alerts --all` has two keys more:\n\n"
        + _keys(ALL_KEYS)
        + "\n## `[alerts]`\n\n"
        + _keys(ALERTS_KEYS)
        + "\n## `[[alerts.to]]`\n\n"
        + table(("kind", "what it does"), ((f"`{kind}`", text) for kind, text in KINDS.items()))
        + "\n"
        + _keys(TO_KEYS)
        + "\n## `[[alerts.silence]]`\n\nAll matchers that are given have to fit; one is needed.\n\n"
        + _keys(SILENCE_KEYS)
        + "\n## Block lists\n\n"
        + table(
            ("format", "what", "`--name` is", "entries end by", "put to use by"),
            ((f"`{one.name}`", one.meaning, one.names or "–", one.ends, one.apply) for one in FORMATS.values()),
        )
        + "\nHow long an entry lasts behind the last request, where `--lifetime` does not say:\n\n"
        + table(
            ("severity", "lifetime"),
            ((severity, f"{int(one.total_seconds()) // 3600} h") for severity, one in LIFETIMES.items()),
        )
    )


def _keys(keys: Mapping[str, str]) -> str:
    return table(("key", "meaning"), ((f"`{key}`", text) for key, text in keys.items()))
