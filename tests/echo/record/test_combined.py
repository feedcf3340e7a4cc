"""One line of a combined log; `tests/pipeline/sources/test_combined.py` holds it to what a batch makes of the line."""

import contextlib
import time

import pytest

from echo.record.combined import Unread, is_hop_list, scan

TIME = "[17/May/2015:10:05:03 +0000]"
GOOD = f'8.8.8.8 - frank {TIME} "GET /a HTTP/1.1" 200 5 "-" "curl" "1.1.1.1, unknown"'
MAX_SECONDS = 1.0  # for the longest line that anybody hands over; a quadratic pattern takes minutes


def test_a_line():
    line = scan(GOOD)
    assert (line.peer, line.user, line.status, line.time) == ("8.8.8.8", "frank", 200, 1431857103.0)
    assert (line.method, line.target, line.protocol) == ("GET", "/a", "HTTP/1.1")
    assert (line.referer, line.agent, line.forwarded) == ("", "curl", "1.1.1.1, unknown")


def test_a_list_in_the_first_column():
    line = scan(f'1.1.1.1, 8.8.8.8 - - {TIME} "GET / HTTP/1.1" 200 5')
    assert (line.peer, line.forwarded) == ("", "1.1.1.1, 8.8.8.8")


def test_a_list_in_front_of_the_peer():
    line = scan(f'"1.1.1.1, 8.8.8.8" 10.0.0.1 - - {TIME} "GET / HTTP/1.1" 200 5')
    assert (line.peer, line.forwarded) == ("10.0.0.1", "1.1.1.1, 8.8.8.8")


@pytest.mark.parametrize(
    ("text", "is_list"),
    [
        ("1.1.1.1", True),
        ("x, ::1", True),
        ("3.20", False),
        ("10:05:03", False),
        ("www.example.com", False),
        ("", False),
    ],
)
def test_a_list_of_hops(text, is_list):
    assert is_hop_list(text) == is_list


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        '"',
        "\\",
        '\\"',
        " ",
        "1.1.1.1,",
        ":",
        '" 200 5 "',
        '" "',
        f" {TIME} ",
        " - ",
        "GET ",
        "/Jan/2015:1",
        "1::",
        "a, ",
        "a - ",
        " -",
    ],
)
@pytest.mark.parametrize(
    "start",
    [
        "",
        f"8.8.8.8 - {TIME} ",
        f'8.8.8.8 - - {TIME} "',
        GOOD,
        f'{GOOD[:-1]}, "',
        "1.1.1.1, ",
        "a b ",
        '"a" ',
        f"{GOOD} x",
    ],
)
def test_time_is_linear_whatever_a_line_holds(start, unit):
    text = (start + unit * (65536 // len(unit)))[:65536]
    begun = time.thread_time()
    for ending in ("", "x"):
        with contextlib.suppress(Unread):
            scan(text + ending)
    assert time.thread_time() - begun < MAX_SECONDS
