"""Every link of every page leads somewhere, and every page can be come to."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import pytest

from tests.docs.links import anchors, links, lost, pages_from, undefined
from tests.docs.page import PAGES, ROOT, read

ENTRANCES = ("README.md", "docs/README.md")
KINDS = {"tutorial": "Tutorial", "how-to": "How-to", "explanation": "Explanation", "decisions": "Decisions"}
# of our own machines, or nobody's: no reader can open them
NO_HOST = re.compile(
    r"localhost|.*\.(local|internal|lan|example|test|invalid)|(.*\.)?example\.(com|org|net)|.*mirror.*"
)


@pytest.mark.parametrize("page", PAGES)
def test_links_to_files_of_ours_lead_somewhere(page: str) -> None:
    ours = [target for target in links(page) if not re.match(r"[a-z]+:", target)]
    assert {target: fault for target in ours if (fault := lost(page, target))} == {}
    assert undefined(page) == set()


@pytest.mark.parametrize("page", PAGES)
def test_links_to_others_are_addresses_that_a_reader_can_open(page: str) -> None:
    assert [target for target in links(page) if re.match(r"[a-z]+:", target) and not _can_be_opened(target)] == []


def _can_be_opened(target: str) -> bool:
    parts = urlsplit(target)
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return (
            parts.scheme == "https"
            and parts.netloc == host
            and "." in host
            and not NO_HOST.fullmatch(host)
        )  # fmt: skip
    return False


def test_pages_that_the_code_names_are_there() -> None:
    code = [path for top in ("echo", "pipeline", "deploy") for path in (ROOT / top).rglob("*") if path.is_file()]
    texts = [path.read_text("utf-8") for path in code if path.suffix in {".py", ".sql", ".html", ".toml", ".yaml"}]
    named = {name for text in texts for name in re.findall(r"\b(?<!/)docs/[\w/-]+\.md", text)}
    assert len(named) > 5
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_page_can_be_come_to() -> None:
    found, todo = set(ENTRANCES), list(ENTRANCES)
    while todo:
        new = set(pages_from(todo.pop())) - found
        found |= new
        todo += new
    assert set(PAGES) - found == set()


@pytest.mark.parametrize("kind", KINDS)
def test_the_index_lists_every_page_under_its_kind(kind: str) -> None:
    sections = re.split(r"^## ", read("docs/README.md"), flags=re.MULTILINE)
    own = [section for section in sections if section.startswith(KINDS[kind])]
    pages = {
        path.relative_to(ROOT / "docs").as_posix()
        for path in (ROOT / "docs" / kind).rglob("*.md")
    }  # fmt: skip
    listed = re.findall(r"^- \[.*?\]\(([^)#]+)\)", own[0], re.MULTILINE) if own else []
    if f"{kind}/README.md" in pages:  # the folder has an index of its own
        pages = {f"{kind}/README.md"}
    assert set(listed) >= {page for page in pages if page.count("/") == 1 or page.endswith("README.md")}
    assert [page for page in listed if page.startswith(f"{kind}/")] == listed


@pytest.mark.parametrize(
    ("page", "anchor"),
    [
        ("docs/reference/alert.md", "block-lists"),
        ("docs/reference/client.md", "network"),
        ("docs/reference/client.md", "presets-of-login"),
        ("docs/reference/trace.md", "signs-of-forged-headers-forged"),
        ("docs/how-to/sql.md", "1-what-is-in-the-lake"),
    ],
)
def test_anchors_are_those_of_github(page: str, anchor: str) -> None:
    assert anchor in anchors(page)
