"""The fuzz targets on seeds and on what hypothesis makes; atheris runs them for longer."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import make_policy
from echo.wire import parse_head
from tests.fuzz.__main__ import TARGETS, watched

SEEDS = [
    b"",
    b"\0",
    b",",
    b"," * 10_000,
    b"203.0.113.7, 10.0.0.2",
    b"[2001:db8::1%eth0]:80,::ffff:10.0.0.1",
    b'for="[2001:db8::1]:4711";proto=https, for=_hidden',
    b'for="' + b'\\"' * 5_000,
    b'for="1.2.3.4, for=203.0.113.7',
    b"\xff\xfe\xfd",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET",
    b"TCP6 ::1 ::2 1 2\r\n",
    b"UNKNOWN" + b" " * 200,
    bytes.fromhex("0d0a0d0a000d0a515549540a 2111000c c0000201 c0000202 007b 162e"),
    bytes.fromhex("0d0a0d0a000d0a515549540a 2111ffff"),
    bytes.fromhex("7f0000017f000001002a0539 2000 07 01 00000000 21 0001"),
    b"x" * 100_000,
    b"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
    b"GET /a?b HTTP/1.1\r\nHost: h\r\nX: a\r\nContent-Length: 0\r\n\r\n",
    b"X: a\r\nTransfer-Encoding: chunked",
    b" \r\n",
]


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: repr(seed[:16]))
def test_seed(name, seed):
    TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary() | st.text(alphabet='for=by;,"[]:%\\ \t\r\n0123456789abcdef._').map(str.encode))
def test_anything(name, data):
    TARGETS[name](data)


def test_what_is_tested_leads_the_search_and_what_tests_it_does_not():
    gc.unfreeze()  # the tests set aside what they have loaded
    loaded = set(watched())
    gc.freeze()
    assert {make_policy, parse_head, TARGETS["lane"]} <= loaded
    assert not loaded & {pytest.raises, given}
