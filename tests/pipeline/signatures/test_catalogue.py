"""Every signature: what it says of itself is true."""

import re

import pytest

from pipeline.signatures import AREAS, FAMILIES, LEVELS, SIGNATURES, Signature, catalogue_table
from tests.pipeline.signatures.asked import found

each = pytest.mark.parametrize("signature", SIGNATURES, ids=lambda one: one.id)


@each
def test_its_examples_match(signature: Signature) -> None:
    for request, ids in zip(signature.positive, found(*signature.positive), strict=True):
        assert signature.id in ids, request


@each
def test_what_only_looks_like_it_does_not(signature: Signature) -> None:
    if signature.negative:
        for request, ids in zip(signature.negative, found(*signature.negative), strict=True):
            assert signature.id not in ids, request


@each
def test_it_says_what_it_is(signature: Signature) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", signature.id)
    assert signature.family in FAMILIES
    assert {signature.severity, signature.confidence} <= set(LEVELS)
    assert signature.techniques
    assert all(re.fullmatch(r"T\d{4}(\.\d{3})?", one) for one in signature.techniques)
    assert signature.where
    assert set(signature.where) <= set(AREAS)
    assert signature.positive
    assert signature.negative
    assert all(link.startswith("https://") for link in signature.references)


def test_no_id_is_given_twice() -> None:
    ids = catalogue_table()["id"].to_pylist()
    assert len(ids) == len(set(ids)) == len(SIGNATURES)
