"""docs/explanation/floods.md says the numbers of the code, its TOML is ours, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from echo.clientip.config import parse_config
from pipeline import query
from pipeline.attacks import Known, campaigns, crawlers, floods
from pipeline.attacks.rules import BY_CODE

DOCS = Path(__file__).parents[2] / "docs" / "explanation"
PAGE = (DOCS / "floods.md").read_text("utf-8")


def default(name: str, parameter: str) -> float:
    return next(float(one.default) for one in query.load(f"attacks/{name}").parameters if one.name == parameter)


@pytest.mark.parametrize(
    ("says", "value"),
    [
        ("at least 120 requests, or 600 of a single", (120, 600)),
        ("fewer than 300 requests a minute", floods.LOUD),
        ("loudest minute was five times the limit", floods.STRONG),
        ("comes on 14 of 60 days with at most 20 requests", (14, 20)),
        ("at least ten times a week", 10),
        ("fewer than ten requests", campaigns.WEIGHT),
        ("more than 400 days away", crawlers.STALE_DAYS),
    ],
)
def test_numbers_are_those_of_the_code(says: str, value: object) -> None:
    assert says in re.sub(r"\s+", " ", PAGE)
    code = {
        "at least 120 requests, or 600 of a single": (default("floods", "floor"), default("floods", "floor_ip")),
        "fewer than 300 requests a minute": 300,
        "loudest minute was five times the limit": 5,
        "comes on 14 of 60 days with at most 20 requests": (default("slow", "days"), default("slow", "a_day")),
        "at least ten times a week": default("beaconing", "samples"),
        "fewer than ten requests": 10,
        "more than 400 days away": 400,
    }
    assert code[says] == value


def test_rules_that_are_named_are_rules() -> None:
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE)) - {"crawler_hostnames", "crawler_ranges"}
    assert named <= BY_CODE.keys()
    assert {"low_and_slow", "fake_crawler", "flash_crowd"} <= named


def test_the_toml_is_ours(tmp_path: Path) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "googlebot.txt").write_text("66.249.64.0/19\n", encoding="utf-8")
    verdict = Known(parse_config(block, str(tmp_path / "whofrom.toml"))).verdict("180.76.15.9", "Baiduspider/2.0")
    assert verdict is not None
    assert verdict.verified


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (DOCS / target).exists(), target
