"""What nginx writes by a log_format is read as what nginx had: its own JSON of the same requests tells."""

from __future__ import annotations

import base64
import json
import re
import socket
from random import Random
from typing import Any

import pytest

from pipeline.sources import Format, sniff
from pipeline.sources.combined import COMBINED
from pipeline.sources.ingress_nginx import INGRESS_NGINX
from pipeline.sources.nginx import compiled
from pipeline.sources.nginx_json import NGINX_JSON
from tests.echo.peers.programs import HOST, free_port, listens, program, started

REQUESTS = 200
ESCAPES = {"truth": "json"}
# log_format -> its text, and field of the record -> variable
FORMATS: dict[str, tuple[str, dict[str, str]]] = {
    "main": (
        ('$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
        ' "$http_user_agent" "$http_x_forwarded_for"'),
        {"peer_ip": "remote_addr", "user": "remote_user", "user_agent": "http_user_agent", "status": "status",
         "referer": "http_referer", "x-forwarded-for": "http_x_forwarded_for", "response_bytes": "body_bytes_sent"},
    ),
    "ingress": (
        ('$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer"'
        ' "$http_user_agent" $request_length $request_time [$proxy_host] [] $upstream_addr $upstream_response_length'
        " $upstream_response_time $upstream_status $request_id"),
        {"peer_ip": "remote_addr", "user": "remote_user", "user_agent": "http_user_agent", "status": "status",
         "request_id": "request_id"},
    ),
    "bars": (
        ("$realip_remote_addr|$remote_addr|$realip_remote_port|$msec|$request_method|$scheme://$http_host$request_uri"
        "|$server_protocol|$status|$bytes_sent|$connection|$http_user_agent|$request_id"),
        {"peer_ip": "realip_remote_addr", "client_ip": "remote_addr", "peer_port": "realip_remote_port",
         "host": "http_host", "method": "request_method", "target": "request_uri", "protocol": "server_protocol",
         "status": "status", "response_bytes": "bytes_sent", "user_agent": "http_user_agent",
         "request_id": "request_id"},
    ),
}  # fmt: skip
READERS: dict[str, list[Format]] = {
    "main": [compiled(FORMATS["main"][0]), COMBINED],
    "ingress": [compiled(FORMATS["ingress"][0]), INGRESS_NGINX],
    "bars": [compiled(FORMATS["bars"][0])],
}
ODD = (
    "curl/8", '"', "\\", '\\"', " ", "|", "[", "]", "] [", '" "', "\xe9", "\t", "\x01", "\xff", "'", "#", "$x", ", ",
    "203.0.113.7", "2001:db8::1", '- - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5', "://", "x" * 50,
)  # fmt: skip
RAW = (
    b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET /\r\n", b"junk\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://h.example/a?b HTTP/1.1\r\nHost: z\r\n\r\n",
)  # fmt: skip
PATHS = ("", "a", 'a"b', "a\\b", "a%3Fb", "a b", "\xe9", "a|b", "a]b", 'a?x=1&y="q"', "a?", "/x", "%zz", "a#b")


def request(random: Random) -> bytes:
    """One request: most are odd, some are none."""

    def odd() -> str:
        return "".join(random.choice(ODD) for _ in range(random.randint(0, 5)))

    if random.random() < 0.08:
        return random.choice(RAW)
    hops = (odd(), "203.0.113.7", "203.0.113.7, 10.0.0.1", '6.6.6.6" "x', "2001:db8::9")
    secret = base64.b64encode(f"{odd()}:p".encode("latin-1")).decode()
    fields = (
        (0.9, f"Host: {random.choice(('a.example', 'a.example:81', '[2001:db8::1]:80'))}"),
        (0.8, f"User-Agent: {odd()}"),
        (0.6, f"X-Forwarded-For: {random.choice(hops)}"),
        (0.3, f"Referer: {odd()}"),
        (0.2, f"Authorization: Basic {secret}"),
        (1.0, "Connection: close"),
    )
    chosen = [field for share, field in fields if random.random() < share]
    method, path = random.choice(("GET", "POST", "HEAD", "X-Y", "get")), random.choice(PATHS)
    return "\r\n".join([f"{method} /{path} HTTP/1.{random.choice('01')}", *chosen, "", ""]).encode("latin-1")


