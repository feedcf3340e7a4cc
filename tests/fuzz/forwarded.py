"""Fuzz the readings of Forwarded."""

import contextlib

from echo.clientip.forwarded import ForwardedError, parse_element, parse_field, parse_node
from echo.clientip.forwarded.readers import aiohttp, forwarded_parse, haproxy_valid


def check(data: bytes) -> None:
    """Only ForwardedError is raised; what the strict reading takes, written out plainly, it takes again."""
    text = data.decode("latin-1")
    parse_element(text)
    parse_node(text)
    aiohttp([text])
    haproxy_valid(text)
    with contextlib.suppress(ForwardedError):
        forwarded_parse([text])
    try:
        elements = parse_field(text)
    except ForwardedError as error:
        assert 0 <= error.position <= len(text)
        assert str(error).isprintable()
        return
    assert parse_field(", ".join(map(written, elements))) == elements


def written(element: dict[str, str]) -> str:
    """Return an element with every value quoted."""
    quoted = ((name, value.replace("\\", "\\\\").replace('"', '\\"')) for name, value in element.items())
    return ";".join(f'{name}="{value}"' for name, value in quoted)
