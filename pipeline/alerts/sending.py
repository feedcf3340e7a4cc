"""
One try to tell a sink: sent, to be tried again, or refused.

A redirect is not followed, certificates are checked, and an answer that does not come to its end in time is none. Of
what a receiver says, the beginning alone is read, and it is quoted as what a stranger wrote.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import orjson

from echo.clientip import quote
from pipeline.alerts.alert import Alert
from pipeline.alerts.document import as_document
from pipeline.alerts.requests import alertmanager, webhook
from pipeline.alerts.settings import ALERTMANAGER, STDOUT, WEBHOOK, Sink
from pipeline.output import json_text

SENT, AGAIN, REFUSED = "sent", "again", "refused"
TOO_SOON = (408, 425, 429)  # a client's fault that passes
MAX_ANSWER_BYTES = 300
MAKERS = {WEBHOOK: webhook, ALERTMANAGER: alertmanager}
MAX_AFTER = 3600.0  # seconds of a Retry-After that are believed


class Tried(NamedTuple):
    """What came of a try; `after` is how many seconds the receiver wants to be left alone."""

    what: str
    words: str = ""
    after: float = 0.0


def session(sink: Sink) -> aiohttp.ClientSession:
    """Return what requests to a sink are made with."""
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=sink.timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"user-agent": "whofrom"},
        auto_decompress=False,
        connector=aiohttp.TCPConnector(limit=1, force_close=True),
    )


async def attempt(alert: Alert, sink: Sink, client: aiohttp.ClientSession | None) -> Tried:
    """Try once to tell a sink. Raises BrokenPipeError if that is standard output, and nobody reads it any more."""
    if client is None:
        return await asyncio.to_thread(_print if sink.kind == STDOUT else _append, alert, sink.url)
    request = MAKERS[sink.kind](alert, sink, datetime.now(UTC))
    try:
        async with client.post(
            request.url, data=request.body, headers=request.headers, allow_redirects=False
        ) as response:
            said = await response.content.read(MAX_ANSWER_BYTES) if response.status >= 300 else b""
            return judge(response.status, dict(response.headers), said, datetime.now(UTC))
    except TimeoutError:
        return Tried(AGAIN, f"no answer within {sink.timeout:g} s")
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError):
        return Tried(AGAIN, "its certificate is not one that is trusted here")
    except aiohttp.ClientConnectorError as error:
        return Tried(AGAIN, f"cannot connect: {error.os_error.strerror or type(error.os_error).__name__}")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Tried(AGAIN, quote(str(error) or type(error).__name__)[1:-1])


def judge(status: int, headers: dict[str, str], said: bytes, now: datetime) -> Tried:
    """Return what an answer means."""
    if 200 <= status < 300:
        return Tried(SENT)
    words = f"answers {status}"
    text = said.decode("utf-8", "replace").strip()
    if text:
        words += f": {quote(text)}"
    if 300 <= status < 400:
        host = urlsplit(headers.get("Location", "")).netloc
        return Tried(REFUSED, f"answers {status}, to go to {quote(host)}, which is not followed: name that URL")
    if status >= 500 or status in TOO_SOON:
        return Tried(AGAIN, words, retry_after(headers.get("Retry-After", ""), now))
    return Tried(REFUSED, words)


def retry_after(text: str, now: datetime) -> float:
    """Return the seconds that a Retry-After asks for (RFC 9110 §10.2.3), 0 for none."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(MAX_AFTER, float(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
        return min(MAX_AFTER, max(0.0, (moment - now).total_seconds()))
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _append(alert: Alert, path: str) -> Tried:
    """Add a line to a file, on the disk before it is told; a line that a kill cut is ended first."""
    line = orjson.dumps(as_document(alert), option=orjson.OPT_APPEND_NEWLINE)
    try:
        with Path(path).open("ab+") as out:
            end = out.seek(0, os.SEEK_END)
            if end and os.pread(out.fileno(), 1, end - 1) != b"\n":
                line = b"\n" + line
            out.write(line)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        return Tried(AGAIN, error.strerror or str(error))
    return Tried(SENT)


def _print(alert: Alert, _: str) -> Tried:
    """Write a line to standard output, escaped as a terminal wants it."""
    sys.stdout.write(json_text(as_document(alert)) + "\n")
    sys.stdout.flush()
    return Tried(SENT)
