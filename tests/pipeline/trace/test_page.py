"""What a story looks like to a person: on a terminal of any width, as a page, and with hostile texts in it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.engine.duckdb import Engine
from pipeline.trace.lanes import LEFT, WIDTH, lanes
from pipeline.trace.page import page
from pipeline.trace.render_text import clean, run_line, span, write_story
from tests.browser import Browse
from tests.echo.explain.pages import HOSTILE
from tests.pipeline.report.pages import Page
from tests.pipeline.trace import intrusion
from tests.pipeline.trace.intrusion import INTRUDER, READER, START
from tests.pipeline.trace.stories import story_of

Build = Callable[[Iterable[dict[str, Any]]], Engine]
TERMINAL = "\x1b[31m\x07\u202e\u2066\r\n\x9b"
EVIL = f"{''.join(HOSTILE[:8])}{TERMINAL}"


def hostile_rows(evil: str) -> list[dict[str, Any]]:
    """The intrusion, with a text wherever the intruder can write one."""
    rows = []
    for row in intrusion.rows():
        if row["client_ip"] == INTRUDER:
            row |= {
                "user_agent": evil, "target": f"{row['target']}/{evil}", "host": evil, "method": evil, "city": evil,
                "as_org": evil, "signatures": [*row["signatures"], evil], "headers": [
                    (evil, [evil]), ("host", [evil]), ("user-agent", [evil]), ("accept", ["*/*"]),
                    ("x-forwarded-for", [f"{evil}, {INTRUDER}"]), ("x-real-ip", [evil]),
                ],
            }  # fmt: skip
            row["user"] = row.get("user") and evil
        rows.append(row)
    return rows


def text_of(story: dict[str, Any], columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = io.StringIO()
    write_story(story, out)
    return out.getvalue()


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_terminal_shows_all_of_it_whatever_its_width(
    columns: int, story: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(story, columns, monkeypatch)
    assert max(map(len, text.splitlines())) <= columns
    words = " ".join(text.split())
    for part in (
        "login after attack",
        "GET /files/x9.php?c=id",
        "20 × GET /item 500",
        "block 203.0.113.66",
        "127.0.0.1",
    ):
        assert part in words, part


def test_a_terminal_obeys_nothing_of_it(engine_of: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of(story_of(engine_of(hostile_rows(EVIL)), INTRUDER), 100, monkeypatch)
    assert all(char.isprintable() or char == "\n" for char in text)


def test_colours_are_a_terminals_and_no_color_is_heard(story: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    found = []
    for plain in (False, True):
        monkeypatch.setenv("NO_COLOR", "1") if plain else monkeypatch.delenv("NO_COLOR", raising=False)
        out = Terminal()
        write_story(story, out)
        found.append("\x1b[31" in out.getvalue() or "\x1b[1;31" in out.getvalue())
    assert found == [True, False]


@pytest.mark.parametrize("evil", [*filter(None, HOSTILE), TERMINAL])
def test_a_page_shows_what_was_written_and_does_nothing(evil: str, hostile_pages: Callable[[str], Page]) -> None:
    found, plain = hostile_pages(evil), hostile_pages("plain")
    found.check()
    assert {tag for tag, _ in found.elements} == {tag for tag, _ in plain.elements}


@pytest.fixture(scope="module")
def hostile_pages() -> Callable[[str], Page]:
    """Return what makes a page out of a story that has a text wherever a stranger's can be."""

    def put(value: Any, evil: str) -> Any:
        if isinstance(value, dict):
            return {key: put(one, evil) if key not in OURS else one for key, one in value.items()}
        if isinstance(value, list):
            return [put(one, evil) for one in value]
        return evil if isinstance(value, str) else value

    def made(evil: str) -> Page:
        return Page(page(put(STORY, evil)).encode("utf-8", "backslashreplace"))

    return made


