"""docs/reference/settings.md: the settings of the server."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.settings import SETTINGS


def page() -> str:
    """Return the settings of the server."""
    head = (
        "# Settings of `whofrom serve`\n\n"
        "Flags come before environment variables, those before defaults. Flags are written as whoami's are:\n"
        "`-port 80`, `--port 80`, `-port=80` and `--port=80` are one; a switch takes a value behind `=` only.\n"
        "Times are written as `30s`, `1m30s` or `250ms`, sizes as `4096`, `64k` or `1MiB`.\n"
    )
    parts = [head]
    for group in dict.fromkeys(one.group for one in SETTINGS):
        rows = (
            (
                f"`--{one.name}`",
                one.help,
                _default(one.default),
                ", ".join(f"`{name}`" for name in one.env) or "–",
                one.origin,
            )
            for one in SETTINGS
            if one.group == group
        )
        parts.append(f"## {group}\n\n" + table(("flag", "meaning", "default", "environment", "whose"), rows))
    return "\n".join(parts)


def _default(value: object) -> str:
    return {None: "–", "": "–", False: "off"}.get(value, f"`{value}`")  # type: ignore[arg-type]
