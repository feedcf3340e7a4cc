"""What a text names: by its form alone, or by what --as says."""

from __future__ import annotations

import pytest

from pipeline.errors import UsageFault
from pipeline.trace.subject import KINDS, recognise

BY_FORM = [
    ("203.0.113.9", [("ip", "203.0.113.9")]),
    (" 203.0.113.9:51234 ", [("ip", "203.0.113.9")]),
    ("::ffff:203.0.113.9", [("ip", "203.0.113.9")]),
    ("2001:DB8::1", [("ip", "2001:db8::1")]),
    ("[2001:db8::1]:443", [("ip", "2001:db8::1")]),
    ("fe80::1%eth0", [("ip", "fe80::1")]),
    ("203.0.113.9/32", [("ip", "203.0.113.9")]),
    ("203.0.113.9/24", [("cidr", "203.0.113.0/24")]),
    ("2001:db8:1:2::3/48", [("cidr", "2001:db8:1::/48")]),
    ("::ffff:10.0.0.0/104", [("cidr", "10.0.0.0/8")]),
    ("0.0.0.0/0", [("cidr", "0.0.0.0/0")]),
    ("::/0", [("cidr", "::/0")]),
    ("AS64496", [("asn", "AS64496")]),
    ("as64496", [("asn", "AS64496")]),
    ("203.0.113.9@2026-03-02", [("campaign", "203.0.113.9@2026-03-02")]),
    ("alice@example.com", [("user", "alice@example.com"), ("request", "alice@example.com")]),
    ("alice", [("user", "alice"), ("request", "alice")]),
    ("b7ad6b7169203331", [(kind, "b7ad6b7169203331") for kind in ("alert", "request", "user")]),
    ("4bf92f3577b34da6a3ce929d0e0e4736", [(kind, "4bf92f3577b34da6a3ce929d0e0e4736") for kind in ("request", "user")]),
    ("01ARZ3NDEKTSV4RRFFQ69G5FAV", [(kind, "01ARZ3NDEKTSV4RRFFQ69G5FAV") for kind in ("request", "user")]),
    # what only looks like an address, a network or a system may be a name
    ("10", [("user", "10"), ("request", "10")]),
    ("v1.2.3", [("user", "v1.2.3"), ("request", "v1.2.3")]),
    ("AS4294967296", [("user", "AS4294967296"), ("request", "AS4294967296")]),
    ("ops/alice", [("user", "ops/alice"), ("request", "ops/alice")]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "subjects"), BY_FORM)
def test_a_form_says_what_a_text_may_be(text: str, subjects: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.text) for one in recognise(text)] == subjects


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("203.0.113.9", "user", "203.0.113.9"),
        ("AS64496", "request", "AS64496"),
        ("203.0.113.9@2026-03-02", "campaign", "203.0.113.9@2026-03-02"),
        ("B7AD6B7169203331", "alert", "b7ad6b7169203331"),
        ("203.0.113.0/24", "cidr", "203.0.113.0/24"),
    ],
)
def test_as_goes_before_the_form(text: str, kind: str, found: str) -> None:
    assert [(one.kind, one.text) for one in recognise(text, kind)] == [(kind, found)]


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        ("", None, "is no subject"),
        ("x" * 513, None, "is no subject"),
        ("203.0.113", None, "is no address and no CIDR"),
        ("203.0.113.999", None, "is no address and no CIDR"),
        ("10.0.0.0/33", None, "is no address and no CIDR"),
        ("10.0.0.0/", None, "is no address and no CIDR"),
        ("2001:db8::/129", None, "is no address and no CIDR"),
        ("2001:db8:::1", None, "is no address and no CIDR"),
        ("0.0.0.0", None, "is no address and no CIDR"),
        ("alice", "ip", "is no ip"),
        ("203.0.113.9/33", "cidr", "is no cidr"),
        ("64496", "asn", "is no asn"),
        ("alice", "alert", "is no alert"),
        ("alice", "campaign", "is no campaign"),
    ],
)
def test_what_is_none_is_a_fault_that_says_what_would_be(text: str, kind: str | None, fault: str) -> None:
    with pytest.raises(UsageFault, match=fault) as caught:
        recognise(text, kind)
    assert caught.value.next_step


def test_every_kind_says_what_it_is() -> None:
    assert list(KINDS) == ["ip", "cidr", "asn", "request", "user", "alert", "campaign"]
    assert all(meaning.endswith(".") for meaning in KINDS.values())
