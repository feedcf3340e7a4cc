"""Policies: built once and validated there."""

import pytest

from echo.clientip import ConfigFault, make_policy
from echo.clientip.strategies import LIST_HEADERS


def test_without_ranges_nobody_is_trusted():
    policy = make_policy()
    assert policy.strategy == "remote-addr"
    assert not policy.trusted


def test_with_ranges_the_rightmost_untrusted_hop_is_the_client():
    assert make_policy(trusted=["10.0.0.0/8"]).strategy == "rightmost-untrusted:x-forwarded-for"


@pytest.mark.parametrize("header", LIST_HEADERS)
def test_a_header_is_named_in_any_case(header):
    policies = [make_policy("rightmost-untrusted", spelled) for spelled in (header, header.title(), header.upper())]
    assert {policy.header for policy in policies} == {header}
    assert len({policy.id for policy in policies}) == 1


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"strategy": "leftmost"}, r"strategy 'leftmost' is unknown; use one of remote-addr, rightmost-untrusted"),
        ({"strategy": ""}, "strategy '' is unknown"),
        ({"strategy": "Remote-Addr"}, "strategy 'Remote-Addr' is unknown"),
        ({"header": "X-Real-IP", "trusted": ["::1"]}, "header 'x-real-ip' is not a list of hops"),
        ({"header": "", "trusted": ["::1"]}, "'' is no header name"),
        ({"trusted": ["10.0.0.0/8", "10.0.0.0/99"]}, "'10.0.0.0/99' has no prefix length"),
    ],
)
def test_a_wrong_policy_is_refused_when_built(wrong, complaint):
    with pytest.raises(ConfigFault, match=complaint):
        make_policy(**wrong)


# --- the id that every row carries of the policy that resolved it -----------------------------------------------------


def test_equal_policies_have_equal_ids():
    first = make_policy(trusted=["10.0.0.0/8", "192.168.0.0/16"])
    again = make_policy("rightmost-untrusted", "X-FORWARDED-FOR", ["192.168.0.0/16", "10.1.2.3/8", "10.0.0.0/9"])
    assert first.id == again.id
    assert len(first.id) == 12


def test_different_policies_have_different_ids():
    policies = [
        make_policy(),
        make_policy("rightmost-untrusted"),
        make_policy("remote-addr", trusted=["10.0.0.0/8"]),
        make_policy(trusted=["10.0.0.0/8"]),
        make_policy(trusted=["10.0.0.0/9"]),
        make_policy(trusted=["10.0.0.0/8", "::1"]),
    ]
    assert len({policy.id for policy in policies}) == len(policies)


def test_an_id_stays_the_same_from_release_to_release():
    """Lakes hold it: if this changes, re-resolve takes old rows for another policy's."""
    assert make_policy(trusted=["10.0.0.0/8", "2001:db8::/32"]).id == "326814d1f15c"


@pytest.mark.parametrize("assignment", ["strategy", "header", "trusted"])
def test_a_policy_does_not_change(assignment):
    with pytest.raises(AttributeError):
        setattr(make_policy(), assignment, "other")
