"""
The table [alerts] of the TOML, and `--to`: where alerts go, and what is not told.

    [alerts]
    severity = "medium"
    off = ["crawling"]
    severities = { probing = "low" }
    [[alerts.to]]
    kind = "webhook"
    url = "https://hooks.example.org/whofrom"
    secret_env = "WHOFROM_WEBHOOK_SECRET"
    severity = "high"
    [[alerts.silence]]
    rule = "probing"
    subject = "192.0.2.0/24"
    until = 2026-12-01
    reason = "our own scanner"

A secret never stands in the file: the file names the variable of the environment that holds it.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from echo.clientip import ConfigFault, quote
from echo.clientip.config import check_keys, place, string_list
from pipeline.alerts.alert import SEVERITIES
from pipeline.alerts.rules import RULE_CODES
from pipeline.alerts.silences import MATCHERS, SILENCE_KEYS, Silence, Silencing
from pipeline.timespec import length_of

TABLE = "alerts"
MAX_CODE_CHARS = 100  # three times the longest code: what is longer is not compared with them
NDJSON, WEBHOOK, ALERTMANAGER = "ndjson", "webhook", "alertmanager"
# kind of a sink -> what it does
KINDS = {
    NDJSON: "A line of JSON is added to a file, on the disk before the alert counts as told.",
    WEBHOOK: "A POST of a CloudEvent (1.0), signed as Standard Webhooks (1.0.0) says.",
    ALERTMANAGER: "A POST to Prometheus' Alertmanager, `/api/v2/alerts`.",
}
# what tells where there is no sink: no word of the TOML, but `--to ndjson=-` and `url = "-"` mean it too
STDOUT = "stdout"
STRUCTURED, BINARY = "structured", "binary"
# key of [alerts] -> what it says
ALERTS_KEYS = {
    "to": "Tables `[[alerts.to]]`: where alerts go. Without one, `whofrom alerts` prints them.",
    "silence": "Tables `[[alerts.silence]]`: what is not told, why, and until when.",
    "off": "Codes of rules that tell nothing.",
    "severity": "The least severity that is told anywhere: high, medium, low or info, which is the default.",
    "severities": "Table of rule and severity: what alerts of a rule are worth here.",
    "fast": "Of `watch`: how often what is new is looked at, 5s if not said.",
    "slow": "Of `watch`: how often the lake is asked for what needs a history, 10m if not said.",
}
# key of [[alerts.to]] -> what it says
TO_KEYS = {
    "kind": "ndjson, webhook or alertmanager.",
    "name": "What it is called in messages and in the lake's memory of what was told; the kind if not said.",
    "url": "Where it is: a file for ndjson, - for standard output; http:// or https:// for the others.",
    "url_env": "The variable of the environment that holds the URL, in place of `url`: some URLs are secrets.",
    "severity": "The least severity that it gets; all if not said.",
    "timeout": "How long one request may take, 10s if not said.",
    "secret_env": (
        "webhook: the variable with the key of the signature: whsec_ and base64, or text, 16 bytes or more. "
        "Several, a blank between, sign each: for a change of keys."
    ),
    "token_env": "webhook, alertmanager: the variable with a token, sent as `Authorization: Bearer`.",
    "mode": "webhook: structured (one JSON object, the default) or binary (the alert alone, the rest in headers).",
    "source": "webhook: `source` of the event, /whofrom if not said.",
    "firing": "alertmanager: how long an alert stays active, 1h if not said.",
    "link": "alertmanager: generatorURL, with {id} for the alert's id.",
}
KEYS_OF_KIND = {
    NDJSON: {"kind", "name", "url", "url_env", "severity"},
    WEBHOOK: set(TO_KEYS) - {"firing", "link"},
    ALERTMANAGER: set(TO_KEYS) - {"secret_env", "mode", "source"},
}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")  # it names a file of the lake
MIN_SECRET_BYTES = 16  # Standard Webhooks wants 24 of randomness; text has less of it in a byte, and is often longer
MAX_SINKS = 20
DEFAULT_TIMEOUT, MAX_TIMEOUT = timedelta(seconds=10), timedelta(seconds=60)
DEFAULT_FIRING, MAX_FIRING = timedelta(hours=1), timedelta(days=30)
DEFAULT_SOURCE = "/whofrom"
DEFAULT_FAST, DEFAULT_SLOW = timedelta(seconds=5), timedelta(minutes=10)


class Sink(NamedTuple):
    """Where alerts go; times in seconds. `url` is the path of a file for ndjson."""

    kind: str
    name: str
    url: str
    minimum: str = SEVERITIES[-1]
    timeout: float = DEFAULT_TIMEOUT.total_seconds()
    secrets: tuple[bytes, ...] = ()
    token: str = ""
    mode: str = STRUCTURED
    source: str = DEFAULT_SOURCE
    firing: float = DEFAULT_FIRING.total_seconds()
    link: str = ""

    @property
    def to_stdout(self) -> bool:
        """Return whether it is standard output."""
        return self.kind == STDOUT

    def wants(self, severity: str) -> bool:
        """Return whether alerts of a severity go here."""
        return SEVERITIES.index(severity) <= SEVERITIES.index(self.minimum)

    @property
    def shown(self) -> str:
        """Return where it is for people: of a URL what is no secret."""
        if self.kind not in (WEBHOOK, ALERTMANAGER):
            return self.url
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


PRINTED = Sink(STDOUT, STDOUT, "-")


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What [alerts] says; `fast` and `slow` in seconds."""

    sinks: tuple[Sink, ...] = ()
    silencing: Silencing = field(default_factory=Silencing)
    fast: float = DEFAULT_FAST.total_seconds()
    slow: float = DEFAULT_SLOW.total_seconds()


