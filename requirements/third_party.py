"""What others made that is in this tree, out of `third_party.toml` and the heads of the lists of addresses."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = tomllib.loads((ROOT / "requirements" / "third_party.toml").read_text("utf-8"))
SPDX_OF_PACKAGES: dict[str, str] = TABLE["packages"]


@dataclass(frozen=True)
class Work:
    """
    Something that others made.

    name, version   as its makers have them; of a list of addresses the version is the day on which it was fetched
    files           globs from the root of the tree
    what            what is here of it
    origin          where it is to be had; more than one address where a list is put together
    licence         an SPDX expression, or words where there is none
    notice          the file with the notices that the licence asks for; "" where it asks for none
    """

    name: str
    files: tuple[str, ...]
    what: str
    origin: str
    licence: str
    version: str = ""
    notice: str = ""

    def paths(self) -> list[Path]:
        """Return the files that are there, in order."""
        return sorted({path for glob in self.files for path in ROOT.glob(glob)})


def bundled() -> list[Work]:
    """Return what is in the wheel."""
    globs, licence = TABLE["lists"]["files"], TABLE["lists"]["licence"]
    lists = [_address_list(path, licence) for glob in globs for path in sorted(ROOT.glob(glob))]
    return [*map(_work, TABLE["bundled"]), *lists]


def of_tests() -> list[Work]:
    """Return what is in the source distribution alone."""
    return [*map(_work, TABLE["tests"])]


def ours() -> list[str]:
    """Return globs of the data that nobody else made."""
    return [glob for entry in TABLE["ours"] for glob in entry["files"]]


def _work(entry: dict[str, object]) -> Work:
    return Work(**{**entry, "files": tuple(entry["files"])})  # type: ignore[arg-type]


def _address_list(path: Path, licence: str) -> Work:
    lines = path.read_text("utf-8").splitlines()
    head = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# ") and ": " in line)
    return Work(
        name=f"addresses: {path.stem}",
        version=head["date"],
        files=(path.relative_to(ROOT).as_posix(),),
        what=head["meaning"],
        origin=head["source"],
        licence=licence,
    )
