"""Paths, statuses and what all requests share."""

import pytest

from echo.answer import phrase
from echo.clientip import parse_config
from echo.routes import App, clean_path


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        (b"/", b"/"),
        (b"/a/b/", b"/a/b/"),
        (b"//", b"/"),
        (b"///a", b"/a"),
        (b"/a/./b", b"/a/b"),
        (b"/a/../..", b"/"),
        (b"/a//", b"/a/"),
        (b"/.well-known/x", b"/.well-known/x"),
        (b"/a/..b", b"/a/..b"),
        (b"", b"/"),
    ],
)
def test_clean_path(path, clean):
    """Paths are cleaned as Go's mux cleans them."""
    assert clean_path(path) == clean


def test_phrases():
    """Statuses have Go's words."""
    assert [phrase(status) for status in (200, 418, 413, 799)] == [
        "OK",
        "I'm a teapot",
        "Request Entity Too Large",
        "status code 799",
    ]


def test_health_starts_well():
    """The health status is 200 until it is set."""
    assert App(parse_config("", "")).health.status == 200
