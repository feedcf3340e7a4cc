"""docs/reference/metrics.md: what /metrics shows."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.malformed import KINDS as MALFORMED_KINDS
from echo.metrics import FACTS, METRICS, TIMEOUTS


def page() -> str:
    """Return what /metrics shows."""
    counted = (
        (f"`{one.name}`", one.kind, ", ".join(f"`{label}`" for label in one.labels) or "–", one.help) for one in METRICS
    )
    facts = (
        (f"`{name}`", kind, ", ".join(f"`{label}`" for label in labels) or "–", text)
        for name, (kind, text, labels) in FACTS.items()
    )
    return (
        "# Metrics\n\n"
        "`/metrics`, in Prometheus' text format or OpenMetrics, as asked. Numbers are those of all workers, whichever\n"
        "answers. Labels take the values of our own tables alone: nothing that a client writes becomes one.\n\n"
        + table(("metric", "kind", "labels", "what"), [*counted, *facts])
        + "\n`route`: a path of the [endpoints](endpoints.md), `redirect`, `*` or `malformed`. `reason`: of the\n"
        "[reasons](client.md). `finding`: of the [findings](findings.md).\n\n`kind` of what is malformed:\n\n"
        + table(("kind", "what"), ((f"`{kind}`", text) for kind, text in MALFORMED_KINDS.items()))
        + "\n`timeout`:\n\n"
        + table(
            ("timeout", "setting, and what took too long"), ((f"`{name}`", text) for name, text in TIMEOUTS.items())
        )
    )