def asked(port: int, raw: bytes) -> None:
    with socket.create_connection((HOST, port), 5) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    """What nginx wrote of the same requests, log_format -> lines."""
    nginx, folder, port = program("nginx"), tmp_path_factory.mktemp("nginx"), free_port()
    variables = sorted({variable for _, fields in FORMATS.values() for variable in fields.values()})
    texts = {name: text for name, (text, _) in FORMATS.items()}
    texts["truth"] = "{" + ",".join(f'"{name}":"${name}"' for name in (*variables, "msec")) + "}"
    directives = (
        f"pid {folder}/pid; daemon off; worker_processes 1; events {{}} http {{",
        *(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
        *(f"log_format {name} escape={ESCAPES.get(name, 'default')} '{text}';" for name, text in texts.items()),
        f"server {{ listen {HOST}:{port}; set_real_ip_from {HOST}; real_ip_header X-Forwarded-For;",
        *(f"access_log {folder}/{name}.log {name};" for name in texts),
        "location / { return 200 ok; } } }",
    )
    (folder / "nginx.conf").write_text("\n".join(directives), "utf-8")
    command = (nginx, "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", str(folder / "error.log"))
    with started(folder, *command, ready=lambda: listens(port)):
        random = Random(6)
        for _ in range(REQUESTS):
            asked(port, request(random))
    return {name: (folder / f"{name}.log").read_bytes().split(b"\n")[:-1] for name in texts}


def raw(text: str | int | None) -> bytes:
    """A value as the bytes that nginx had, b"" for none."""
    if text is None or text == "-":
        return b""
    return re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), str(text).encode("utf-8"))


@pytest.mark.parametrize(("name", "form"), [(name, form) for name in READERS for form in READERS[name]])
def test_lines_say_what_nginx_had(logs: dict[str, list[bytes]], name: str, form: Format) -> None:
    truth: list[dict[str, Any]] = [json.loads(line.decode("latin-1")) for line in logs["truth"]]
    assert len(truth) >= REQUESTS // 2
    parsed = form.parse(logs[name])
    assert parsed.rejects == []
    rows = dict(zip(parsed.lines.to_pylist(), parsed.batch.to_pylist(), strict=True))
    for index, had in enumerate(truth):
        row = rows[index]
        told = {**row, **{header: values[0] for header, values in row["headers"] or []}}
        for field, variable in FORMATS[name][1].items():
            if form is COMBINED and field == "x-forwarded-for" and field not in told:
                continue  # the field has no name there: lists of hops are known by their looks
            value = had[variable].encode("latin-1")
            assert raw(told.get(field)) == (b"" if value == b"-" else value), (field, logs[name][index])


def test_its_json_is_read_as_it_is(logs: dict[str, list[bytes]]) -> None:
    """What nginx wrote of its variables, by the JSON format: each has its column."""
    fields = {field: variable for _, known in FORMATS.values() for field, variable in known.items()}
    fields |= {"peer_ip": "realip_remote_addr", "client_ip": "remote_addr", "response_bytes": "body_bytes_sent"}
    assert sniff(logs["truth"]) is NGINX_JSON
    parsed = NGINX_JSON.parse(logs["truth"])
    assert parsed.rejects == []
    rows = dict(zip(parsed.lines.to_pylist(), parsed.batch.to_pylist(), strict=True))
    for index, line in enumerate(logs["truth"]):
        had = json.loads(line.decode("latin-1"))
        told = {**rows[index], **{header: values[0] for header, values in rows[index]["headers"] or []}}
        for field, variable in fields.items():
            if field == "target" and not had["request_uri"]:
                continue  # of a request that was none
            value = had[variable].encode("latin-1")
            assert raw(told.get(field)) == raw(value.decode("utf-8", "backslashreplace")), (field, line)
