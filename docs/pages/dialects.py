"""docs/reference/dialects.md: what other programs conclude."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.clientip.dialects import DIALECTS
from echo.clientip.dialects.deviations import KNOWN_DIFFERENCES
from echo.clientip.forwarded import DEVIATIONS
from echo.proxyproto.receivers import RECEIVERS


def page() -> str:
    """Return what other programs conclude, how they receive PROXY headers, and where readings differ from the RFC."""
    return (
        "# Dialects: what other programs conclude\n\n"
        "For `whofrom explain --as NAMES` and `/explain?as=NAMES`: `all`, a program, a dialect, or a dialect with an\n"
        "argument behind a colon. They are given our trusted ranges; `{header}` is what our policy reads.\n\n"
        + table(
            ("dialect", "program", "argument", "confirmed on", "meaning"),
            (
                (f"`{one.name}`", one.program, f"`{one.argument}`" if one.argument else "–", one.version, one.meaning)
                for one in DIALECTS.values()
            ),
        )
        + "\n## PROXY headers\n\nWhat receivers read otherwise than the standard; ours reads as it has it.\n\n"
        + table(
            ("receiver", "otherwise"),
            ((name, "; ".join(one.otherwise) or "nothing") for name, one in RECEIVERS.items()),
        )
        + "\n## Forwarded\n\nThe walk reads an element with less than RFC 7239 asks. Where it differs:\n\n"
        + table(
            ("element", "by RFC 7239", "by the walk", "why"),
            ((f"`{one.element}`", one.rfc or "–", one.lenient or "–", one.why) for one in DEVIATIONS),
        )
        + "\n## Known differences\n\nWhere a dialect knowingly answers otherwise than its program:\n\n"
        + table(("program", "difference", "why"), KNOWN_DIFFERENCES)
    )
