"""
What is sent of an alert over HTTP: pure functions from an alert and a sink to a URL, headers and a body.

Webhook: a CloudEvent (CloudEvents 1.0.2, HTTP binding 1.0.2), signed as Standard Webhooks 1.0.0 says. The id of both is
the alert's, which is the same whenever it is sent: receivers tell by it what they have already.
Alertmanager: OpenAPI of its v2, postableAlerts. Its alerts are known by their labels, so all labels are of what the
alert is about and none of what is known of it by now, but for the severity.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote as percent

import orjson

from echo.clientip import printable
from pipeline.alerts.alert import Alert
from pipeline.alerts.document import as_document
from pipeline.alerts.settings import BINARY, Sink

TYPE = "whofrom.alert"  # of the event, with question and rule behind
MAX_LABEL_CHARS, MAX_ANNOTATION_CHARS = 200, 2000  # they go into mails and messages of chats
MAX_ATTRIBUTE_CHARS = 300
ALERTMANAGER_PATH = "/api/v2/alerts"
# what stands in a header as it is, in the binding's percent-encoding: printable ASCII but for blank, quote and percent
PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class Request(NamedTuple):
    """A POST."""

    url: str
    headers: dict[str, str]
    body: bytes


def webhook(alert: Alert, sink: Sink, now: datetime) -> Request:
    """Return the POST that tells a webhook; `now` is in the signature, the time of this try."""
    document = as_document(alert)
    event = attributes(alert, sink)
    if sink.mode == BINARY:
        headers = {f"ce-{key}": percent(value, safe=PLAIN) for key, value in event.items() if key != "datacontenttype"}
        headers["content-type"] = "application/json"
        body = orjson.dumps(document)
    else:
        headers = {"content-type": "application/cloudevents+json; charset=utf-8"}
        body = orjson.dumps({**event, "data": document})
    return Request(sink.url, headers | _signed(alert.fingerprint, body, sink.secrets, now) | _token(sink), body)


def attributes(alert: Alert, sink: Sink) -> dict[str, str]:
    """Return the context attributes of the event."""
    return {
        "specversion": "1.0",
        "id": alert.fingerprint,
        "source": sink.source,
        "type": f"{TYPE}.{_word(alert.question)}.{_word(alert.rule)}",
        "subject": _shown(f"{alert.subject_kind}/{alert.subject}", MAX_ATTRIBUTE_CHARS),
        "time": _time(alert.ended),
        "datacontenttype": "application/json",
    }


def signature(identity: str, timestamp: int, body: bytes, secret: bytes) -> str:
    """Return `v1,` and the HMAC-SHA256 of id, time and body in base64."""
    content = f"{identity}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()


def alertmanager(alert: Alert, sink: Sink, now: datetime) -> Request:
    """Return the POST that tells Alertmanager; the alert is active from when it began until `firing` behind now."""
    labels = {
        "alertname": f"whofrom_{_word(alert.rule)}",
        "severity": alert.severity,
        "question": alert.question,
        "rule": alert.rule,
        "subject_kind": alert.subject_kind,
        "subject": alert.subject,
        "day": alert.day.isoformat(),
        "id": alert.fingerprint,
    }
    annotations = {
        "summary": alert.title,
        "description": "\n".join(alert.evidence),
        "remedy": alert.remedy,
        "techniques": ", ".join(alert.techniques),
        "sources": ", ".join(alert.sources[:20]),
        "requests": str(alert.requests),
        "confidence": alert.confidence,
    }
    one: dict[str, Any] = {
        "labels": {key: _shown(value, MAX_LABEL_CHARS) for key, value in labels.items() if value},
        "annotations": {
            key: "\n".join(_shown(line, MAX_ANNOTATION_CHARS) for line in value.split("\n"))[:MAX_ANNOTATION_CHARS]
            for key, value in annotations.items()
            if value
        },
        "startsAt": _time(alert.began),
        "endsAt": _time(now + timedelta(seconds=sink.firing)),
    }
    if sink.link:
        one["generatorURL"] = sink.link.replace("{id}", alert.fingerprint)
    url = sink.url.rstrip("/").removesuffix(ALERTMANAGER_PATH) + ALERTMANAGER_PATH
    return Request(url, {"content-type": "application/json"} | _token(sink), orjson.dumps([one]))


def _signed(identity: str, body: bytes, secrets: Sequence[bytes], now: datetime) -> dict[str, str]:
    timestamp = int(now.timestamp())
    headers = {"webhook-id": identity, "webhook-timestamp": str(timestamp)}
    if secrets:
        headers["webhook-signature"] = " ".join(signature(identity, timestamp, body, one) for one in secrets)
    return headers


def _token(sink: Sink) -> dict[str, str]:
    return {"authorization": f"Bearer {sink.token}"} if sink.token else {}


def _word(text: str) -> str:
    """Return a text as a word of letters, digits and _, as event types and alert names are written."""
    return "".join(char if char.isascii() and char.isalnum() else "_" for char in text)[:MAX_LABEL_CHARS]


def _shown(text: str, limit: int) -> str:
    shown = printable(text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
