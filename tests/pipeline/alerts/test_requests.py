"""What is sent: CloudEvents, signatures, Alertmanager's alerts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alerts.document import as_document
from pipeline.alerts.requests import alertmanager, signature, webhook
from pipeline.alerts.sending import AGAIN, REFUSED, SENT, judge, retry_after
from pipeline.alerts.settings import ALERTMANAGER, BINARY, WEBHOOK, Sink
from tests.pipeline.alerts.test_document import FULL

NOW = datetime(2026, 1, 1, 13, 0, 0, 500_000, tzinfo=UTC)
SECRET = b"0123456789abcdef0123456789abcdef"
HOOK = Sink(WEBHOOK, "hook", "https://hooks.example.org/w", secrets=(SECRET,))
MANAGER = Sink(ALERTMANAGER, "am", "http://127.0.0.1:9093", link="https://whofrom.example.org/alert/{id}")


def test_a_webhook_is_a_cloud_event() -> None:
    request = webhook(FULL, HOOK, NOW)
    assert request.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert orjson.loads(request.body) == {
        "specversion": "1.0",
        "id": FULL.fingerprint,
        "source": "/whofrom",
        "type": "whofrom.alert.attacks.sqli",
        "subject": "ip/203.0.113.9",
        "time": "2026-01-01T12:00:01.500000Z",
        "datacontenttype": "application/json",
        "data": as_document(FULL),
    }


def test_in_binary_mode_the_rest_is_in_headers() -> None:
    request = webhook(replace(FULL, subject='a "b" %é\n'), HOOK._replace(mode=BINARY), NOW)
    assert request.headers["content-type"] == "application/json"
    assert request.headers["ce-id"] == request.headers["webhook-id"]
    # CloudEvents' HTTP binding, 3.1.3.2: blank, double quote, percent and what is not ASCII are percent-encoded
    assert request.headers["ce-subject"] == "ip/a%20%22b%22%20%25%C3%A9\\n"
    assert orjson.loads(request.body)["rule"] == "sqli"


def test_the_signature_is_of_standard_webhooks() -> None:
    """Over `id.timestamp.body`, in base64 behind `v1,`, worked out here a second time."""
    request = webhook(FULL, HOOK, NOW)
    assert request.headers["webhook-id"] == FULL.fingerprint
    assert request.headers["webhook-timestamp"] == "1767272400"
    content = b".".join((FULL.fingerprint.encode(), b"1767272400", request.body))
    version, _, text = request.headers["webhook-signature"].partition(",")
    assert version == "v1"
    assert base64.b64decode(text) == hmac.new(SECRET, content, hashlib.sha256).digest()


def test_the_signature_of_the_published_example() -> None:
    """The vector of the reference library (standard-webhooks, libraries/python/tests/test_webhooks.py)."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    made = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body, key)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_of_several_keys_signs() -> None:
    two = webhook(FULL, HOOK._replace(secrets=(SECRET, b"x" * 24)), NOW).headers["webhook-signature"].split(" ")
    assert two[0] == webhook(FULL, HOOK, NOW).headers["webhook-signature"]
    assert len(set(two)) == 2


def test_without_a_key_nothing_is_signed_and_a_token_goes_along() -> None:
    headers = webhook(FULL, HOOK._replace(secrets=(), token="t0ken"), NOW).headers
    assert "webhook-signature" not in headers
    assert headers["authorization"] == "Bearer t0ken"


def test_what_alertmanager_gets() -> None:
    request = alertmanager(FULL, MANAGER, NOW)
    assert request.url == "http://127.0.0.1:9093/api/v2/alerts"
    assert alertmanager(FULL, MANAGER._replace(url=request.url), NOW).url == request.url
    (one,) = orjson.loads(request.body)
    assert one["labels"] == {
        "alertname": "whofrom_sqli", "severity": "high", "question": "attacks", "rule": "sqli", "subject_kind": "ip",
        "subject": "203.0.113.9", "day": "2026-01-01", "id": FULL.fingerprint,
    }  # fmt: skip
    assert one["annotations"]["summary"] == FULL.title
    assert one["annotations"]["description"] == "12 requests\na tool"
    assert (one["startsAt"], one["endsAt"]) == ("2026-01-01T12:00:00Z", "2026-01-01T14:00:00.500000Z")
    assert one["generatorURL"] == f"https://whofrom.example.org/alert/{FULL.fingerprint}"


def test_what_is_known_later_is_the_same_alert_to_alertmanager() -> None:
    later = replace(FULL, requests=99, title="more", ended=NOW, evidence=("more",))
    labels = [orjson.loads(alertmanager(one, MANAGER, NOW).body)[0]["labels"] for one in (FULL, later)]
    assert labels[0] == labels[1]


@given(st.text(max_size=400), st.sampled_from(["ip", "user"]))
@settings(deadline=None)
def test_texts_of_attackers_are_bounded_and_obeyed_by_nobody(text: str, kind: str) -> None:
    odd = replace(FULL, subject=text, subject_kind=kind, title=text, evidence=(text, text), rule=text)
    (one,) = orjson.loads(alertmanager(odd, MANAGER, NOW).body)
    for value in one["labels"].values():
        assert value.isprintable()
        assert 0 < len(value) <= 220
    assert all(line.isprintable() for value in one["annotations"].values() for line in value.split("\n"))
    headers = webhook(odd, HOOK._replace(mode=BINARY), NOW).headers
    assert all(re.fullmatch("[\x21-\x7e]+( [\x21-\x7e]+)*", value) for value in headers.values())


@pytest.mark.parametrize(
    ("status", "headers", "what", "after"),
    [
        (200, {}, SENT, 0), (202, {}, SENT, 0), (204, {}, SENT, 0),
        (400, {}, REFUSED, 0), (401, {}, REFUSED, 0), (404, {}, REFUSED, 0), (410, {}, REFUSED, 0),
        (408, {}, AGAIN, 0), (429, {"Retry-After": "7"}, AGAIN, 7), (500, {}, AGAIN, 0),
        (503, {"Retry-After": "Thu, 01 Jan 2026 13:01:00 GMT"}, AGAIN, 59.5),
        (301, {"Location": "https://evil.example/"}, REFUSED, 0), (307, {"Location": "/other"}, REFUSED, 0),
    ],
)  # fmt: skip
def test_what_an_answer_means(status: int, headers: dict[str, str], what: str, after: float) -> None:
    tried = judge(status, headers, b"why \x1b[2J" + b"x" * 300, NOW)
    assert (tried.what, tried.after) == (what, after)
    assert tried.words.isprintable()
    assert len(tried.words) < 200


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), ("5", 5), (" 5 ", 5), ("-5", 0), ("99999999999999", 3600), ("soon", 0), ("\u0665", 0), ("5.5", 0),
     ("Thu, 01 Jan 2020 00:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600)],
)  # fmt: skip
def test_retry_after(text: str, seconds: float) -> None:
    assert retry_after(text, NOW) == seconds


def test_the_time_of_a_try_is_in_its_signature() -> None:
    one, other = (webhook(FULL, HOOK, NOW + timedelta(seconds=wait)).headers for wait in (0, 1))
    assert one["webhook-id"] == other["webhook-id"]
    assert one["webhook-signature"] != other["webhook-signature"]


def test_a_document_with_odd_figures_goes_out() -> None:
    details: dict[str, Any] = {"nan": float("nan"), "when": NOW, "set": {1}}
    assert orjson.loads(webhook(replace(FULL, details=details), HOOK, NOW).body)["data"]["details"]["nan"] is None
