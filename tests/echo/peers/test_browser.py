"""The page of /explain in a real browser: Chromium, without a window, through a proxy that adds headers."""

import re
import socket
import socketserver
import threading

import pytest

from echo.explain.page import LINKED
from tests.browser import DARK, LIGHT, browser, corner
from tests.echo.explain.pages import HOSTILE, Page

# what a header may hold on the wire: others the server refuses
SENT = [words for words in HOSTILE if words.strip() and not re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", words)]
FIELDS = [
    *((f"X-Evil-{number}", words) for number, words in enumerate(SENT)),
    ("X-Forwarded-For", "<script>alert(1)</script>, 1.2.3.4, 81.2.69.142"),
    ("X-Real-IP", "1.2.3.4"),
]


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that adds FIELDS to each request, and keeps what it was asked for."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Relay)
        self.upstream, self.asked = port, []


class Relay(socketserver.StreamRequestHandler):
    """One request and its answer."""

    def handle(self):
        line, *fields = iter(lambda: self.rfile.readline().rstrip(b"\r\n"), b"")
        self.server.asked.append(line.split()[1].decode())
        kept = [field for field in fields if not field.lower().startswith(b"connection:")]
        added = [f"{name}: {value}".encode() for name, value in FIELDS]
        with socket.create_connection(("127.0.0.1", self.server.upstream), timeout=5) as upstream:
            upstream.sendall(b"\r\n".join([line, *kept, *added, b"Connection: close", b"", b""]))
            for piece in iter(lambda: upstream.recv(1 << 16), b""):
                self.wfile.write(piece)


@pytest.fixture
def proxy(trusting):
    """A proxy before a server that trusts it."""
    with Proxy(trusting.port) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield found
        finally:
            found.shutdown()
            thread.join()


@pytest.fixture
def browse(tmp_path):
    """Return what opens a page in a browser of its own."""
    return browser(tmp_path)


def test_the_console_would_say(browse):
    """Without this a silent console proved nothing."""
    dom, said = browse(
        "data:text/html,<title>before</title><script>document.title='after';nosuch()</script>", "--dump-dom"
    )
    assert b"<title>after</title>" in dom
    assert len(said) == 1


def test_hostile_headers_are_inert(browse, proxy):
    """What strangers wrote is text: no element, no request and no error comes of it."""
    dom, said = browse(f"http://127.0.0.1:{proxy.server_address[1]}/explain?<script>alert(1)</script>", "--dump-dom")
    assert said == []
    page = Page(dom)
    page.check(LINKED | {"?as=all", "?format=json", "?format=text"})
    assert page.by["title"][0] == "AMBIGUOUS (real-ip-disputed) · whofrom"
    assert "<script>alert(1)</script>" in page.by["bdi"]
    assert {target.partition("?")[0] for target in proxy.asked} <= {"/explain", "/favicon.ico"}


def test_light_and_dark(browse, proxy, tmp_path):
    """The page follows what its reader prefers."""
    corners = {}
    for scheme in (LIGHT, DARK):
        picture = tmp_path / f"{scheme}.png"
        url = f"http://127.0.0.1:{proxy.server_address[1]}/explain?as=all"
        _, said = browse(url, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
        assert said == []
        corners[scheme] = corner(picture.read_bytes())
    assert corners == {LIGHT: (0xFF, 0xFF, 0xFF), DARK: (0x0F, 0x13, 0x18)}
