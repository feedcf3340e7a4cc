"""Who is a crawler: by address or a name that was looked up twice, never by what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from echo.clientip import ConfigFault, parse_address
from echo.clientip.config import parse_config
from pipeline import attacks
from pipeline.attacks import crawlers, judge_of
from pipeline.attacks.crawlers import CRAWLERS, Known, claim_of, shipped
from pipeline.engine.duckdb import Engine
from pipeline.signatures import catalogue_table
from tests.pipeline.attacks.scenes import MIDNIGHT, Row, numbered, request

Build = Callable[[Iterable[dict[str, Any]]], Engine]
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BAIDU = "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (GOOGLEBOT, "googlebot"),
        ("Googlebot-Image/1.0", "googlebot"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot"),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15 (Applebot/0.1)", "applebot"),
        ("DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)", "duckduckbot"),
        ("Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", "yandex"),
        (BAIDU, "baidu"),
        ("Mozilla/5.0 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "openai"),
        ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "anthropic"),
        ("Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)", "perplexity"),
        ("facebookexternalhit/1.1", "facebook"),
        ("Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)", None),
        ("Mozilla/5.0 (compatible; Example/1.0; like Googlebot)", None),
        ("TelegramBot (like TwitterBot)", None),
        ("Mozilla/5.0 (Windows NT 10.0) Firefox/130.0", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_what_a_user_agent_says_to_be(agent: str | None, name: str | None) -> None:
    found = claim_of(agent)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("ip", "agent", "verified"),
    [
        ("66.249.66.1", GOOGLEBOT, True),
        ("2001:4860:4801:10::1", GOOGLEBOT, True),
        ("157.55.39.1", "bingbot/2.0", True),
        ("216.73.216.10", "ClaudeBot/1.0", True),
        ("17.241.75.1", "Applebot/0.1", True),
        ("9.9.9.9", GOOGLEBOT, False),
        ("157.55.39.1", GOOGLEBOT, False),  # a crawler, and another
        ("66.249.66.1", "curl/8", None),  # whoever else has the address says nothing
        ("9.9.9.9", BAIDU, False),
        ("not an address", GOOGLEBOT, None),
    ],
)
def test_an_address_verifies_what_the_agent_says(ip: str, agent: str, verified: bool | None) -> None:
    verdict = Known().verdict(ip, agent)
    assert (verdict.verified if verdict else None) == verified


@pytest.mark.parametrize(
    ("name", "single", "double"),
    [
        ("baiduspider-180-76-15-1.crawl.baidu.com", False, True),
        ("baiduspider-180-76-15-1.crawl.baidu.com.", False, True),
        ("baidu.com.evil.example", False, False),
        ("evilbaidu.com", False, False),
        (None, False, False),
    ],
)
def test_a_host_name_verifies_if_it_was_looked_up_in_both_directions(
    name: str | None, single: bool, double: bool
) -> None:
    """What an address is called is its owner's to choose."""
    both = Known(parse_config('[attacks]\ncrawler_hostnames = "double"', "whofrom.toml"))
    for known, expected in ((Known(), single), (both, double)):
        verdict = known.verdict("180.76.15.1", BAIDU, name)
        assert verdict is not None
        assert verdict.verified == expected