OURS = frozenset({"severity", "stage", "stages", "action", "role", "kind", "id", "hours"})
MOMENT = START + timedelta(minutes=1)
VALUE = {"value": "x", "detail": "x", "requests": 3, "hostile": 1, "first": START, "last": MOMENT}
STORY: dict[str, Any] = {
    "v": 1,
    "subject": {"kind": "user", "text": "x", "class": None},
    "period": {"since": None, "until": None},
    "verdict": {"severity": "high", "stage": "exploit", "text": "x"},
    "seen": {
        "first": START, "last": MOMENT, "active_days": 1, "requests": 3, "hostile": 1, "clients": 2, "paths": 1,
        "hosts": 1, "programs": 1, "users": 1, "errors": 1, "response_bytes": 1,
    },
    "near": None,
    "crawler": {"client": "x", "operator": "x", "verified": False, "why": "x"},
    "stages": [
        {
            "stage": "exploit", "title": "x", "severity": "medium", "first": START, "last": MOMENT, "requests": 1,
            "paths": 1, "clients": 1, "answered": 1, "techniques": ["T1190"], "signatures": {"x": 1}, "note": "x",
            "samples": [{"ts": START, "client": "x", "method": "x", "target": "x", "status": 200, "bytes": 1,
                         "signatures": ["x"]}],
        }
    ],
    "timeline": [
        {"began": START, "ended": MOMENT, "requests": 3, "client": "x", "stage": "exploit", "method": "x",
         "pattern": "x", "paths": 2, "statuses": [200], "users": ["x"]}
    ],
    "hours": {"began": START, "seconds": 1.0, "stages": {"exploit": [1, 0, 2]}},
    "values": {"distinct": {"user": 2, "program": 1}, "user": [VALUE], "program": [VALUE]},
    "ways": [
        {"requests": 1, "clients": 2, "peer": "x", "client": "x", "source": "x", "reason": "x", "why": "x",
         "recorded": "y", "judged": "x",
         "hops": [{"text": "x", "source": "x", "class": "x", "role": "claim", "trusted": False}]}
    ],
    "forged": [{"sign": "left", "meaning": "x", "requests": 1, "samples": ["x"], "strong": True}],
    "campaign": {"name": "x", "why": "x", "sources": ["x"]},
    "alerts": [{"id": "0" * 16, "severity": "high", "day": START.date(), "rule": "x", "title": "x"}],
    "advice": [{"action": "fix", "target": "x", "why": "x", "requests": 0, "users": 0, "toml": "x"}],
}  # fmt: skip


def test_the_page_of_an_intrusion(story: dict[str, Any]) -> None:
    found = Page(page(story, now=START).encode())
    found.check()
    assert found.by["title"][0] == f"{INTRUDER} · whofrom"
    for part in (
        "web shell",
        "GET /files/x9.php?c=cat+/etc/passwd",
        "T1505.003",
        "NL, Amsterdam",
        "AS64496 Example Hosting",
    ):
        assert part in found.text, part
    assert len([one for one in found.named("rect") if one.get("class") == "s-high"]) == 4


def test_the_page_of_nobody_says_what_is_near(engine: Engine) -> None:
    found = Page(page(story_of(engine, "203.0.113.5")).encode())
    found.check()
    assert "its network 203.0.113.0/24 has 60 requests of 2 clients" in found.text


def test_a_browser_shows_hostile_texts_and_has_nothing_to_say(engine_of: Build, browse: Browse, tmp_path: Path) -> None:
    evil = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"
    path = tmp_path / "trace.html"
    path.write_text(page(story_of(engine_of(hostile_rows(evil)), INTRUDER)), encoding="utf-8")
    dom, said = browse(path.as_uri(), "--dump-dom")
    assert said == []
    assert b"<title>203.0.113.66" in dom


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "<1 s"), (1, "1 s"), (119, "119 s"), (120, "2 min"), (7199, "120 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_spans(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_a_run_is_a_line() -> None:
    run = STORY["timeline"][0] | {"pattern": "/wp-*", "method": "GET", "statuses": [404], "requests": 37, "users": []}
    assert run_line(run, with_client=False) == "37 × GET /wp-* 404 in 60 s, 2 paths"
    several = run | {"client": "*", "method": "*", "users": ["bob"]}
    assert run_line(several, with_client=True) == ("several clients: 37 × /wp-* 404 in 60 s, 2 paths, signed in: bob")
    assert clean("a" * 500, 5) == "aaaa…"


def test_lanes_are_within_the_picture(story: dict[str, Any]) -> None:
    picture = lanes(story["hours"])
    assert picture is not None
    assert [lane.title for lane in picture.lanes][:2] == ["login after attack", "web shell"]
    for lane in picture.lanes:
        for x, y, width, height, _ in lane.spots:
            assert x >= LEFT
            assert x + width <= WIDTH + 3
            assert y + height == pytest.approx(lane.y, abs=0.2)
    assert lanes(None) is None


def test_one_moment_is_a_lane(engine_of: Build) -> None:
    picture = lanes(story_of(engine_of([intrusion.request(0, READER, "/", 200)]), READER)["hours"])
    assert picture is not None
    assert [len(lane.spots) for lane in picture.lanes] == [1]
