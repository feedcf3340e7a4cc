"""What HAProxy writes, where it is installed, is read as what it was sent."""

from __future__ import annotations

import re
import time
from pathlib import Path
from random import Random

import pytest

from pipeline.sources import named, sniff
from tests.echo.peers.programs import HOST, free_port, listens, program, started
from tests.pipeline.sources.test_nginx_itself import ODD, PATHS, asked

REQUESTS = 60
HOSTS = ("a.example", "a.example:81")
Sent = list[tuple[str, str, dict[str, str]]]

HAPROXY = """
global
  log stdout format raw local0
defaults
  mode http
  log global
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend plain
  bind {host}:{plain}
  option httplog
  http-request return status 200 content-type text/plain string ok
frontend captured
  bind {host}:{captured}
  option httplog
  capture request header Host len 64
  capture request header X-Forwarded-For len 256
  capture request header User-Agent len 1024
  http-request return status 200 content-type text/plain string ok
frontend clf
  bind {host}:{clf}
  option httplog clf
  http-request return status 200 content-type text/plain string ok
"""
CAPTURED = "haproxy{host|x-forwarded-for|user-agent}"


def requests() -> Sent:
    """Requests that a server takes, each with its number in the target: most are odd."""
    random = Random(7)

    def odd() -> str:
        text = "".join(random.choice(ODD) for _ in range(random.randint(0, 5)))
        return re.sub(r"[\x00-\x1f\x7f]", "", text).strip()

    sent: Sent = []
    for number in range(REQUESTS):
        headers = {"Host": random.choice(HOSTS), "User-Agent": odd()}
        if number % 2:
            headers["X-Forwarded-For"] = random.choice((odd(), "203.0.113.7", "203.0.113.7, 10.0.0.1", '6.6.6.6" "x'))
        path = re.sub(r"[^!-~]", "", random.choice(PATHS)).replace("%zz", "").replace("#", "").replace('"', "%22")
        sent.append((random.choice(("GET", "HEAD", "DELETE")), f"/n{number}/{path}".replace("\\", ""), headers))
    return sent


def send(port: int, sent: Sent) -> None:
    for method, target, headers in sent:
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        asked(port, f"{method} {target} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n".encode("latin-1"))


def lines_of(path: Path, mark: bytes) -> list[bytes]:
    """The lines of a program's log that hold a mark, as soon as there are as many as there were requests."""
    deadline = time.monotonic() + 5
    while True:
        lines = [line for line in path.read_bytes().split(b"\n") if mark in line and b"/n" in line]
        if len(lines) >= REQUESTS or time.monotonic() > deadline:
            return lines
        time.sleep(0.05)


def plain(text: str | None) -> bytes:
    """A value that HAProxy wrote, as the bytes that it had."""
    return re.sub(rb"#([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), (text or "").encode())


@pytest.mark.parametrize("kind", ["plain", "captured", "clf"])
def test_haproxy(tmp_path: Path, kind: str) -> None:
    haproxy, ports, sent = program("haproxy"), {name: free_port() for name in ("plain", "captured", "clf")}, requests()
    (tmp_path / "haproxy.cfg").write_text(HAPROXY.format(host=HOST, **ports), "utf-8")
    command = (haproxy, "-db", "-f", str(tmp_path / "haproxy.cfg"))
    with started(tmp_path, *command, ready=lambda: listens(ports[kind])) as output:
        send(ports[kind], sent)
        lines = lines_of(output, f'"{kind}"'.encode() if kind == "clf" else f" {kind} ".encode())
    assert sniff(lines) is named("combined" if kind == "clf" else "haproxy")
    form = named(CAPTURED) if kind == "captured" else sniff(lines)
    assert form is not None
    parsed = form.parse(lines)
    assert (parsed.rejects, len(lines)) == ([], REQUESTS)
    for row in parsed.batch.to_pylist():
        target = plain(row["target"]).decode("latin-1")
        method, expected, headers = sent[int(target.split("/")[1].removeprefix("n"))]
        assert (row["method"], target, row["status"], row["peer_ip"][:4]) == (method, expected, 200, "127.")
        if kind == "captured":
            forwarded = dict(row["headers"] or []).get("x-forwarded-for", [None])[0]
            told = {"Host": row["host"], "User-Agent": row["user_agent"], "X-Forwarded-For": forwarded}
            for name, value in told.items():
                assert plain(value) == headers.get(name, "").encode("latin-1")
