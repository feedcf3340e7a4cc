"""Settings: what their texts may be, and who sets them."""

import pytest
from click.testing import CliRunner

from echo.cli import serve
from echo.settings import SETTINGS


def values(*flags: str) -> dict:
    """Return the values that flags set."""
    return serve.make_context("serve", list(flags)).params


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--drain=1m30s", 90.0),
        ("--drain=0s", 0.0),
        ("--drain=2", 2.0),
        ("--drain=1.5", 1.5),
        ("--log-buffer=64k", 65536),
        ("--max-connections=12", 12),
        ("--log-full=drop", "drop"),
    ],
)
def test_values(flag, value):
    """Times are in seconds, sizes in bytes."""
    name = flag.removeprefix("--").partition("=")[0].replace("-", "_")
    assert values(flag)[name] == value


@pytest.mark.parametrize(
    ("flag", "words"),
    [
        ("--drain=5x", "'5x' is no time; write 30s, 1m30s, 250ms, or a number of seconds"),
        ("--drain=-5s", "'-5s' is no time"),
        ("--log-buffer=much", "'much' is no size; write 4096, 64k or 1MiB"),
        ("--workers=-1", "'-1' is no number up to 1,000,000"),
        ("--workers=10000000", "is no number up to 1,000,000"),
        ("--log-full=lose", "'lose' is not one of 'block', 'drop'"),
    ],
)
def test_what_is_none_is_refused_in_words(flag, words):
    """The flag, the fault and the next step."""
    result = CliRunner().invoke(serve, [flag])
    assert result.exit_code == 2
    assert flag.partition("=")[0] in result.output
    assert words in result.output


def test_port_of_the_platform(monkeypatch):
    """PORT says the port where WHOAMI_PORT_NUMBER does not; the flag goes before both."""
    monkeypatch.setenv("PORT", "2001")
    assert values()["port"] == "2001"
    monkeypatch.setenv("WHOAMI_PORT_NUMBER", "2002")
    assert values()["port"] == "2002"
    assert values("-port", "2003")["port"] == "2003"


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.origin == "whofrom"], ids=lambda one: one.name)
def test_ours_have_a_variable(setting, monkeypatch):
    """Each setting of ours is WHOFROM_ and its name in the environment."""
    text = {
        "switch": "true",
        "duration": "7s",
        "size": "7k",
        "count": "7",
        "block": "drop",
        "proxy-protocol": "off",
    }.get(setting.kind, "seven")
    monkeypatch.setenv(f"WHOFROM_{setting.name.upper().replace('-', '_')}", text)
    value = values()[setting.name.replace("-", "_")]
    assert value in (True, 7.0, 7168, 7, "drop", "off", "seven", ("seven",))


def test_help_is_in_groups():
    """--help lists the flags under headings."""
    output = CliRunner().invoke(serve, ["--help"]).output
    for group in ("Listening:", "Serving:", "The log:", "Limits and timeouts:"):
        assert group in output
