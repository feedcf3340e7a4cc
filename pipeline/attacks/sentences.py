"""What a person reads: samples of what was asked for, decoded and made printable."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from echo.clientip import printable

MAX_SAMPLE_CHARS = 80
ROUNDS = 2  # percent signs are often escaped once more


def shown(text: str) -> str:
    """Return what somebody asked for, as it reads once it is decoded, in at most MAX_SAMPLE_CHARS printable ones."""
    text = text[: 8 * MAX_SAMPLE_CHARS]
    for _ in range(ROUNDS):
        text = unquote(text, errors="backslashreplace")
    text = printable(text)
    return text if len(text) <= MAX_SAMPLE_CHARS else text[: MAX_SAMPLE_CHARS - 1] + "…"


class Count(int):
    """A number in a sentence: `{n:file}` is "1 file" or "2 files", `{n:file is|files are}` has both forms."""

    def __format__(self, form: str) -> str:
        if not form[:1].isalpha():
            return super().__format__(form)
        one, _, many = form.partition("|")
        return f"{int(self):,} {one if self == 1 else many or f'{one}s'}"


def examples(samples: Iterable[str | None]) -> str:
    """Return 'for example A and B'."""
    return "for example " + " and ".join(dict.fromkeys(shown(one) for one in samples if one))
