"""Which form of /explain a request gets."""

import time

import pytest

from echo.explain.form import accepted, form_of
from echo.request import Connection
from echo.wire import parse_head

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        # real clients
        ("", "text"),
        ("*/*", "text"),  # curl, wget, Go, Python's requests
        (CHROME, "html"),
        (FIREFOX, "html"),
        ("application/json, text/plain, */*", "json"),  # axios
        ("application/json", "json"),
        ("application/json, */*;q=0.5", "json"),  # HTTPie
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", "html"),  # Java
        # weights
        ("text/html;q=0.5, application/json", "json"),
        ("text/html, application/json;q=0.9", "html"),
        ("application/JSON ; Q=0.5 , text/html;q=0.4", "json"),
        ("text/html;q=0, */*", "text"),
        ("text/*;q=0.1, application/json;q=0", "text"),
        ("*/*;q=0.1, text/html;q=0.2", "html"),
        # equal weights: the narrower range, then what is written first, then text
        ("*/*, application/json", "json"),
        ("text/*, text/html", "html"),
        ("text/html, application/json", "html"),
        ("application/json, text/html", "json"),
        ("text/plain, text/html", "text"),
        ("text/*", "text"),
        ("application/*", "json"),
        ("text/html;level=1", "html"),
        # nothing that there is, or nothing that can be read
        ("image/png", "text"),
        ("text/html;q=0", "text"),
        ("text/html;q=2", "text"),
        ("text/html;q=", "text"),
        (",;,=", "text"),
        ("\x00\xff;q=1", "text"),
    ],
)
def test_accept(accept, form):
    """Weights count, then narrowness, then order."""
    assert accepted(accept.encode("latin-1")) == form


@pytest.mark.parametrize(
    ("target", "fields", "form"),
    [
        ("/explain", [], "text"),
        ("/explain", [f"Accept: {CHROME}"], "html"),
        ("/explain", ["accept: text/plain;q=0.5", "ACCEPT: text/html"], "html"),
        ("/explain?format=html", [], "html"),
        ("/explain?format=json", [f"Accept: {CHROME}"], "json"),
        ("/explain?a&format=text", ["Accept: application/json"], "text"),
        ("/explain?%66ormat=%68tml", [], "html"),
        ("/explain?format=html&format=json", [], "html"),
        ("/explain?format=", ["Accept: application/json"], "json"),
        ("/explain?format=xml", ["Accept: text/html"], "text"),
        ("/explain?format=HTML", [], "text"),
    ],
)
def test_the_query_goes_first(target, fields, form):
    """The query chooses the form, else the Accept headers do."""
    head = "\r\n".join([f"GET {target} HTTP/1.1", "Host: h", *fields, "", ""])
    request = parse_head(head.encode(), Connection("c", None, None, None, None, b""), 1)
    assert form_of(request) == form


@pytest.mark.parametrize("part", [b"a/b;q=0.5,", b";" * 7 + b",", b"q=" * 8 + b",", b",", b"*/*;q=1;"])
def test_a_long_header_is_read_in_no_time(part):
    """Nobody spends our time on a header."""
    start = time.thread_time()
    accepted(part * (1 << 17))
    assert time.thread_time() - start < 1
