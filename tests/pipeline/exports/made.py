"""Entries for lists, and what an attacker would like to write into one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.alerts import Alert
from pipeline.exports.entries import Entry, Gathered, Network, gather

AT = datetime(2026, 11, 26, 8, tzinfo=UTC)
BEGAN = AT - timedelta(hours=1)
ALERT = Alert(
    question="attacks", rule="sqli", severity="high", confidence="high", subject_kind="ip", subject="203.0.113.9",
    day=BEGAN.date(), began=BEGAN, ended=BEGAN + timedelta(minutes=5), requests=120,
    title="203.0.113.9 tried SQL injection", techniques=("T1190",),
)  # fmt: skip
HOSTILE = "x\n}\"; deny all; # */ ' ]]> \x1b[31m $(reboot) `id` \r\0 \u202e ,ban,0.0.0.0/0\nadd whofrom4 0.0.0.0/1"


def alert(subject: str, **more: Any) -> Alert:
    kind = "prefix" if "/" in subject else "ip"
    return replace(ALERT, **{"subject": subject, "subject_kind": kind, **more})


def nobody(network: Network) -> str | None:
    return None


def gathered(*alerts: Alert, **more: Any) -> Gathered:
    return gather(alerts, more.pop("refuse", nobody), more.pop("at", AT), **more)


def entries_of(*subjects: str, **more: Any) -> list[Entry]:
    return gathered(*(alert(subject, **more) for subject in subjects)).entries
