"""A crawler is one by its address, whatever it says."""

from __future__ import annotations

import pytest

from pipeline.attacks.crawlers import Known
from pipeline.trace.crawling import claims

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("clients", "agents", "found"),
    [
        (["66.249.66.1"], [GOOGLEBOT], [("66.249.66.1", True)]),
        (["203.0.113.9"], [GOOGLEBOT], [("203.0.113.9", False)]),
        (["203.0.113.9", "66.249.66.1"], ["curl/8", GOOGLEBOT], [("66.249.66.1", True), ("203.0.113.9", False)]),
        (["66.249.66.1"], ["curl/8"], []),
        (["66.249.66.1"], [], []),
    ],
)
def test_who_says_to_be_a_crawler(clients: list[str], agents: list[str], found: list[tuple[str, bool]]) -> None:
    told = claims(clients, agents, ["crawl.example.com"], Known())
    assert [(one.client, one.verdict.verified) for one in told] == found
