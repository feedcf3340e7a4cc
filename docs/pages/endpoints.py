"""docs/reference/endpoints.md: the paths of the server."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.routes import PREFIXES, ROUTES, WHOAMI


def page() -> str:
    """Return the paths of the server."""
    rows = ((f"`{route.name}`", route.help) for route in (WHOAMI, *ROUTES.values(), *PREFIXES.values()))
    return (
        "# Endpoints\n\n"
        "Paths match whole and percent-decoded; any other path is answered as `/`. Every method is taken.\n\n"
        + table(("path", "answers"), rows)
        + "\nOn every path `?header=Name:value`, repeatable, adds a field to the answer: not one that frames the\n"
        "message, nor one with which a link could make a browser act on what a stranger wrote (`Content-Type`,\n"
        "`Set-Cookie`, `Location`, …). On `/`, `?wait=1.5s` waits first, and `?env=true` prints the environment under\n"
        "`--allow-env`. The first six are whoami's; [what differs there](whoami.md) has a table.\n"
    )
