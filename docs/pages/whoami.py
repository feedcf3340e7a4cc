"""docs/reference/whoami.md: where the server differs from whoami."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.deviations import DEVIATIONS as WHOAMI_DEVIATIONS


def page() -> str:
    """Return where we do otherwise than whoami."""
    rows = ((one.topic, one.whoami, one.ours, one.why) for one in WHOAMI_DEVIATIONS)
    return (
        "# Where whofrom differs from whoami\n\n"
        "`whofrom serve` stands in for traefik/whoami v1.11.0: flags, environment, paths, bytes and statuses are\n"
        "whoami's, but for these, each on purpose:\n\n" + table(("what", "whoami", "whofrom", "why"), rows)
    )
