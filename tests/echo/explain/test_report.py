"""/explain as text and as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import Config, parse_config
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain import Explainer, explain_json, explain_text, wants_json
from echo.request import Connection, Request
from echo.wire import parse_head

TRUSTING = parse_config('[network]\ningress = ["10.0.0.9"]\n[trust]\nranges = ["ingress"]\n', "whofrom.toml")
HOSTILE = "\x1b[31mred\x07 \u202eevil <script>alert(1)</script> " + "A" * 8000


def explained(config: Config, peer: str, *fields: str, target: str = "/explain", names: str = ""):
    """Return the explanation of a request from peer with X-Forwarded-For fields."""
    arrival = Arrival(f"{peer}:40000", [("X-Forwarded-For", field) for field in fields])
    return Explainer(config).explain(f"GET {target}", arrival, parse_names(names, DIALECTS) if names else ())


def asking(head: bytes) -> Request:
    """Return a request of a head without its last line."""
    return parse_head(head + b"\r\n", Connection("c", None, None, None, None, b""), 1)


EXPECTED = """\
Client:  81.2.69.142, a public address
Verdict: PRESERVED in a header (header-trusted-claims-ignored)

The client's address arrived in the X-Forwarded-For header; entries left of it
were ignored.

Why:     The entries left of 81.2.69.142 were sent by 81.2.69.142 itself:
         forged, or written by an outer proxy that is not trusted.
To do:   If 81.2.69.142 is your outer proxy, add it to [trust] ranges. If not,
         nothing to do: the entries decide nothing. Make sure that no other
         program takes the leftmost entry.

The way of the request, from the far end to this server:
   1. 1.2.3.4  [claim, ignored]
      a public address (in no special-purpose range); not trusted; read from
      X-Forwarded-For
   2. 81.2.69.142  [the client]
      a public address (in no special-purpose range); not trusted; read from
      X-Forwarded-For
   3. 10.0.0.9  [trusted proxy]
      an ingress controller ([network] ingress of 'whofrom.toml'); trusted; read
      from the connection
   4. this server

Policy:  rightmost-untrusted:x-forwarded-for. The rightmost hop that is in no
         trusted range, the peer included. Trusted: 10.0.0.9; read from
         X-Forwarded-For (from whofrom.toml).
Asked:   GET /explain
"""


def test_text():
    """The text names client, verdict, reason, remedy, each hop and the policy in force."""
    assert explain_text(explained(TRUSTING, "10.0.0.9", "1.2.3.4, 81.2.69.142")).decode() == EXPECTED


def test_json():
    """The JSON is versioned and says the same."""
    document = json.loads(explain_json(explained(TRUSTING, "10.0.0.9", "1.2.3.4", "81.2.69.142")))
    assert list(document) == ["v", "verdict", "finding", "client", "hops", "hops_hidden", "others", "policy"]
    assert document["v"] == 1
    assert document["client"]["ip"] == "81.2.69.142"
    assert [hop["role"] for hop in document["hops"]] == ["claim", "client", "trusted"]
    assert [hop["class"] for hop in document["hops"]] == ["public", "public", "ingress"]
    assert document["policy"]["trusted"] == ["10.0.0.9"]


def test_trusting_nobody_is_said():
    """Without trust the text says that no header is believed, and how to change that."""
    text = explain_text(explained(parse_config("", ""), "10.0.0.9", "81.2.69.142")).decode()
    assert "No range is trusted, so no header is believed." in " ".join(text.split())
    assert "--trust 10.0.0.9" in " ".join(text.split())


@pytest.mark.parametrize("field", [HOSTILE, "1.2.3.4," + HOSTILE, "\r\nX: y", ",,,,", "\x9b31m", "\x00"])
def test_hostile_headers_are_harmless(field):
    """Header text cannot move the cursor, and cannot flood the page."""
    for config in (TRUSTING, parse_config("", "")):
        explanation = explained(config, "10.0.0.9", field)
        text = explain_text(explanation).decode()
        assert all(char == "\n" or char.isprintable() for char in text)
        assert len(text) < 4000
        assert json.loads(explain_json(explanation))["v"] == 1


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_header_fits_the_page(fields):
    """Whatever was sent, lines are printable and at most 80 columns, but for a hop's own text."""
    text = explain_text(explained(TRUSTING, "10.0.0.9", *[field.replace("\ud800", "") for field in fields])).decode()
    for line in text.splitlines():
        assert line.isprintable()
        assert len(line) <= 80


def test_long_chains_are_cut():
    """Of a long chain the right end is shown, and how much is hidden."""
    explanation = explained(TRUSTING, "10.0.0.9", ", ".join(["1.2.3.4"] * 1000))
    assert explanation.hidden == 950
    assert "  … 950 more, further left\n" in explain_text(explanation).decode()


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"GET /explain HTTP/1.1\r\nHost: h\r\n", False),
        (b"GET /explain HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n", False),
        (b"GET /explain HTTP/1.1\r\nHost: h\r\nAccept: text/html, application/JSON;q=0.9\r\n", True),
        (b"GET /explain?format=json HTTP/1.1\r\nHost: h\r\n", True),
        (b"GET /explain?a&format=text HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n", False),
    ],
)
def test_form(head, expected):
    """The query chooses the form, else the Accept header does."""
    assert wants_json(asking(head)) is expected