def parse_alerts(
    tables: Mapping[str, Any], path: str, to: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> AlertSettings:
    """
    Return what [alerts] of a file's tables says, and more sinks.

    to  `KIND=URL` of the command line

    Raises ConfigFault naming the key.
    """
    table, where = _alerts_table(tables, path)
    entries = [
        (entry, f"[[{TABLE}.to]] {number}", path) for number, entry in enumerate(_tables(table, "to", path), 1)
    ] + [(_flag(text), f"--to {quote(text)}", "") for text in to]
    sinks = tuple(_sink(*entry, environment) for entry in entries)
    if len(sinks) > MAX_SINKS:
        raise ConfigFault(f"more than {MAX_SINKS} sinks", place(path, f"[[{TABLE}.to]]"), "send to one that forwards")
    names = [sink.name for sink in sinks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigFault(
            f"two sinks are called {quote(twice)}", place(path, f"[[{TABLE}.to]]"), "give one another name"
        )
    fast = _seconds(table, "fast", place(path, f"{where} fast"), DEFAULT_FAST, timedelta(hours=1))
    slow = _seconds(table, "slow", place(path, f"{where} slow"), DEFAULT_SLOW, timedelta(days=1))
    return AlertSettings(sinks, parse_silencing(tables, path), fast, slow)


def parse_silencing(tables: Mapping[str, Any], path: str) -> Silencing:
    """Return what [alerts] says of what is not told. Raises ConfigFault naming the key."""
    table, where = _alerts_table(tables, path)
    off = place(path, f"{where} off")
    return Silencing(
        frozenset(_rule(code, off) for code in string_list(table, "off", off)),
        _severity(table, "severity", place(path, where)),
        _severities(table, path),
        tuple(_silence(one, path, number) for number, one in enumerate(_tables(table, "silence", path), 1)),
    )


def _alerts_table(tables: Mapping[str, Any], path: str) -> tuple[Mapping[str, Any], str]:
    table, where = tables.get(TABLE, {}), f"[{TABLE}]"
    if not isinstance(table, dict):
        raise ConfigFault("must be a table", place(path, where), f"write {where}")
    check_keys(table, ALERTS_KEYS, path, where)
    return table, where


def _flag(text: str) -> dict[str, Any]:
    kind, _, url = text.partition("=")
    return {"kind": kind, "url": url}


def _sink(entry: Mapping[str, Any], where: str, path: str, environment: Mapping[str, str]) -> Sink:
    spot = place(path, where)
    check_keys(entry, TO_KEYS, path, where)
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigFault(f"kind must be one of {', '.join(KINDS)}", spot, 'for example kind = "webhook"')
    other = next((key for key in entry if key not in KEYS_OF_KIND[kind]), None)
    if other is not None:
        raise ConfigFault(f"{other} is not for {kind}", spot, "leave it out")
    texts = {key: _text(entry, key, spot) for key in ("name", "url", "url_env", "secret_env", "token_env", "mode")}
    name = texts["name"] or kind
    if not NAME.fullmatch(name):
        raise ConfigFault(f"{quote(name)} is no name", spot, "write lower-case letters, digits, _ and -, 40 at most")
    if bool(texts["url"]) == bool(texts["url_env"]):
        raise ConfigFault("give url, or url_env", spot, 'for example url = "https://hooks.example.org/whofrom"')
    url = texts["url"] or _variable(texts["url_env"], spot, environment)
    if kind != NDJSON:
        _check_url(url, spot)
    elif url == PRINTED.url:
        return PRINTED._replace(minimum=_severity(entry, "severity", spot))
    if name == STDOUT:
        raise ConfigFault(f"{STDOUT} is what printing is called", spot, "give it another name")
    mode = texts["mode"] or STRUCTURED
    if mode not in (STRUCTURED, BINARY):
        raise ConfigFault("mode must be structured or binary", spot, f'for example mode = "{STRUCTURED}"')
    secrets = _variable(texts["secret_env"], spot, environment).split() if texts["secret_env"] else []
    token = _variable(texts["token_env"], spot, environment).strip() if texts["token_env"] else ""
    if not (token.isascii() and token.isprintable()):
        raise ConfigFault(f"{texts['token_env']} holds what no header can", spot, "put the bare token into it")
    return Sink(
        kind, name, url,
        minimum=_severity(entry, "severity", spot),
        timeout=_seconds(entry, "timeout", spot, DEFAULT_TIMEOUT, MAX_TIMEOUT),
        secrets=tuple(_secret(one, texts["secret_env"], spot) for one in secrets),
        token=token, mode=mode,
        source=_text(entry, "source", spot) or DEFAULT_SOURCE,
        firing=_seconds(entry, "firing", spot, DEFAULT_FIRING, MAX_FIRING),
        link=_text(entry, "link", spot),
    )  # fmt: skip


def _check_url(url: str, spot: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
        parts = urlsplit("")
    if not usable or not url.isprintable() or " " in url:
        raise ConfigFault("is no URL", spot, "write http://HOST:PORT/PATH or https://…")
    if parts.username or parts.password:
        raise ConfigFault("holds a password", spot, "name the variable that holds a token with token_env")


def _secret(text: str, name: str, spot: str) -> bytes:
    if text.startswith("whsec_"):
        try:
            key = base64.b64decode(text.removeprefix("whsec_") + "==", validate=False)
        except (binascii.Error, ValueError):
            raise ConfigFault(f"{name} is no base64 behind whsec_", spot, "copy it whole") from None
    else:
        key = text.encode()
    if len(key) < MIN_SECRET_BYTES:
        raise ConfigFault(f"{name} is shorter than {MIN_SECRET_BYTES} bytes", spot, "openssl rand -base64 32 makes one")
    return key


def _variable(name: str, spot: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise ConfigFault(f"the environment has no {quote(name)}", spot, f"set it: export {name}=…")
    return value


def _silence(entry: Mapping[str, Any], path: str, number: int) -> Silence:
    where = f"[[{TABLE}.silence]] {number}"
    spot = place(path, where)
    check_keys(entry, SILENCE_KEYS, path, where)
    texts = {key: _text(entry, key, spot) or None for key in (*MATCHERS, "reason")}
    reason = texts.pop("reason")
    if reason is None:
        raise ConfigFault("has no reason", spot, 'say why: reason = "our own scanner"')
    if not any(texts.values()):
        raise ConfigFault("would silence everything", spot, f"name one of {', '.join(MATCHERS)}")
    if texts["severity"] is not None:
        _severity(entry, "severity", spot)
    if texts["rule"] is not None:
        _rule(texts["rule"], spot)
    return Silence(reason, **texts, until=_until(entry, spot))


def _until(entry: Mapping[str, Any], spot: str) -> datetime | None:
    value = entry.get("until")
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        moment = 0
    if moment is None:
        return None
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if not isinstance(moment, datetime):
        raise ConfigFault("until is no time", spot, "write until = 2026-12-01 or 2026-12-01T08:00:00Z")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _severities(table: Mapping[str, Any], path: str) -> dict[str, str]:
    spot = place(path, f"[{TABLE}] severities")
    given = table.get("severities", {})
    if not isinstance(given, dict):
        raise ConfigFault("must be a table", spot, 'for example severities = { probing = "low" }')
    return {_rule(rule, spot): _severity(given, rule, spot) for rule in given}


def _rule(code: str, spot: str) -> str:
    """Return a rule's code if there is such a rule: a silence that is misspelt would keep nothing quiet."""
    if code in RULE_CODES:
        return code
    near = difflib.get_close_matches(code[:MAX_CODE_CHARS], RULE_CODES, 1)
    step = f"do you mean {near[0]}?" if near else "docs/reference/attacks.md and docs/how-to/logins.md list them"
    raise ConfigFault(f"{quote(code)} is no rule", spot, step)


def _severity(table: Mapping[str, Any], key: str, spot: str) -> str:
    value = table.get(key, SEVERITIES[-1])
    if not isinstance(value, str) or value not in SEVERITIES:
        raise ConfigFault(
            f"{quote(key)[1:-1]} must be one of {', '.join(SEVERITIES)}", spot, f'for example {key} = "high"'
        )
    return value


def _seconds(table: Mapping[str, Any], key: str, spot: str, default: timedelta, most: timedelta) -> float:
    value = table.get(key)
    if value is None:
        return default.total_seconds()
    length = length_of(value) if isinstance(value, str) else None
    if not length or length > most:
        raise ConfigFault(
            f"{key} must be a time of at most {int(most.total_seconds()):,} seconds", spot, f'for example {key} = "10s"'
        )
    return length.total_seconds()


def _text(table: Mapping[str, Any], key: str, spot: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ConfigFault(f"{key} must be a string", spot, f'for example {key} = "…"')
    return value


def _tables(table: Mapping[str, Any], key: str, path: str) -> list[Mapping[str, Any]]:
    entries = table.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise ConfigFault("must be tables", place(path, f"[[{TABLE}.{key}]]"), f"write [[{TABLE}.{key}]] over each")
    return entries
