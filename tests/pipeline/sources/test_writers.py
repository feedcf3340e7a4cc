"""One truth, many writers, many wrappers: what a program knew of a request is what the row of its line says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import AnyStr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ingest import ingest_source
from pipeline.lake import Lake
from pipeline.settings import Settings
from pipeline.sources import FORMATS, Format, named, parse_mixed, sniff
from pipeline.sources.wrappers import WRAPPERS, Wrapper, unwrapped, wrapper_of
from tests.pipeline.sources.lines import CROWDSEC
from tests.pipeline.sources.test_text_formats import read_time
from tests.pipeline.sources.writers import ESCAPING, OF_HTTP_ALONE, WRITERS, Request, Row, Writer

REQUESTS: dict[str, Request] = {
    # realistic
    "plain": Request(),
    "a query": Request(target="/a/b?c=1&d=%22e%22", referer="https://www.example.com/a?b=1"),
    "IPv6": Request(peer="2001:db8::7", forwarded="2001:db8::1, 203.0.113.9"),
    "a user": Request(user="frank", status=401, method="POST", target="/login"),
    "no agent": Request(agent=None, method="HEAD", size=0),
    "one hop": Request(forwarded="203.0.113.9"),
    "hops": Request(forwarded="203.0.113.9, 10.0.0.2,198.51.100.3"),
    "HTTP/2": Request(
        protocol="HTTP/2.0", agent="Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    ),
    "an agent with commas and brackets": Request(agent="Mozilla/5.0 (Test:001592) [en] {a}, b; c"),
    "redirected": Request(status=301, size=0, target="/old/"),
    "an error of the server": Request(status=503, method="PATCH", target="/api/v1/items/7"),
    "a TLS hello": Request(raw="\x16\x03\x01\x02", agent=None, status=400),
    "words that are no request": Request(raw="145.ll|'|'|SGFjS2Vk", agent=None, status=400),
    "another alphabet": Request(target="/naïve/путь?q=日本", agent="Ünïcode/1.0"),
    # hostile
    "a long target": Request(target="/" + "a" * 20_000),
    "path traversal": Request(target="/..%2f..%2fetc/passwd%00", agent="sqlmap/1.7#stable (https://sqlmap.org)"),
}
# in quotes, a value may say anything; programs that escape them lose nothing
QUOTES: dict[str, Request] = {
    "quotes": Request(target='/a"b"', agent='a "b" c\\', referer='https://"x"/'),
    "a control character": Request(target="/a\tb", agent="x\x1b[31my\x7f"),
    "a line in the agent": Request(agent='x" 200 5 "-" "y" "6.6.6.6"'),
    "a line of HAProxy in the agent": Request(
        agent='6.6.6.6:1 [01/Jan/2025:00:00:00.000] a b/c 0/0/0/0/0 200 1 - - ---- 0/0/0/0/0 0/0 "GET /x HTTP/1.1"'
    ),
    "a line of combined in the target": Request(
        target='/" 200 5 "-" "x"\\n6.6.6.6 - - [01/Jan/2025:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x'
    ),
    "JSON in the agent": Request(agent='"}{"ClientIP":"6.6.6.6","EdgeStartTimestamp":1,"v":1}'),
    "brackets in the agent": Request(agent="x] [y] [6.6.6.6:1] [200"),
    "a header that looks like a line": Request(forwarded='6.6.6.6" "x" - - [01/Jan/2025:00:00:00 +0000] "GET'),
}


STAMP = "2025-03-09T23:04:06.123456789Z"
WRAPPINGS: dict[str, tuple[str, Callable[[bytes], list[bytes]]]] = {
    "CRI": ("cri", lambda line: [f"{STAMP} stdout F ".encode() + line]),
    "CRI, in parts": ("cri", lambda line: [f"{STAMP} stdout {tag} ".encode() + part for tag, part in parts(line)]),
    "docker": ("docker", lambda line: [docker(line.decode() + "\n")]),
    "docker, in parts": (
        "docker",
        lambda line: [docker(part + "\n" * (tag == "F")) for tag, part in parts(line.decode())],
    ),
    "RFC 3164": ("syslog", lambda line: [b"<190>Mar  9 23:04:06 web-1 nginx[2869]: " + line]),
    "RFC 3164 in a file": ("syslog", lambda line: [b"Mar  9 23:04:06 web-1 nginx: " + line]),
    "RFC 3164 without a host": ("syslog", lambda line: [b"<190>Mar  9 23:04:06 nginx: " + line]),
    "rsyslog": ("syslog", lambda line: [b"2025-03-09T23:04:06.123456+01:00 web-1 nginx[1]: " + line]),
    "RFC 5424": ("syslog", lambda line: [b"<190>1 2025-03-09T23:04:06.1Z web-1 nginx 2869 - - " + line]),
    "RFC 5424 with data": (
        "syslog",
        lambda line: [b'<190>1 2025-03-09T23:04:06Z web-1 nginx 1 ID [a@1 k="v\\"]"] \xef\xbb\xbf' + line],
    ),
}


def parts(line: AnyStr) -> list[tuple[str, AnyStr]]:
    """A line in pieces, the last of them with F."""
    size = len(line) // 3 + 1
    pieces = [line[at : at + size] for at in range(0, len(line), size)]
    return list(zip(["P"] * (len(pieces) - 1) + ["F"], pieces, strict=True))


def docker(text: str) -> bytes:
    return json.dumps({"log": text, "stream": "stdout", "time": STAMP}).encode()


def told(form: Format, lines: list[bytes]) -> list[Row]:
    """The rows of lines, one a line; headers by their names, and no word on what is no request."""
    parsed = parse_mixed(form, lines)
    assert parsed.rejects == []
    rows = dict(zip(parsed.lines.to_pylist(), parsed.batch.to_pylist(), strict=True))
    found = []
    for index in range(len(lines)):
        row = {name: value for name, value in rows[index].items() if name not in ("headers", "error")}
        headers = {name: values[0] for name, values in rows[index]["headers"] or []}
        found.append({name: value for name, value in (row | headers).items() if value is not None})
    return found


def fits(name: str, request: Request) -> bool:
    """Whether a program logs such a request at all."""
    return request.raw is None or name not in OF_HTTP_ALONE


def unseen(writer: Writer, expected: Row, row: Row) -> Row:
    """What is expected but for a header of no name behind the agent, which is known by its looks alone."""
    if writer.form == "combined" and "x-forwarded-for" not in row:
        return {name: value for name, value in expected.items() if name != "x-forwarded-for"}
    return expected


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_program_knew_is_what_the_row_says(name: str) -> None:
    writer = WRITERS[name]
    requests = [request for request in REQUESTS.values() if fits(name, request)]
    if name in ESCAPING:
        requests += [request for request in QUOTES.values() if fits(name, request)]
    lines = [writer.write(request).encode() for request in requests]
    form = sniff(lines) if writer.form in FORMATS else named(writer.form)
    assert form is not None
    assert form is FORMATS.get(writer.form, form)
    for request, row, line in zip(requests, told(form, lines), lines, strict=True):
        assert row == unseen(writer, writer.row(request), row), line


@pytest.mark.parametrize("name", [name for name, one in WRITERS.items() if one.form in FORMATS])
def test_a_line_alone_is_known(name: str) -> None:
    writer = WRITERS[name]
    for request in REQUESTS.values():
        if fits(name, request):
            form = sniff([writer.write(request).encode()])
            assert form is FORMATS[writer.form], writer.write(request)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("name", WRITERS)
def test_a_wrapper_gives_back_what_was_wrapped(name: str, wrapping: str) -> None:
    wrapper, wrap = WRAPPINGS[wrapping]
    lines = [WRITERS[name].write(request).encode() for request in (*REQUESTS.values(), *QUOTES.values())]
    wrapped = [piece for line in lines for piece in wrap(line)]
    found = wrapper_of(wrapped)
    assert found is WRAPPERS[wrapper]
    assert unwrapped(wrapped, found) == lines


@pytest.mark.parametrize("name", WRITERS)
def test_a_log_is_ingested_bare_and_wrapped(name: str, tmp_path: Path) -> None:
    """A classic ELB's line looks like one of syslog's: what is chosen is what reads more of the log."""
    writer, lake = WRITERS[name], Lake(str(tmp_path / "lake"))
    lines = [writer.write(request).encode() for request in REQUESTS.values() if fits(name, request)]
    wrapper, wrap = list(WRAPPINGS.values())[len(name) % len(WRAPPINGS)]
    wrapped = [piece for line in lines for piece in wrap(line)]
    told = Settings(format=None if writer.form in FORMATS else writer.form)
    for file, log, suffix in (("bare.log", lines, ""), ("wrapped.log", wrapped, f" in {wrapper}")):
        path = tmp_path / file
        path.write_bytes(b"".join(line + b"\n" for line in log))
        outcome = ingest_source(str(path), lake, told)
        assert outcome.format == f"{named(writer.form).name}{suffix}"
        assert (outcome.rows, outcome.rejects) == (len(lines), 0)


def labelled() -> list[Request]:
    """The requests of CROWDSEC's text lines, by what the labels say of them."""
    found = []
    for case in map(json.loads, CROWDSEC.read_text("utf-8").splitlines()):
        label = case["expected"]
        peer = label.get("peer_ip", label.get("client_ip"))
        if {"target", "status", "ts"} <= label.keys() and label["status"].isdigit():
            at = read_time(label["ts"]).replace(microsecond=0)
            agent = label.get("user_agent")
            request = Request(
                peer=peer, at=at, status=int(label["status"]), agent=None if agent in ("-", "") else agent
            )
            asked = {"method": label["method"], "target": label["target"]} if "method" in label else {}
            found.append(request._replace(**asked) if asked else request._replace(raw=label["target"] or "-"))
    return found


