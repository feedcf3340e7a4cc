"""docs/reference/record.md: the fields of the log record."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.record import FIELDS, REDACTED_HEADERS, SCHEMA_VERSION


def page() -> str:
    """Return the fields of the record."""
    rows = (
        (f"`{one.name}`", one.type, "yes" if one.nullable else "no", one.meaning, one.otel or "–", one.ecs or "–")
        for one in FIELDS
    )
    return (
        f"# The log record, schema version {SCHEMA_VERSION}\n\n"
        "One JSON object a line, one line a request, malformed requests included. Fields are written in this order;\n"
        "within a version fields are only added.\n\n"
        + table(("field", "type", "null", "meaning", "OpenTelemetry", "ECS"), rows)
        + f"\nThe values of these headers are redacted: {', '.join(sorted(REDACTED_HEADERS))}.\n"
    )
