"""[alerts] of the TOML: sinks, silences, and what is said of what is wrong."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from echo.clientip import ConfigFault
from pipeline.alerts import Alert
from pipeline.alerts.settings import (
    KEYS_OF_KIND,
    KINDS,
    NDJSON,
    PRINTED,
    TO_KEYS,
    WEBHOOK,
    AlertSettings,
    parse_alerts,
)
from pipeline.alerts.silences import Silence, Silencing
from tests.pipeline.alerts.test_alert import ALERT

ENVIRONMENT = {
    "SECRET": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "TWO": "an-old-key-of-26-letters-x a-new-key-of-26-letters-xx",
    "SHORT": "hunter2",
    "TOKEN": "t0ken",
    "BAD": "to\nken",
    "URL": "https://hooks.example.org/T0/B0/secret",
}
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def parsed(text: str, *to: str) -> AlertSettings:
    return parse_alerts(tomllib.loads(text), "w.toml", to, ENVIRONMENT)


def test_nothing_said_is_nothing_silenced_and_no_sink() -> None:
    settings = parsed("")
    assert settings.sinks == ()
    assert [one.silenced for one in settings.silencing.judge([ALERT], NOW)] == [""]


def test_sinks_of_the_toml_and_of_flags() -> None:
    settings = parsed(
        """
        [[alerts.to]]
        kind = "webhook"
        url_env = "URL"
        secret_env = "SECRET"
        severity = "high"
        timeout = "3s"
        mode = "binary"
        [[alerts.to]]
        kind = "alertmanager"
        name = "am-2"
        url = "http://127.0.0.1:9093/"
        token_env = "TOKEN"
        firing = "2h"
        """,
        "ndjson=alerts.ndjson",
    )
    hook, manager, file = settings.sinks
    assert (hook.kind, hook.name, hook.url, hook.minimum, hook.timeout) == (
        WEBHOOK,
        WEBHOOK,
        ENVIRONMENT["URL"],
        "high",
        3,
    )
    assert hook.secrets == (b"0123456789abcdef0123456789abcdef",)
    assert hook.shown == "https://hooks.example.org", "the rest of a URL may be a secret"
    assert (manager.name, manager.token, manager.firing) == ("am-2", "t0ken", 7200)
    assert (file.kind, file.url) == (NDJSON, "alerts.ndjson")
    assert [sink.wants("medium") for sink in settings.sinks] == [False, True, True]


def test_two_keys_sign_during_a_change() -> None:
    (hook,) = parsed('[[alerts.to]]\nkind="webhook"\nurl="https://h/"\nsecret_env="TWO"').sinks
    assert hook.secrets == (b"an-old-key-of-26-letters-x", b"a-new-key-of-26-letters-xx")


def test_standard_output_is_a_file_called_dash() -> None:
    assert parsed("", "ndjson=-").sinks == (PRINTED,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("alerts = 1", "must be a table"),
        ("[alerts]\noff = 1", "[alerts] off"),
        ("[alerts]\nof = []", "did you mean off?"),
        ('[alerts]\nseverity = "urgent"', "must be one of high, medium, low, info"),
        ('[alerts]\nseverities = {sqli = "urgent"}', "[alerts] severities"),
        ('[alerts]\noff = ["crawl"]', "[alerts] off: 'crawl' is no rule; do you mean crawling?"),
        ('[alerts]\nseverities = {impossible-travel = "low"}', "do you mean impossible_travel?"),
        ('[[alerts.silence]]\nreason = "x"\nrule = "qqqq"', "'qqqq' is no rule; docs/reference/"),
        ('[alerts]\nfast = "5"', "fast must be a time"),
        ('[alerts]\nfast = "0s"', "fast must be a time"),
        ("[alerts]\nto = 1", "must be tables"),
        ('[[alerts.to]]\nkind = "mail"', "kind must be one of ndjson, webhook, alertmanager"),
        ('[[alerts.to]]\nkind = "webhook"', "give url, or url_env"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "ftp://h/"', "is no URL"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h:99999/"', "is no URL"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://u:p@h/"', "holds a password"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\nsecret = "x"', "did you mean secret_env?"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\nsecret_env = "NONE"', "the environment has no 'NONE'"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\nsecret_env = "SHORT"', "shorter than 16 bytes"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\ntoken_env = "BAD"', "holds what no header can"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\nfiring = "1h"', "firing is not for webhook"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\ntimeout = "1h"', "timeout must be a time of at most 60"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\nname = "../x"', "is no name"),
        ('[[alerts.to]]\nkind = "webhook"\nurl = "https://h/"\nname = "stdout"', "what printing is called"),
        ('[[alerts.to]]\nkind = "ndjson"\nurl = "a"\n[[alerts.to]]\nkind = "ndjson"\nurl = "b"', "two sinks are"),
        ('[[alerts.silence]]\nrule = "sqli"', "has no reason"),
        ('[[alerts.silence]]\nreason = "all"', "would silence everything"),
        ('[[alerts.silence]]\nreason = "x"\nrule = "sqli"\nuntil = "soon"', "until is no time"),
        ('[[alerts.silence]]\nreason = "x"\nrule = "sqli"\nuntil = 12', "until is no time"),
        ('[[alerts.silence]]\nreason = "x"\nseverity = "urgent"', "severity must be one of"),
        ('[[alerts.silence]]\nreason = "x"\nrules = "sqli"', "did you mean rule?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        parsed(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("w.toml [")
    assert "hunter2" not in str(caught.value)


def test_every_key_is_for_some_kind() -> None:
    assert set(KEYS_OF_KIND) == set(KINDS)
    assert set.union(*KEYS_OF_KIND.values()) == set(TO_KEYS)


def about(kind: str, subject: str, **more: object) -> Alert:
    return replace(ALERT, subject_kind=kind, subject=subject, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("silence", "alert", "covers"),
    [
        ({"rule": "sqli"}, ALERT, True),
        ({"rule": "xss"}, ALERT, False),
        ({"severity": "high"}, ALERT, True),
        ({"severity": "low"}, ALERT, False),
        ({"subject": "203.0.113.9"}, ALERT, True),
        ({"subject": "203.0.113.0/24"}, ALERT, True),
        ({"subject": "203.0.113.7/24"}, ALERT, True),
        ({"subject": "203.0.112.0/24"}, ALERT, False),
        ({"subject": "203.0.113.0/24"}, about("prefix", "203.0.113.128/25"), True),
        ({"subject": "203.0.113.128/25"}, about("prefix", "203.0.113.0/24"), False),
        ({"subject": "2001:db8::/32"}, about("ip", "2001:db8::1"), True),
        ({"subject": "0.0.0.0/0"}, about("ip", "2001:db8::1"), False),
        ({"subject": "203.0.113.0/24"}, about("campaign", "c", sources=("203.0.113.1", "203.0.113.2")), True),
        ({"subject": "203.0.113.0/24"}, about("campaign", "c", sources=("203.0.113.1", "8.8.8.8")), False),
        ({"subject": "203.0.113.0/24"}, about("campaign", "c"), False),
        ({"subject": "AS64496"}, about("asn", "AS64496"), True),
        ({"user": "alice"}, about("user", "alice"), True),
        ({"user": "alice"}, about("ip", "203.0.113.9", details={"user": "alice"}), True),
        ({"user": "alice"}, about("ip", "alice"), False),
        ({"country": "de"}, about("country", "DE"), True),
        ({"country": "DE"}, about("ip", "203.0.113.9", details={"country": "DE"}), True),
        ({"country": "DE"}, ALERT, False),
        ({"rule": "sqli", "subject": "203.0.113.10"}, ALERT, False),  # all of its matchers
    ],
)
def test_what_a_silence_covers(silence: dict[str, str], alert: Alert, covers: bool) -> None:
    assert Silence("why", **silence).covers(alert) is covers  # type: ignore[arg-type]


def test_a_silence_ends_and_is_said_to_have() -> None:
    settings = parsed('[[alerts.silence]]\nrule = "sqli"\nreason = "pentest"\nuntil = 2026-06-01')
    before, after = NOW - timedelta(seconds=1), NOW
    assert settings.silencing.judge([ALERT], before)[0].silenced == "pentest"
    assert settings.silencing.judge([ALERT], after)[0].silenced == ""
    assert settings.silencing.over(before) == []
    assert [one.reason for one in settings.silencing.over(after)] == ["pentest"]


def test_rules_are_off_or_worth_less_or_too_small() -> None:
    silencing = Silencing(frozenset({"crawling"}), "medium", {"sqli": "low", "xss": "high"})
    given = [replace(ALERT, rule=rule, severity="medium") for rule in ("crawling", "sqli", "xss", "rce")]
    judged = silencing.judge(given, NOW)
    assert [one.silenced for one in judged] == ["its rule is off", "below medium", "", ""]
    assert [one.alert.severity for one in judged] == ["medium", "low", "high", "medium"]
    assert [one.alert.fingerprint for one in judged] == [one.fingerprint for one in given]


def test_what_came_through_a_proxy_stays_information() -> None:
    inside = replace(ALERT, severity="info", details={"inside": "private"})
    assert Silencing(severities={"sqli": "high"}).judge([inside], NOW)[0].alert.severity == "info"
