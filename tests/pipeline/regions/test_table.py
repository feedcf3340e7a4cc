"""Places on a terminal: as wide as it is, in the characters that it has, and with nothing that it would obey."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.cells import cell_len

from pipeline.regions.levels import CHANGES, MEASURES
from pipeline.regions.table import PLAIN_LAND, drawn_bar, limits, write_map, write_places


class Terminal(io.TextIOWrapper):
    """A stream that is, or is not, a terminal."""

    def __init__(self, encoding: str = "utf-8", tty: bool = False) -> None:
        self.tty = tty
        super().__init__(io.BytesIO(), encoding, errors="backslashreplace", newline="")

    def isatty(self) -> bool:
        return self.tty

    @property
    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


ROW: dict[str, Any] = {
    "country": "GB", "country_name": "United Kingdom", "requests": 12345, "share": 0.6, "clients": 20, "users": 0,
    "bytes": 1_420_000_000, "error_share": 0.031, "p50_ms": 12.0, "p95_ms": 40.2, "p99_ms": 1234.0,
}  # fmt: skip
SMALL = ROW | {"country": "DE", "country_name": "德国", "requests": 100, "p50_ms": None, "users": 3}
COLUMNS = ("country", "country_name", *MEASURES)


def table(rows: list[dict[str, Any]], width: int, lang: str = "en", **stream: Any) -> list[str]:
    out = Terminal(**stream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.delenv("NO_COLOR", raising=False)
        patch.setenv("TERM", "xterm")
        write_places(rows, COLUMNS, out, lang, bar="requests")
    return out.text.splitlines()


def test_figures_are_as_people_read_them() -> None:
    head, first, second = table([ROW, SMALL], 160)
    assert head.split() == [
        "country",
        "name",
        "requests",
        "share",
        "clients",
        "users",
        "bytes",
        "errors",
        "≈p50",
        "≈p95",
        "≈p99",
    ]
    assert " ".join(first.split()) == (
        "GB United Kingdom 12,345 ████████████████████████ 60 % 20 0 1.42 GB 3.1 % 12 ms 40.2 ms 1.23 s"
    )
    assert "▎" in second
    assert " – " in second


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 160, 300])
@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_a_line_is_never_wider_than_the_terminal(width: int, lang: str) -> None:
    lines = table([ROW, SMALL], width, lang)
    assert len(lines) == 3
    assert max(map(cell_len, lines)) <= width
    assert all("12,345" in line or number != 1 for number, line in enumerate(lines))


def test_columns_that_have_nothing_to_tell_are_left_out() -> None:
    head, _ = table([ROW | {"p50_ms": None, "p95_ms": None, "p99_ms": None}], 160)
    assert "p95" not in head
    assert "users" not in head


def test_a_stream_without_blocks_has_other_bars() -> None:
    lines = table([ROW, SMALL], 160, encoding="ascii")
    assert "########################" in lines[1]
    assert "\\u2588" not in lines[1]
    assert "~p50" in lines[0]


@pytest.mark.parametrize(
    ("tty", "no_color", "coloured"), [(True, None, True), (True, "1", False), (False, None, False)]
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, tty: bool, no_color: str | None, coloured: bool
) -> None:
    out = Terminal(tty=tty)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color:
        monkeypatch.setenv("NO_COLOR", no_color)
    row = dict.fromkeys(CHANGES) | {"country": "GB", "trend": "grew", "requests": 3}
    write_places([row], ("country", "trend", "requests"), out, "en")
    assert ("\x1b[31mgrew" in out.text) is coloured


def test_a_name_of_a_stranger_is_text_and_short() -> None:
    evil = "\x1b[2J\u202eevil" + "x" * 500
    _, line = table([ROW | {"country_name": evil}], 160)
    assert "\x1b" not in line
    assert "\\x1b[2J\\u202eevil" in line
    assert cell_len(line) <= 160


@pytest.mark.parametrize(("part", "bar"), [(0, ""), (0.001, "▏"), (0.5, "████"), (0.5625, "████▌"), (1, "████████")])
def test_bars_are_drawn_in_eighths(part: float, bar: str) -> None:
    assert drawn_bar(part, 8, blocks=True) == bar


def test_shades_are_steps_of_equal_factors() -> None:
    assert limits([10_000, 5], 4) == [10, 100, 1000]
    assert limits([1], 4) == [1, 2, 3]
    assert limits([], 4) == []


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_map_is_as_wide_as_the_terminal_and_shades_the_countries(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = Terminal()
    write_map({"US": 10_000, "SG": 3, "private": 7}, out)
    *world, key = out.text.splitlines()
    assert max(map(len, world)) <= width
    drawn = "\n".join(world)
    assert drawn.count("█") >= 15
    assert drawn.count("░") >= 1
    assert key == "░ 1–10  ▒ 11–100  ▓ 101–1,000  █ 1,001–10,000"


def test_a_map_in_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    out = Terminal("ascii")
    write_map({"US": 10}, out)
    assert set(re.sub(r"[\d\s-]", "", out.text)) <= set("*#+.,")
    assert PLAIN_LAND in out.text
