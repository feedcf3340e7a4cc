"""docs/completion/: what `whofrom completion` prints for each shell, for the packages that put it where shells look."""

from __future__ import annotations

from pipeline.cli import whofrom
from pipeline.completion import SHELLS
from pipeline.completion.scripts import script

# shell -> the file, named as the shell wants it
NAMES = {"bash": "whofrom.bash", "zsh": "_whofrom", "fish": "whofrom.fish"}


def scripts() -> dict[str, str]:
    """Return each script's file name and text."""
    return {NAMES[shell]: script(whofrom, shell) for shell in SHELLS}
