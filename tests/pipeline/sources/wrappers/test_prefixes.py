"""What a client puts in front of containers' lines is taken off, any format behind it."""

from __future__ import annotations

import pytest

from pipeline.sources import named, sniff
from pipeline.sources.wrappers import unwrapped, wrappers_of
from pipeline.sources.wrappers.prefixes import COMPOSE, KUBECTL
from tests.pipeline.sources.writers import WRITERS, Request


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("prefix", ["[pod/ingress-5f8-x2/controller] ", "proxy-1     | "])
def test_any_log_is_read_behind_a_prefix(name: str, prefix: str) -> None:
    line = WRITERS[name].write(Request()).encode()
    wrapper = wrappers_of([prefix.encode() + line])[0]
    assert wrapper is (KUBECTL if prefix.startswith("[") else COMPOSE)
    assert unwrapped([prefix.encode() + line], wrapper) == [line]


@pytest.mark.parametrize("name", WRITERS)
def test_no_log_is_taken_for_a_prefixed_one(name: str) -> None:
    line = WRITERS[name].write(Request()).encode()
    assert [one.name for one in wrappers_of([line]) if one in (KUBECTL, COMPOSE)] == []
    assert "$" in WRITERS[name].form or sniff([line]) is not None or named(WRITERS[name].form).takes([line])
