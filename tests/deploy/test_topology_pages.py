"""
docs/how-to/topologies: a page for each way, found from what a reader knows, and no sentence of them in two places.

That their commands do what they say is tests/docs' business.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
import yaml

from echo.explain.findings import FINDINGS
from tests.deploy.rendered import DEPLOY
from tests.docs.links import links
from tests.docs.page import ROOT, prose, read
from tests.lab.scenarios import ROWS

INDEX = "docs/how-to/topologies.md"
PROXY = "docs/how-to/proxy-protocol.md"
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/how-to/topologies").glob("*.md"))
OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir())
# where the balancer sends, and pods with addresses of the VPC: nothing is asked there, so the laboratory has no row
UNASKED = {"1.5.1", "2.1"}
SENTENCE = 50  # characters: shorter ones say the same by right


def page_of(overlay: str) -> str:
    return PROXY if overlay == "proxy-protocol" else f"docs/how-to/topologies/{overlay}.md"


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_its_page_and_each_leads_to_the_other(overlay: str) -> None:
    own = (DEPLOY / "overlays" / overlay / "README.md").read_text("utf-8")
    assert f"(../../../{page_of(overlay)})" in own
    assert f"$ kubectl apply -k deploy/overlays/{overlay}\n" in read(page_of(overlay))
    assert page_of(overlay).removeprefix("docs/how-to/") in links(INDEX)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_says_who_it_is_for_where_it_stands_and_how_to_prove_it(page: str) -> None:
    text = read(page)
    assert re.match(r"# .+\n\nFor whoever ", text)
    lead = text.split("\n\n")[1]
    assert re.search(r"article's\s+(last\s+)?sections?\s|Not in the article", lead)
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert (headings[0], headings[-1]) == ("What you need", "Prove it from the client's side")
    assert "What the pod sees" in headings
    assert "whofrom explain --config deploy/overlays/" in text
    assert page.removeprefix("docs/how-to/") in links(INDEX)


@pytest.mark.parametrize(
    "overlay", [name for name in OVERLAYS if (DEPLOY / "overlays" / name / "ingress.yaml").exists()]
)
def test_an_ingress_is_asked_for_the_host_that_it_serves(overlay: str) -> None:
    """Its balancer answers any other with 404."""
    (rule,) = yaml.safe_load((DEPLOY / "overlays" / overlay / "ingress.yaml").read_text("utf-8"))["spec"]["rules"]
    (probe,) = re.findall(r"^\$ whofrom probe .*", read(page_of(overlay)), re.MULTILINE)
    assert f"-H 'Host: {rule['host']}'" in probe


@pytest.mark.parametrize("page", PAGES)
def test_findings_that_a_page_names_are_findings(page: str) -> None:
    printed = re.findall(r"^Verdict: (?:.*\n)*?.*\(([a-z-]+)\)$", read(page), re.MULTILINE)
    assert printed
    assert set(printed) <= FINDINGS.keys()


def test_every_section_of_the_article_is_found_in_the_index() -> None:
    table = read(INDEX).partition("## By the article's section")[2]
    listed = {number for row in re.findall(r"^\| (\d[\d., ]*) \|", table, re.MULTILINE) for number in row.split(", ")}
    asked = {row.section.split()[0] for row in ROWS if row.section[0].isdigit()}
    assert listed == asked | UNASKED


def test_no_sentence_stands_in_two_places() -> None:
    pages = [INDEX, PROXY, *PAGES, "deploy/README.md", *(f"deploy/overlays/{name}/README.md" for name in OVERLAYS)]
    seen: Counter[str] = Counter()
    for page in pages:
        text = "\n".join(line for line in prose(read(page)).splitlines() if not line.startswith("|"))
        for paragraph in re.split(r"\n\n|\n- ", text):
            sentences = re.split(r"(?<=[.:;]) ", " ".join(paragraph.split()))
            seen.update({one for one in sentences if len(one) >= SENTENCE and not one.startswith("[")})
    assert [one for one, times in seen.items() if times > 1] == []
