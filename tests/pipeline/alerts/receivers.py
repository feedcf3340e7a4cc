"""Who alerts are told to, on loopback: a receiver that notes what it gets, and the real Alertmanager."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from tests.ports import free_port

START_SECONDS = 30
alertmanager_program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")


class Got(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Receiver:
    """Answers with what `answer` says of the how-manieth request it is: a status, headers, and seconds to wait."""

    def __init__(self, answer: Callable[[int], tuple[int, dict[str, str], float]]) -> None:
        self.got: list[Got] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Got(self.path, headers, body, time.monotonic()))
                status, more, wait = answer(len(receiver.got))
                time.sleep(wait)
                try:
                    self.send_response(status)
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.send_header("content-length", "4")
                    self.end_headers()
                    self.wfile.write(b"no\x1bm")
                except OSError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def ids(self) -> list[str]:
        return [one.headers["webhook-id"] for one in self.got]


@contextmanager
def receiving(
    answer: Callable[[int], tuple[int, dict[str, str], float]] = lambda _: (200, {}, 0.0),
) -> Iterator[Receiver]:
    one = Receiver(answer)
    thread = threading.Thread(target=one.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
        thread.join()


@contextmanager
def alertmanager(folder: Path) -> Iterator[str]:
    """The real one, without a cluster and without anybody that it would tell."""
    assert alertmanager_program is not None
    (folder / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    port = free_port()
    with (folder / "am.log").open("wb") as log:
        process = subprocess.Popen(
            [
                alertmanager_program, f"--config.file={folder}/am.yml", f"--storage.path={folder}/am",
                f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + START_SECONDS
        while not _ready(url):
            assert process.poll() is None, (folder / "am.log").read_text()
            assert time.monotonic() < end, (folder / "am.log").read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def alerts_of(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=10) as answer:
        found: list[dict[str, Any]] = orjson.loads(answer.read())
    return found


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
