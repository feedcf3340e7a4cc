"""Exchanges recorded with whoami v1.11.0, replayed; and the table of where we answer otherwise on purpose."""

from pathlib import Path

import pytest

from echo.deviations import BY_ROW
from tests.whoami_exchanges import Outcome, load, main, messages, replay

FILE = Path(__file__).parents[2] / "data" / "whoami" / "exchanges.jsonl"
ROWS = load(FILE)
SEQUENCE = [row for row in ROWS if row.get("sequence")]
SINGLE = [row for row in ROWS if not row.get("sequence")]


def check(outcome: Outcome) -> None:
    """A row passes, unless it is in the table of deviations: then it must not."""
    if outcome.name in BY_ROW:
        assert outcome.why, "this row passes: take it out of echo/deviations.py"
    else:
        assert not outcome.why


@pytest.mark.parametrize("row", SINGLE, ids=[row["name"] for row in SINGLE])
def test_row(server, row):
    """Each exchange goes as it went with whoami."""
    check(replay("127.0.0.1", server.port, row))


def test_sequence(run):
    """Exchanges that build on one another go as they went with whoami."""
    port = run().port
    for row in SEQUENCE:
        check(replay("127.0.0.1", port, row))


def test_deviations_name_rows():
    """The table names rows that exist."""
    assert BY_ROW.keys() <= {row["name"] for row in ROWS}


def test_runner_counts(server, tmp_path, capsys):
    """The runner names what failed and closes with the count."""
    lines = FILE.read_text(encoding="utf-8").splitlines(keepends=True)
    chosen = tmp_path / "rows.jsonl"
    chosen.write_text("".join(line for line in lines if '"bench"' in line or '"clean_00"' in line), encoding="utf-8")
    assert main(["127.0.0.1", str(server.port), str(chosen)]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("FAILED clean_00: head")
    assert out[-1] == "1 passed, 1 failed"


def test_runner_tells_framings_apart_only_by_what_they_carry():
    """Chunks and a true length are equal; a false length is not."""
    counted = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello"
    chunked = b"HTTP/1.1 200 OK\r\nDate: y\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"
    short = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 9\r\n\r\nhello"
    one, two, three = (messages(data, is_head=False)[0] for data in (counted, chunked, short))
    assert (one.head, one.body) == (two.head, two.body)
    assert one.body != three.body