@pytest.mark.parametrize("name", WRITERS)
def test_labelled_requests_are_read_from_every_format(name: str) -> None:
    writer = WRITERS[name]
    requests = [request for request in labelled() if fits(name, request)]
    assert len(requests) >= 40
    if name not in ESCAPING:
        requests = [one for one in requests if not set('"[]') & set(f"{one.line}{one.agent}")]
    lines = [writer.write(request).encode() for request in requests]
    form = named(writer.form)
    for request, row, line in zip(requests, told(form, lines), lines, strict=True):
        assert row == unseen(writer, writer.row(request), row), line


KNOWN_LINES = [
    writer.write(request).encode() for writer in WRITERS.values() for request in (Request(), QUOTES["quotes"])
]
WRAPPED_LINES = [piece for line in KNOWN_LINES[::5] for _, wrap in WRAPPINGS.values() for piece in wrap(line)]
FORMS = [*FORMATS.values(), *(named(writer.form) for writer in WRITERS.values() if writer.form not in FORMATS)]


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Lines of any program, whole, damaged or wrapped, and what is no line of any."""
    lines = draw(st.lists(st.sampled_from(KNOWN_LINES + WRAPPED_LINES) | st.binary(max_size=60), max_size=8))
    for index, line in enumerate(lines):
        if draw(st.booleans()):
            at = draw(st.integers(0, len(line)))
            lines[index] = line[:at] + draw(st.binary(max_size=3)) + line[at + draw(st.integers(0, 3)) :]
    return [line.replace(b"\n", b"") for line in lines]


@settings(max_examples=150, deadline=None)
@given(logs(), st.sampled_from(FORMS), st.sampled_from((None, *WRAPPERS.values())))
def test_every_line_is_a_row_or_a_reject_of_any_format_in_any_wrapper(
    lines: list[bytes], form: Format, wrapper: Wrapper | None
) -> None:
    inner = lines if wrapper is None else unwrapped(lines, wrapper)
    assert len(inner) <= len(lines)
    for parsed in (form.parse(inner), parse_mixed(form, inner)):
        told = sorted([*parsed.lines.to_pylist(), *(index for index, _ in parsed.rejects)])
        assert told == list(range(len(inner)))
        assert parsed.batch.num_rows == len(parsed.lines)
        assert parsed.batch["ts"].null_count == 0
    wrapper_of(lines)
    sniff(lines)


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_row_is_does_not_hang_on_what_it_is_read_with(name: str) -> None:
    """Logs are cut into blocks, and on a cluster into others than here."""
    writer = WRITERS[name]
    requests = (REQUESTS | QUOTES if name in ESCAPING else REQUESTS).values()
    lines = [writer.write(one).encode() for one in requests if fits(name, one)]
    form = named(writer.form)
    together = parse_mixed(form, lines)
    alone = [parse_mixed(form, [line]) for line in lines]
    rows = dict(zip(together.lines.to_pylist(), together.batch.to_pylist(), strict=True))
    assert [one.batch.to_pylist() for one in alone] == [[rows[n]] if n in rows else [] for n in range(len(lines))]
    assert [why for one in alone for _, why in one.rejects] == [why for _, why in sorted(together.rejects)]
