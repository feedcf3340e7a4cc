"""
One record of the server as shippers and stores of logs have it, by what they say of themselves.

Each case: what it is taken for, the line, and the text that is in it; None if that is the record with other blanks.
Keys are as in the shippers' documentation and in what their users show; values are ours.
"""

from __future__ import annotations

import json
from typing import Any

from echo.record import FIELDS

TOLD: dict[str, Any] = {field.name: None for field in FIELDS} | {
    "v": 1,
    "ts": "2026-11-26T10:05:03.000001Z",
    "peer_ip": "10.244.1.7",
    "peer_port": 51234,
    "method": "GET",
    "target": "/a b?q=\u00e9",
    "headers": {"host": ["who.example.com"], "user-agent": ["curl/8"]},
    "client_ip": "203.0.113.7",
    "client_source": "x-forwarded-for",
    "client_reason": "rightmost-untrusted",
    "status": 200,
    "response_bytes": 512,
    "request_bytes": 0,
    "duration_us": 900,
    "connection_id": "5Zk0",
    "connection_request": 1,
}
RECORD = json.dumps(TOLD, ensure_ascii=False, separators=(",", ":"))
LINE = RECORD.encode()
CRI = f"2026-11-26T10:05:03.000123456Z stdout F {RECORD}"
POD = {
    "pod_name": "whofrom-6d4cf56db6-x7k2p",
    "namespace_name": "whofrom",
    "pod_id": "93bde4d0-9731-4785-a80e-cd27ba8ad7c2",
    "labels": {"app.kubernetes.io/name": "whofrom"},
    "host": "node-1",
    "container_name": "whofrom",
    "docker_id": "1a2b",
}
VECTORS = {
    "file": "/var/log/pods/whofrom_whofrom-6d4cf56db6-x7k2p_93bde4d0/whofrom/0.log",
    "kubernetes": {"container_name": "whofrom", "pod_name": "whofrom-6d4cf56db6-x7k2p", "pod_namespace": "whofrom"},
    "source_type": "kubernetes_logs",
    "stream": "stdout",
    "timestamp": "2026-11-26T10:05:03.000123456Z",
}
BITS = {"time": "2026-11-26T10:05:03.000123456Z", "stream": "stdout", "_p": "F"}
GOOGLES = {
    "insertId": "1b3", "logName": "projects/p/logs/stdout", "receiveTimestamp": "2026-11-26T10:05:04Z",
    "resource": {"type": "k8s_container", "labels": {"namespace_name": "whofrom"}}, "severity": "INFO",
    "timestamp": "2026-11-26T10:05:03.000123456Z",
}  # fmt: skip


def obj(*parts: dict[str, Any]) -> bytes:
    whole: dict[str, Any] = {}
    for part in parts:
        whole |= part
    return json.dumps(whole, ensure_ascii=False).encode()


SHIPPED: dict[str, tuple[str, bytes, bytes | None]] = {
    "fluent bit": ("fluent", obj({"date": 1795687503.000123}, BITS, {"log": RECORD, "kubernetes": POD}), LINE),
    "fluent bit, merged beside the line": ("fluent", obj(BITS, TOLD, {"log": RECORD, "kubernetes": POD}), LINE),
    "fluent bit, merged under a key": ("fluent", obj(BITS, {"kubernetes": POD, "log_processed": TOLD}), None),
    "fluent bit, without metadata": ("fluent", obj(BITS, {"log": RECORD}), LINE),
    "fluent bit, no parser": ("cri in fluent", obj({"date": 1795687503.1, "log": CRI}), LINE),
    "fluent bit, docker's parser": ("fluent", obj({"date": 1.5, "log": RECORD + "\n", "stream": "stdout"}), LINE),
    "fluentd": ("fluent", obj({"stream": "stdout", "logtag": "F", "message": RECORD, "kubernetes": POD}), LINE),
    "fluentd, docker's logging driver": (
        "fluent",
        obj({"container_id": "1a2b", "container_name": "/whofrom", "source": "stdout", "log": RECORD}),
        LINE,
    ),
    "vector": ("vector", obj(VECTORS, {"message": RECORD}), LINE),
    "vector, parsed": ("vector", obj(VECTORS, {"message": TOLD}), None),
    "vector, file": (
        "cri in vector",
        obj({"file": "/var/log/pods/a/0.log", "host": "node-1", "message": CRI, "source_type": "file"}),
        LINE,
    ),
    "filebeat": (
        "filebeat",
        obj({"@timestamp": "2026-11-26T10:05:03.000Z", "stream": "stdout", "message": RECORD, "agent": {"id": "x"}}),
        LINE,
    ),
    "loki": ("loki", obj({"labels": {"pod": "a"}, "line": RECORD, "timestamp": "2026-11-26T10:05:03Z"}), LINE),
    "google, read as JSON": ("google", obj(GOOGLES, {"jsonPayload": TOLD}), None),
    "google, text": ("google", obj(GOOGLES, {"textPayload": RECORD + "\n"}), LINE),
    "cloudwatch, an event": (
        "cloudwatch",
        obj({"logStreamName": "a", "timestamp": 1795687503000, "message": RECORD, "ingestionTime": 1795687504000}),
        LINE,
    ),
    "cloudwatch, an export": ("syslog", f"2026-11-26T10:05:03.000Z {RECORD}".encode(), LINE),
    "cloudwatch, an export of fluent bit's": (
        "fluent in syslog",
        b"2026-11-26T10:05:03.000Z " + obj(BITS, {"log": RECORD, "kubernetes": POD}),
        LINE,
    ),
    "azure": (
        "azure",
        obj({"TimeGenerated": "2026-11-26T10:05:03Z", "LogMessage": RECORD, "LogSource": "stdout", "PodName": "a"}),
        LINE,
    ),
    "azure, parsed": ("azure", obj({"TimeGenerated": "2026-11-26T10:05:03Z", "LogMessage": TOLD}), None),
    "journal": (
        "journal",
        obj({"__REALTIME_TIMESTAMP": "1795687503000123", "_SYSTEMD_UNIT": "whofrom.service", "MESSAGE": RECORD}),
        LINE,
    ),
    "kubectl": ("kubectl", f"[pod/whofrom-6d4cf56db6-x7k2p/whofrom] {RECORD}".encode(), LINE),
    "kubectl, with times": (
        "syslog in kubectl",
        f"[pod/whofrom-6d4cf56db6-x7k2p/whofrom] 2026-11-26T10:05:03.000123456Z {RECORD}".encode(),
        LINE,
    ),
    "compose": ("compose", f"whofrom-1  | {RECORD}".encode(), LINE),
    "rsyslog": ("cri in syslog", f"2026-11-26T10:05:04+00:00 node-1 whofrom: {CRI}".encode(), LINE),
}  # fmt: skip
