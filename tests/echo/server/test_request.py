"""What is kept of a request: names and ends of a socket as Go spells them."""

import pytest

from echo.request import MAX_CACHED_CHARS, canonical, endpoint, says_close


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"x-AMZ-id", b"X-Amz-Id"),
        (b"HOST", b"Host"),
        (b"x-", b"X-"),
        (b"a b", b"a b"),
        (b"x-" * MAX_CACHED_CHARS, b"X-" * MAX_CACHED_CHARS),
    ],
)
def test_canonical(name, expected):
    """Names are spelled as Go's header map spells them, whatever their length."""
    assert canonical(name) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"close", True), (b"keep-alive, CLOSE", True), (b"closed", False), (b"", False), (b"x-close", False)],
)
def test_says_close(value, expected):
    """`close` counts as a token of its own."""
    assert says_close(value) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (("192.0.2.1", 80), ("192.0.2.1", 80, b"192.0.2.1:80")),
        (("::ffff:192.0.2.1", 80, 0, 0), ("192.0.2.1", 80, b"192.0.2.1:80")),
        (("2001:db8:0::1", 80, 0, 0), ("2001:db8::1", 80, b"[2001:db8::1]:80")),
        (("fe80::1", 80, 0, 1), ("fe80::1%lo", 80, b"[fe80::1%lo]:80")),
        ("", (None, None, b"")),
        (None, (None, None, b"")),
    ],
)
def test_endpoints(name, expected):
    """The ends of a socket are spelled as Go spells them."""
    assert endpoint(name) == expected
