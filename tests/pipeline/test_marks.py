"""Which log is it? By what it holds: renamed, compressed, grown, copied, and beside others that begin like it."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline import marks
from pipeline.cli import whofrom
from pipeline.engine.duckdb import Engine
from pipeline.errors import Overtaken, SourceFault, Unfinished
from pipeline.ingest import Run, ingest_source
from pipeline.lake import Lake
from pipeline.marks import line_id, namesakes
from pipeline.settings import Settings
from pipeline.sources.folders import Found
from pipeline.sources.reader import read_head

PLAIN = Settings()
# the same line at first, as of a health check, or of what a program says when it starts
SAME = '10.0.0.1 - - [17/May/2015:10:05:00 +0000] "GET /health HTTP/1.1" 200 5 "-" "probe"\n'
LINE = '10.0.0.1 - - [17/May/2015:10:05:00 +0000] "GET /%d HTTP/1.1" 200 5 "-" "x"\n'


def lines(first: int, count: int) -> str:
    return "".join(LINE % number for number in range(first, first + count))


def rows(lake: Lake) -> tuple[int, int]:
    """Rows but health checks, distinct ones."""
    sql = "SELECT count(*) AS n, count(DISTINCT target) AS d FROM requests WHERE target <> '/health'"
    (row,) = Engine(lake).query(sql).to_pylist()
    return row["n"], row["d"]


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write


def take(path: Path, lake: Lake) -> tuple[int, int]:
    outcome = ingest_source(str(path), lake, PLAIN)
    return outcome.rows, outcome.rejects


@pytest.mark.parametrize("tail", ["", "\r\n", "\nmore"])
def test_a_log_is_known_by_its_first_line_and_stays_known_as_it_grows(tail: str) -> None:
    assert line_id(b"a line" + tail.encode()) == line_id(b"a line\nand another\n" * 500)
    assert line_id(b"a line") != line_id(b"a line more\n")
    assert line_id(b"x" * 2000) == line_id(b"x" * 3000 + b"\n")


@pytest.mark.parametrize("name", ["2.log", "2.log.gz"])
@pytest.mark.parametrize("count", [1, 5, 100])
def test_logs_that_begin_with_the_same_line_are_told_apart(
    name: str, count: int, log: Callable[..., Path], lake: Lake
) -> None:
    """Whatever order and length: no line lost, none twice, and each is known again."""
    texts = [SAME + lines(1000 * number, count * (1 + number % 3)) for number in range(5)]
    paths = [log(f"{number}{name}", text) for number, text in enumerate(texts) if number != 2]
    for path in sorted(paths, key=lambda path: path.stat().st_size):
        assert take(path, lake)[0] > 0
    for path, text in zip(paths, [text for number, text in enumerate(texts) if number != 2], strict=True):
        assert take(path, lake) == (0, 0)
        more = log(f"grown-{path.name}", text + LINE % (500_000 + int(path.name[0])))
        assert take(more, lake) == (1, 0)
    total = sum(text.count("\n") - 1 for text in texts) - texts[2].count("\n") + 1 + len(paths)
    assert rows(lake) == (total, total)


def test_more_than_a_thousand_lines_do_not_hide_a_shorter_log_that_begins_like_it(
    log: Callable[..., Path], lake: Lake
) -> None:
    """From its first kilobyte on, it is told from its namesake although it ends before what was read of that."""
    take(log("old", SAME + lines(0, 1000)), lake)
    assert take(log("new", SAME + lines(5000, 20)), lake) == (21, 0)
    assert rows(lake) == (1020, 1020)


def test_what_may_be_a_part_of_a_log_is_told_and_not_taken(log: Callable[..., Path], lake: Lake) -> None:
    take(log("old", SAME + lines(0, 100)), lake)
    for count in (1, 50):
        with pytest.raises(Unfinished, match=r"begins like a log that was ingested up to byte 7,\d+, and is shorter"):
            take(log("part", SAME + lines(0, count)), lake)
    assert rows(lake) == (100, 100)


def test_a_copy_that_is_being_made_is_waited_for(
    log: Callable[..., Path], lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, path = SAME + lines(0, 500), log("copy", "")
    take(log("log", text), lake)

    def copy() -> None:
        with path.open("w") as file:
            for start in range(0, len(text), 4000):
                file.write(text[start : start + 4000])
                file.flush()
                time.sleep(0.1)

    path.write_text(text[:2000])
    thread = threading.Thread(target=copy)
    thread.start()
    assert take(path, lake) == (0, 0)
    thread.join()
    monkeypatch.setattr("pipeline.ingest.MAX_UNFINISHED", -1.0)
    path.write_text(text[:2000])
    with pytest.raises(Unfinished):
        take(path, lake)


def test_an_archive_that_is_being_made_is_waited_for(log: Callable[..., Path], lake: Lake) -> None:
    whole = gzip.compress(lines(0, 2000).encode())
    path = log("log.gz", "")
    path.write_bytes(whole[: len(whole) // 2])

    def rest() -> None:
        with path.open("ab") as file:
            file.write(whole[len(whole) // 2 :])

    thread = threading.Timer(0.4, rest)
    thread.start()
    assert take(path, lake) == (2000, 0)
    thread.join()


def test_a_follower_that_began_with_one_line_and_an_ingest_of_the_whole_log_do_not_both_add_it(
    log: Callable[..., Path], lake: Lake
) -> None:
    """Each has seen another beginning of it: neither has more than that to know the log by."""
    path = log("log", LINE % 0)
    with path.open("rb", buffering=0) as stream:
        head = read_head(stream)
        run = Run(str(path), lake, PLAIN, namesakes(lake, head)[0])
        path.write_text(lines(0, 100))
        assert take(path, lake) == (100, 0)
        with pytest.raises(Exception, match="another ingest took the same log"):
            run.read(stream, head, growing=True)
    path.write_text(lines(0, 101))
    with path.open("rb", buffering=0) as stream:
        head = read_head(stream)
        Run(str(path), lake, PLAIN, namesakes(lake, head)[0]).read(stream, head, growing=True)
    assert take(path, lake) == (0, 0)
    assert rows(lake) == (101, 101)


def test_a_run_that_died_between_rejects_and_rows_is_gone_on_with_when_the_log_has_grown(
    log: Callable[..., Path], lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log("log", "junk\n" + lines(0, 1))
    append = Lake._append

    def dying(self: Lake, name: str, *rest: object) -> None:
        if name == "requests":
            raise KeyboardInterrupt
        append(self, name, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "_append", dying)
        with pytest.raises(KeyboardInterrupt):
            take(path, lake)
    path.write_text("junk\n" + lines(0, 50) + "junk\n")
    assert take(path, lake) == (50, 2)
    assert Engine(lake).query("SELECT count(*) AS n FROM rejects").to_pylist() == [{"n": 2}]


def test_a_first_line_that_grows_while_the_log_is_read_is_looked_up_again(
    log: Callable[..., Path], lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log("log", (LINE % 0)[:30])
    known = namesakes

    def grown(*arguments: object) -> object:
        found = known(*arguments)  # type: ignore[arg-type]
        path.write_text(lines(0, 3))
        return found

    monkeypatch.setattr("pipeline.ingest.namesakes", grown)
    take(path, lake)
    assert take(path, lake) == (0, 0)
    assert rows(lake) == (3, 3)


@pytest.mark.parametrize("text", ["\n", "x\n", "\n\n\n", "a"])
def test_logs_of_a_few_bytes_are_known_again(text: str, log: Callable[..., Path], lake: Lake) -> None:
    path = log("log", text)
    settings = Settings(format="combined")
    first = ingest_source(str(path), lake, settings)
    assert first.rejects + first.pending == max(1, text.count("\n"))
    again = ingest_source(str(path), lake, settings)
    assert (again.rows, again.rejects, again.pending) == (0, 0, first.pending)
    path.write_text("" if first.pending else text + text)
    grown = ingest_source(str(path), lake, settings)
    assert grown.rejects == (0 if first.pending else text.count("\n"))


def test_an_empty_log_is_no_other_ones_beginning(log: Callable[..., Path], lake: Lake) -> None:
    take(log("blank", "\n" + lines(0, 9)), lake)
    assert take(log("empty", ""), lake) == (0, 0)


def test_links_to_a_log_are_that_log(log: Callable[..., Path], lake: Lake, tmp_path: Path) -> None:
    path = log("log", lines(0, 30))
    os.link(path, tmp_path / "hard")
    (tmp_path / "soft").symlink_to(path)
    assert [take(tmp_path / name, lake) for name in ("soft", "hard", "log")] == [(30, 0), (0, 0), (0, 0)]


def test_too_many_logs_of_one_line_are_an_error(
    log: Callable[..., Path], lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MAX_NAMESAKES", 2)
    for number in range(2):
        take(log(str(number), SAME + lines(100 * number, 40)), lake)
    with pytest.raises(SourceFault, match="2 logs of this lake begin with the same line"):
        take(log("2", SAME + lines(900, 40)), lake)
    assert take(log("0", SAME + lines(0, 41)), lake) == (1, 0)


def test_what_a_rotation_took_away_between_a_glob_and_its_reading_is_no_failure(
    log: Callable[..., Path], lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, gone = log("access.log", lines(0, 5)), str(tmp_path / "access.log.1")
    monkeypatch.setattr("pipeline.commands.ingest.expand", lambda *_: [Found(gone), Found(str(path))])
    command = ["--no-geo", "--lake", lake.path]
    done = CliRunner().invoke(whofrom, ["ingest", *command, f"{path}*"])
    assert (done.exit_code, rows(lake)) == (0, (5, 5))
    assert f"{gone}: skipped: gone meanwhile" in done.stderr
    assert CliRunner().invoke(whofrom, ["ingest", *command, gone]).exit_code == 1


@pytest.mark.parametrize("count", [3, 100])
@pytest.mark.parametrize("hole", [200, 5000])
def test_logs_behind_holes_are_known_by_what_is_behind(
    hole: int, count: int, log: Callable[..., Path], lake: Lake
) -> None:
    """As copytruncate leaves them of a writer that does not append: each begins where the one before ended."""
    for number in range(3):
        text = "\0" * (hole + 40_000 * number) + lines(1000 * number, count)
        assert take(log(f"{number}", text), lake) == (count, 0)
        assert take(log(f"{number}.gz", text + LINE % (1000 * number + 999)), lake) == (1, 0)
    assert rows(lake) == (3 * count + 3, 3 * count + 3)


def test_a_hole_whose_log_comes_while_it_is_read_is_no_blank_line(log: Callable[..., Path], lake: Lake) -> None:
    path = log("log", "\0" * 50_000)
    with path.open("rb", buffering=0) as stream:
        head = read_head(stream)
        run = Run(str(path), lake, PLAIN, namesakes(lake, head)[0])
        path.write_text("\0" * 90_000 + lines(0, 3))
        with pytest.raises(Overtaken, match="its first line has grown"):
            run.read(stream, head, growing=True)
    assert take(path, lake) == (3, 0)


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("folder", [False, True])
def test_a_log_of_nothing_but_junk_is_of_its_rotations_format(
    folder: bool, again: bool, log: Callable[..., Path], lake: Lake, tmp_path: Path
) -> None:
    """A rotation came, and the first line of the new log is odd: it is no log of another kind, and not lost."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log("logs/access.log.1.gz", lines(0, 5))
    source = str(logs) if folder else f"{logs}/*"
    command = ["--no-geo", "--lake", lake.path, source]
    if again:
        assert CliRunner().invoke(whofrom, ["ingest", *command]).exit_code == 0
    log("logs/access.log", "junk\n")
    log("logs/error.log", "2026/11/26 [error] no log of requests\n")
    done = CliRunner().invoke(whofrom, ["ingest", *command])
    assert done.exit_code == (0 if folder else 1)
    assert "access.log: combined, 0 rows, 1 reject" in done.stderr
    assert "error.log: " in done.stderr
    assert "no known log format" in done.stderr
    assert Engine(lake).query("SELECT source, raw FROM rejects").to_pylist() == [
        {"source": str(logs / "access.log"), "raw": "junk"}
    ]
