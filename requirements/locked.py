"""What a lock says: `requirements/*.txt` as `uv pip compile` writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from requirements.third_party import ROOT

_ENTRY = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.*?))? \\$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VIA = re.compile(r"^    # +(?:via +)?(?P<parent>[a-z][\w.-]*)", re.MULTILINE)


@dataclass(frozen=True)
class Pin:
    """
    A package as a lock has it.

    marker    where it is installed; "" everywhere
    hashes    SHA-256 of each file of this version that may be installed
    parents   who asks for it: names of packages, `whofrom` itself among them
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    parents: tuple[str, ...]


def pins(lock: str) -> list[Pin]:
    """Return what requirements/LOCK pins; a package may stand there twice, for different Pythons."""
    text = (ROOT / "requirements" / lock).read_text("utf-8")
    heads = list(_ENTRY.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    return [_pin(head, text[head.end() : end]) for head, end in zip(heads, ends, strict=True)]


def _pin(head: re.Match[str], body: str) -> Pin:
    parents = {parent for parent in _VIA.findall(body) if parent != "via"}
    return Pin(head["name"], head["version"], head["marker"] or "", tuple(_HASH.findall(body)), tuple(sorted(parents)))
