"""Every signature: what it says of itself is true."""

from __future__ import annotations

import re

import pytest

from pipeline.signatures import AREAS, BY_ID, FAMILIES, LEVELS, SIGNATURES, Example, Signature, catalogue_table
from pipeline.signatures.hints import hints
from pipeline.signatures.literals import literals
from pipeline.signatures.prefilter import ODD_IN_TARGET, worked_out
from pipeline.signatures.signature import example
from tests.pipeline.signatures.asked import found

each = pytest.mark.parametrize("signature", SIGNATURES, ids=lambda one: one.id)
# Patterns without a literal that ordinary texts lack are run on all distinct targets; each costs every ingest.
MAX_UNHINTED = 8


@pytest.fixture(scope="module")
def answers() -> dict[Example, list[str]]:
    """What each example of the catalogue matches, all asked in one batch."""
    asked = list({example(one) for signature in SIGNATURES for one in (*signature.positive, *signature.negative)})
    return dict(zip(asked, found(*asked), strict=True))


@each
def test_its_examples_match(signature: Signature, answers: dict[Example, list[str]]) -> None:
    assert signature.positive
    for request in signature.positive:
        assert signature.id in answers[example(request)], request


@each
def test_what_only_looks_like_it_does_not(signature: Signature, answers: dict[Example, list[str]]) -> None:
    assert signature.negative
    for request in signature.negative:
        assert signature.id not in answers[example(request)], request


@each
def test_it_says_what_it_is(signature: Signature) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", signature.id)
    assert signature.family in FAMILIES
    assert {signature.severity, signature.confidence} <= set(LEVELS)
    assert signature.techniques
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", one) for one in signature.techniques)
    assert signature.where
    assert set(signature.where) <= set(AREAS)
    assert all(link.startswith("https://") for link in signature.references)


@each
def test_its_pattern_is_for_text_in_lower_case(signature: Signature) -> None:
    assert not re.search("[A-Z]", re.sub(r"\\.", "", signature.pattern))


def test_no_id_is_given_twice() -> None:
    ids = catalogue_table()["id"].to_pylist()
    assert len(ids) == len(set(ids)) == len(BY_ID)


def test_each_family_has_signatures() -> None:
    assert {one.family for one in SIGNATURES} == set(FAMILIES)


def test_nearly_all_patterns_for_ordinary_characters_have_literals() -> None:
    plain = [one for one in SIGNATURES if one.plain]
    unhinted = [one.id for one in plain if (hinted := hints(one.pattern)) is None or hinted[1]]
    assert len(unhinted) <= MAX_UNHINTED, unhinted


def test_the_literals_that_the_package_brings_are_those_of_the_patterns() -> None:
    assert literals() == worked_out(), "run: make docs"


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("union.*select", {"select"}),
        ("/(?:phpmyadmin|pma\\d*)/", {"/phpmyadmin/", "/pma"}),
        ("/\\.(?:git|svn)(?:$|[?/])", {"/.git", "/.git?", "/.git/", "/.svn", "/.svn?", "/.svn/"}),
        ("colou?r: red", {"color: red", "colour: red"}),
        ("<script|javascript:", {"javascript:"}),
        ("(?:alert|eval)\\(", set()),
        ("j[\\t]*avascript:", {"javascript:"}),
    ],
)
def test_literals_of_a_pattern(pattern: str, texts: set[str]) -> None:
    """What takes a character that is not ordinary needs none: that alone makes a target odd."""
    assert hints(pattern) == (texts, False)


@pytest.mark.parametrize("pattern", ["\\d+ ?= ?\\d+", ".*", "ab?"])
def test_patterns_without_literals(pattern: str) -> None:
    assert hints(pattern) is None


@pytest.mark.parametrize("char", sorted(set(map(chr, range(33, 127))) - set("-./~=&?,:@+%_")))
def test_a_character_that_is_not_ordinary_makes_a_target_odd(char: str) -> None:
    assert bool(re.search(ODD_IN_TARGET, f"/a?b={char}c", re.ASCII)) == (not char.isalnum())
    assert re.search(ODD_IN_TARGET, f"/a?b=%{ord(char):02x}c", re.ASCII)
