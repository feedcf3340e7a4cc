"""
Replay recorded exchanges with whoami against a running server: `python -m tests.whoami_exchanges HOST PORT FILE.jsonl`.

A row holds `name`, `request` (a string, or {"base64": …}), `half_close` (shut the sending side after it), `then`
(bytes sent 0.3 s later), `response` and `connection_end`. What depends on the machine is masked on both sides:
dates, the client's port, the host name and the addresses of interfaces. Framing is compared by what it carries: a body
with Content-Length equals the same body in chunks, or until the close; a Content-Length must be true.
"""

import base64
import json
import re
import socket
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

THEN_AFTER_SECONDS = 0.3  # as it was recorded
PATIENCE_SECONDS = 3.0  # after which a connection counts as kept open
EOF, OPEN = "EOF", "TIMEOUT(open)"


class Message(NamedTuple):
    """One answer, masked: the lines of its head without framing, where Content-Length stood, and the body."""

    head: tuple[bytes, ...]
    counted_after: bytes | None
    body: bytes


class Outcome(NamedTuple):
    """What became of one row; `why` is "" where it passed."""

    name: str
    why: str


def load(path: str | Path) -> list[dict[str, Any]]:
    """Return the rows of a file."""
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]


def raw(value: str | dict[str, str] | None) -> bytes:
    """Return the bytes that a row's field stands for."""
    if value is None:
        return b""
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def replay(host: str, port: int, row: dict[str, Any]) -> Outcome:
    """Send a row's request and compare what comes back."""
    request = raw(row["request"])
    try:
        answer, end = exchange(host, port, request, raw(row.get("then")), half_close=bool(row.get("half_close")))
    except OSError as error:
        return Outcome(row["name"], f"no exchange: {error}")
    is_head = request.startswith(b"HEAD ")
    expected, found = messages(raw(row["response"]), is_head=is_head), messages(answer, is_head=is_head)
    if end != row.get("connection_end", end):
        return Outcome(row["name"], f"the connection ended with {end}, not {row['connection_end']}")
    if len(expected) != len(found):
        return Outcome(row["name"], f"{len(found)} answers, not {len(expected)}: {answer[:200]!r}")
    for want, have in zip(expected, found, strict=True):
        both_counted = want.counted_after is not None and have.counted_after is not None
        if want.head != have.head or (both_counted and want.counted_after != have.counted_after):
            return Outcome(row["name"], f"head {have[:2]!r}, not {want[:2]!r}")
        if want.body != have.body:
            return Outcome(row["name"], f"body {have.body[-300:]!r}, not {want.body[-300:]!r}")
    return Outcome(row["name"], "")


def exchange(host: str, port: int, request: bytes, then: bytes, *, half_close: bool) -> tuple[bytes, str]:
    """Return everything the server answered, and how the connection ended."""
    answer = bytearray()
    with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        if then:
            time.sleep(THEN_AFTER_SECONDS)
            connection.sendall(then)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        try:
            while data := connection.recv(1 << 16):
                answer += data
        except TimeoutError:
            return bytes(answer), OPEN
        except ConnectionResetError:
            return bytes(answer), "RESET"
    return bytes(answer), EOF


def messages(data: bytes, *, is_head: bool) -> list[Message]:
    """Split what a server sent into masked answers; `is_head`: the first request was a HEAD."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines[1:])}
        status = int(lines[0].split(b" ")[1]) if lines[0].startswith(b"HTTP/") else 0
        length = fields.get(b"content-length")
        if is_head or status in (204, 304) or 100 <= status < 200:
            body = b""
        elif fields.get(b"transfer-encoding") == b"chunked":
            body, data = dechunk(data)
        elif length is not None:
            body, data = data[: int(length)], data[int(length) :]
            if len(body) < int(length):
                body += b"<cut off>"
        else:
            body, data = data, b""
        is_head = is_head and 100 <= status < 200
        found.append(_masked(lines, body))
    return found


def dechunk(data: bytes) -> tuple[bytes, bytes]:
    """Return (the body, what follows it)."""
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        number = int(size or b"0", 16)
        if not number:
            return body, data.partition(b"\r\n")[2]
        body, data = body + data[:number], data[number + 2 :]


def _masked(lines: list[bytes], body: bytes) -> Message:
    kept: list[bytes] = []
    counted_after = None
    for line in lines:
        name = line.partition(b":")[0].lower()
        if name == b"content-length":
            counted_after = kept[-1]
        elif name in (b"date", b"last-modified"):
            kept.append(line.partition(b":")[0] + b": DATE")
        elif name != b"transfer-encoding":
            kept.append(line)
    body = re.sub(rb"(?m)^Hostname: .*\n(IP: .*\n)*", b"Hostname: HOST\nIP: IPS\n", body, count=1)
    body = re.sub(rb'^\{"hostname":"[^"]*",("ip":\[[^\]]*\],)?', b'{"hostname":"HOST","ip":["IPS"],', body)
    body = re.sub(rb'(RemoteAddr: |"remoteAddr":")([^\n"]*):\d+', rb"\1\2:54321", body, count=1)
    return Message(tuple(kept), counted_after, body)


def main(arguments: list[str]) -> int:
    """Replay a file; print a line for each row that failed and the count."""
    if len(arguments) != 3 or not arguments[1].isdigit():
        sys.stderr.write("usage: python -m tests.whoami_exchanges HOST PORT FILE.jsonl\n")
        return 2
    host, port, path = arguments[0], int(arguments[1]), arguments[2]
    outcomes = [replay(host, port, row) for row in load(path)]
    failed = [outcome for outcome in outcomes if outcome.why]
    for outcome in failed:
        sys.stdout.write(f"FAILED {outcome.name}: {outcome.why}\n")
    sys.stdout.write(f"{len(outcomes) - len(failed)} passed, {len(failed)} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
