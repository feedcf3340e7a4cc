"""The set of addresses that workers share."""

import os

from hypothesis import given
from hypothesis import strategies as st

from echo.explain.shared import PROBES, SLOTS, SharedAddresses

ADDRESSES = st.binary(min_size=16, max_size=16).filter(any)


@given(st.lists(ADDRESSES, max_size=200), ADDRESSES)
def test_a_set(added, asked):
    """It holds what was added, and nothing else; few are as many as a cluster has nodes."""
    shared = SharedAddresses(600.0)
    for packed in added:
        shared.add(packed)
    assert (asked in shared) == (asked in added)
    assert all(packed in shared for packed in added)


def test_a_full_table_remembers_no_more_and_forgets_nothing():
    shared = SharedAddresses(600.0)
    added = [number.to_bytes(16) for number in range(1, SLOTS * 2)]
    for packed in added:
        shared.add(packed)
    known = sum(packed in shared for packed in added)
    assert SLOTS - PROBES <= known <= SLOTS
    assert added[0] in shared


def test_it_forgets_after_a_while_and_has_room_again():
    now = 1000.0
    shared = SharedAddresses(10.0, clock=lambda: now)
    for number in range(1, SLOTS * 2):
        shared.add(number.to_bytes(16))
    now += 5
    shared.add((1).to_bytes(16))
    now += 6
    assert (1).to_bytes(16) in shared
    assert (2).to_bytes(16) not in shared
    late = (10**9).to_bytes(16)
    shared.add(late)
    assert late in shared


def test_what_one_process_adds_the_others_know():
    shared = SharedAddresses(600.0)
    child = os.fork()
    if not child:
        shared.add(b"\1" * 16)
        os._exit(0)
    os.waitpid(child, 0)
    assert b"\1" * 16 in shared
    assert b"\2" * 16 not in shared