def test_the_toml_adds_ranges(tmp_path: Path) -> None:
    (tmp_path / "baidu.txt").write_text("# date: 2026-01-01\n180.76.15.0/24\n", encoding="utf-8")
    text = '[attacks.crawler_ranges]\nbaidu = ["file:baidu.txt"]\ngooglebot = ["9.9.9.9"]'
    known = Known(parse_config(text, str(tmp_path / "whofrom.toml")))
    for ip, agent in (("180.76.15.1", BAIDU), ("9.9.9.9", GOOGLEBOT), ("66.249.66.1", GOOGLEBOT)):
        verdict = known.verdict(ip, agent)
        assert verdict is not None
        assert verdict.verified


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[attacks]\ncrawler_hostname = "double"', "did you mean crawler_hostnames?"),
        ('[attacks]\ncrawler_hostnames = "yes"', "must be single or double"),
        ('[attacks.crawler_ranges]\ngogglebot = ["1.2.3.0/24"]', "did you mean googlebot?"),
        ('[attacks.crawler_ranges]\ngooglebot = ["1.2.3.0/33"]', "googlebot"),
        ("attacks = 1", "must be a table"),
        ("[attacks]\ncrawler_ranges = 1", "must be a table"),
    ],
)
def test_a_toml_that_is_wrong_names_the_key(text: str, says: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        Known(parse_config(text, "whofrom.toml"))
    assert says in str(caught.value)


@pytest.mark.parametrize("name", [one.name for one in CRAWLERS if shipped(one.name)])
def test_a_list_that_is_shipped_says_where_it_is_from_and_holds_ranges(name: str) -> None:
    found = shipped(name)
    assert found is not None
    assert found.about["source"].startswith("https://")
    assert date(2026, 1, 1) < date.fromisoformat(found.about["date"])
    assert all(parse_address(text.partition("/")[0]) for text in found.ranges)
    assert not any(text.endswith("/0") for text in found.ranges)


# through the lake


def crawl(ip: str, agent: str, count: int = 60, **row: Any) -> list[Row]:
    return [
        request(
            ip, MIDNIGHT + timedelta(seconds=number * 0.1), f"/page/{number}", user_agent=agent, signatures=[], **row
        )
        for number in range(count)
    ]


def found(engine: Engine) -> list[tuple[str, str, str]]:
    engine.register("signatures_known", catalogue_table())
    return [(one.rule, one.severity, one.subject) for one in attacks.find(engine, None, None)]


def test_a_verified_crawler_may_be_fast_and_one_that_says_so_may_not(engine_of: Build) -> None:
    rows = [*crawl("66.249.66.1", GOOGLEBOT), *crawl("9.9.9.9", GOOGLEBOT), *crawl("9.9.9.8", "fast/1")]
    assert sorted(found(engine_of(numbered(rows)))) == [
        ("crawling", "low", "9.9.9.8"),
        ("crawling", "low", "9.9.9.9"),
        ("fake_crawler", "low", "9.9.9.9"),
    ]


def test_what_a_verified_crawler_was_sent_to_ask_is_told(engine_of: Build) -> None:
    rows = crawl("66.249.66.1", GOOGLEBOT, 1)
    rows += [
        request("66.249.66.1", MIDNIGHT, f"/{number}/.env", user_agent=GOOGLEBOT,
                signatures=["sensitive-env"], status=404)
        for number in range(9)
    ]  # fmt: skip
    engine = engine_of(numbered(rows))
    engine.register("signatures_known", catalogue_table())
    alerts = [one for one in attacks.find(engine, None, None) if one.rule != "campaign"]
    assert alerts, "signatures are told of everybody"
    assert {one.details.get("crawler") for one in alerts} == {"googlebot"}


@pytest.mark.parametrize(
    ("ip", "agent", "year", "rules"),
    [
        ("9.9.9.9", GOOGLEBOT, 2026, ["fake_crawler"]),
        ("9.9.9.9", GOOGLEBOT, 2015, ["fake_crawler"]),  # whose ranges were the same then
        ("9.9.9.9", "bingbot/2.0", 2026, ["fake_crawler"]),
        ("9.9.9.9", "bingbot/2.0", 2015, []),  # nobody knows by this list
        ("9.9.9.9", "facebookexternalhit/1.1 Facebot Twitterbot/1.0", 2026, []),  # a phone
        ("9.9.9.9", BAIDU, 2026, []),  # publishes no ranges
        ("10.0.0.1", GOOGLEBOT, 2026, []),  # a proxy of yours
        ("66.249.66.1", GOOGLEBOT, 2026, []),
    ],
)
def test_who_is_said_to_lie(ip: str, agent: str, year: int, rules: list[str], engine_of: Build) -> None:
    rows = numbered([request(ip, MIDNIGHT.replace(year=year), "/", user_agent=agent)])
    assert [one.rule for one in crawlers.find(engine_of(rows), None, None, judge_of(None))] == rules
