"""Whatever a client sends, its line is of its writer's format, and names no client that it chose."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pyarrow as pa
import pytest

from pipeline.sources import FORMATS, Format, Parsed, named, parse_mixed, sniff
from tests.pipeline.sources.writers import WRITERS, Request

EVIL, PROXY = "6.6.6.6", "192.0.2.99"
CHOSEN = Request(peer=EVIL, forwarded=EVIL, agent="evil", target="/evil")
# what a client would like to see as a line of its own
LINES = (
    *(WRITERS[name].write(CHOSEN) for name in (
        "Apache combined", "ingress-nginx", "HAProxy", "Traefik", "Envoy", "Istio", "Tencent CLB", "AWS classic",
        "Cloudflare", "Caddy",
    )),
    f"{EVIL}:1 [01/Jan/2025:00:00:00.000] a/b: x",
    f"{EVIL} - y",
    f'"{EVIL}, {EVIL}"',
    f"<190>Mar  9 23:04:06 web nginx: {EVIL}",
)  # fmt: skip
BEFORE = ("", '" ', 'x" 200 5 "-" "x" ', "] ", "|")
BEHIND = ("", ' "', f' "x" "{EVIL}')
FIELDS = ("target", "agent", "referer", "forwarded", "user", "raw")


def hostile() -> Iterator[tuple[str, Request]]:
    """Each field that a client chooses, with each line in it; what a proxy puts behind X-Forwarded-For stays there."""
    for field, line, before, behind in itertools.product(FIELDS, LINES, BEFORE, BEHIND):
        value = f"{before}{line}{behind}"
        value = f"/{value}" if field == "target" else f"{value}, {PROXY}" if field == "forwarded" else value
        yield field, Request(**{field: value})


REQUESTS = list(hostile())


def chosen(parsed: Parsed) -> list[int]:
    """The lines whose rows name what the client chose."""
    found = []
    for index, row in zip(parsed.lines.to_pylist(), parsed.batch.to_pylist(), strict=True):
        named_by = [row[name] or "" for name in ("peer_ip", "proxied_ip", "client_ip")]
        header = dict(row["headers"] or []).get("x-forwarded-for", [""])[0]
        cut = bool(header) and not header.endswith(PROXY)
        wrong = cut if REQUESTS[index][0] == "forwarded" else EVIL in header
        if wrong or any(EVIL in one for one in named_by):
            found.append(index)
    return found


@pytest.mark.parametrize("name", WRITERS)
def test_no_value_names_a_client(name: str) -> None:
    lines = [WRITERS[name].write(request).encode() for _, request in REQUESTS]
    parsed = named(WRITERS[name].form).parse(lines)
    assert parsed.batch.num_rows + len(parsed.rejects) == len(lines)
    assert [lines[index] for index in chosen(parsed)] == []


@pytest.mark.parametrize("name", [name for name, one in WRITERS.items() if one.form in FORMATS])
def test_hostile_lines_do_not_choose_the_format(name: str) -> None:
    """Though nothing else is in the log."""
    writer = WRITERS[name]
    lines = [writer.write(request).encode() for _, request in REQUESTS]
    form = sniff(lines[::7])
    assert form is FORMATS[writer.form]
    parsed = parse_mixed(form, lines)
    assert parsed.batch.num_rows + len(parsed.rejects) == len(lines)
    assert [lines[index] for index in chosen(parsed)] == []


@pytest.mark.parametrize("name", [name for name, one in WRITERS.items() if one.form in FORMATS])
def test_a_hostile_line_alone_names_no_client_either(name: str) -> None:
    writer = WRITERS[name]
    for index in range(0, len(REQUESTS), 61):
        line = writer.write(REQUESTS[index][1]).encode()
        form = sniff([line])
        if form is not None:
            parsed = parse_mixed(form, [line])
            assert chosen(parsed._replace(lines=pa.array([index] * len(parsed.lines)))) == [], (form.name, line)


AHEAD = (
    b"",
    b" \t",
    b"ACCESS ",
    b"https ",
    b"2025-01-01 ",
    b"\xef\xbb\xbf",
    b"\xff ",
    b"Mar  9 23:04:06 web haproxy[1]: ",
)

OF_OLD = (  # ingress-nginx without an alternative upstream
    b'203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x" 99 0.001'
    b" [default-web-80] 10.0.0.1:80 5 0.001 200 abc"
)


@pytest.mark.parametrize("form", [one for one in FORMATS.values() if one.mark is not None], ids=lambda one: one.name)
def test_no_line_of_a_format_is_without_its_mark(form: Format) -> None:
    """What is told by the mark alone is what the format itself would tell."""
    assert form.mark is not None
    requests = [Request(), *(request for _, request in REQUESTS[::31])]
    lines = [ahead + one.write(request).encode() for one in WRITERS.values() for request in requests for ahead in AHEAD]
    lines.append(OF_OLD)
    without = [line for line in lines if not form.mark.match(line)]
    assert form._replace(mark=None).takes(without) == 0
    assert 0 < form.takes(lines) == form._replace(mark=None).takes(lines)
