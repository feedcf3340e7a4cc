"""A list written to a file: whole or not at all, whoever reads it meanwhile."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from echo.clientip import printable
from pipeline.errors import UsageFault
from pipeline.targets import in_place

MODE = 0o644  # of a new file: servers that include it run as others
MAX_LIST_BYTES = 256 << 20  # of a list to compare with: a hundred thousand entries have 20 MB as STIX


def replace(path: str, text: str) -> None:
    """Put text into a file, on the disk before it takes the place of what was there. Raises UsageFault."""
    target = Path(path).resolve()  # a link stays one
    try:
        if in_place(Path(path)):
            with Path(path).open("a", encoding="utf-8") as out:
                out.write(text)
            return
        mode = target.stat().st_mode & 0o777 if target.exists() else MODE
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with open(number, "w", encoding="utf-8") as out:  # noqa: PTH123  # a descriptor
                out.write(text)
                out.flush()
                os.fchmod(number, mode)
                os.fsync(number)
            Path(name).replace(target)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise UsageFault(
            f"cannot be written: {error.strerror or error}",
            printable(path),
            "name a file in a folder that may be written",
        ) from None


def read(path: str) -> str:
    """Return the list in a file, "" if there is none. Raises UsageFault."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_LIST_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UsageFault(f"cannot be read: {error.strerror or error}", printable(path), "name a block list") from None
    if len(data) > MAX_LIST_BYTES:
        raise UsageFault(f"larger than {MAX_LIST_BYTES} bytes", printable(path), "name a block list")
    return data.decode("utf-8", "replace")
