"""SQL files with a header: comment lines that docs, defaults and tests are taken from."""

from __future__ import annotations


def header_lines(text: str) -> list[str]:
    """Return the comment lines that open a file, without their dashes; a line `--   …` goes on with the one before."""
    lines: list[str] = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if line.startswith("--   "):
            lines[-1] += " " + line[5:].strip()
        else:
            lines.append(line[2:].strip())
    return lines
