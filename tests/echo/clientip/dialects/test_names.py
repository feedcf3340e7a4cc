"""What stands after --as."""

import pytest

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS
from echo.clientip.dialects.names import MAX_NAMES_CHARS, parse_names

ASKED = {
    "envoy-cidrs": ["envoy-cidrs"],
    "nginx": ["nginx-recursive-off:{header}", "nginx-recursive-on:{header}"],
    "uvicorn, gin": ["uvicorn", "gin:{header},X-Real-IP"],
    "envoy-hops:2:internal": ["envoy-hops:2:internal"],
    "caddy-leftmost:X-A,X-B,rack-ip": ["caddy-leftmost:X-A,X-B", "rack-ip"],
    "uvicorn,uvicorn": ["uvicorn"],
}
WRONG = {
    "": "'' is no dialect",
    "nginy": "'nginy' is no dialect",
    "nginx:X-Real-IP": "'nginx:X-Real-IP' is no dialect",
    "uvicorn,,gin": "'' is no dialect",
    "\x1b[2J": r"'\x1b[2J' is no dialect",
    "x" * (MAX_NAMES_CHARS + 1): f"more than {MAX_NAMES_CHARS} characters",
    ",".join(f"traefik-depth:{number}" for number in range(1, 100)): "more than 64 dialects",
}


@pytest.mark.parametrize(("text", "expected"), ASKED.items())
def test_names(text, expected):
    assert [str(spoken) for spoken in parse_names(text, DIALECTS)] == expected


def test_all_is_every_dialect():
    assert [spoken.dialect.name for spoken in parse_names("all", DIALECTS)] == list(DIALECTS)


@pytest.mark.parametrize(("text", "complaint"), WRONG.items(), ids=lambda value: ascii(value)[:30])
def test_an_unknown_name_is_answered_with_the_known_ones(text, complaint):
    with pytest.raises(ConfigFault) as caught:
        parse_names(text, DIALECTS)
    assert complaint in str(caught.value)
    assert str(caught.value).isprintable()
