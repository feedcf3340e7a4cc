"""Links of a Markdown page, and the anchors that GitHub gives to its headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from tests.docs.page import ROOT, prose, read

CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINED = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
USED = re.compile(r"\[[^\]]+\]\[([^\]]+)\]")
BARE = re.compile(r"<(https?://[^>\s]+)>")
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.MULTILINE)
NAMED = re.compile(r"<a (?:id|name)=\"([^\"]+)\"")
HTML = re.compile(r"<(?:a|img)[^>]* (?:href|src)=\"([^\"]+)\"")


@cache
def links(page: str) -> tuple[str, ...]:
    """Return where a page links to, as it is written."""
    text = CODE.sub("`", prose(read(page)))
    return tuple(target for one in (INLINE, DEFINED, BARE, HTML) for target in one.findall(text))


def undefined(page: str) -> set[str]:
    """Return the labels of links `[text][label]` that nothing defines."""
    text = CODE.sub("`", prose(read(page)))
    known = {label.lower() for label in re.findall(r"^\[([^\]]+)\]:", text, re.MULTILINE)}
    return {label for label in USED.findall(text) if label.lower() not in known}


@cache
def anchors(page: str) -> frozenset[str]:
    """Return the anchors of a page: of each heading, and those that it names itself."""
    seen: Counter[str] = Counter()
    found = set(NAMED.findall(read(page)))
    for heading in HEADING.findall(prose(read(page))):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", re.sub(r"[*]", "", words).strip().lower()).replace(" ", "-")
        found.add(f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor)
        seen[anchor] += 1
    return frozenset(found)


def lost(page: str, target: str) -> str | None:
    """Return what is wrong with a link to a file of ours, if anything is."""
    name, _, anchor = target.partition("#")
    path = (ROOT / page).parent / unquote(name) if name else ROOT / page
    path = path.resolve()
    if not path.is_relative_to(ROOT):
        return "leads out of the project"
    if not path.exists():
        return "there is no such file"
    if anchor and path.suffix == ".md" and anchor not in anchors(path.relative_to(ROOT).as_posix()):
        return f"no heading there has the anchor {anchor}"
    return None


def pages_from(page: str) -> Iterator[str]:
    """Yield the pages of ours that a page links to; a folder is its README."""
    for target in links(page):
        if "://" in target or target.startswith(("#", "mailto:")):
            continue
        path = ((ROOT / page).parent / unquote(target.partition("#")[0])).resolve()
        if path.is_dir():
            path /= "README.md"
        if path.suffix == ".md" and path.exists():
            yield Path(path).relative_to(ROOT).as_posix()
