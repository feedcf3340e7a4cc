"""What tasks read is what an ingest without them reads: rows, rejects, marks, and what is said."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from echo.clientip import make_policy
from echo.record import parse_login_rules
from pipeline.anonymize import Anonymizer
from pipeline.errors import LakeFault
from pipeline.geo import Geo
from pipeline.lake import REJECTS, REQUESTS, Lake, Turn
from pipeline.lake.parts import File
from pipeline.settings import Settings
from pipeline.spread import Task, driver
from tests.pipeline.conftest import DATA
from tests.pipeline.sources.wrappers.shipped import LINE
from tests.pipeline.spread.beside import Here, held, ingest, name_of
from tests.pipeline.test_ingest_wrapped import cri, docker, syslog

Writes = Callable[[Path], list[Path]]


def line(number: int, peer: str = "203.0.113.7", day: int = 17) -> bytes:
    return b'%s - - [%02d/May/2015:10:05:%02d +0000] "GET /%d?%s HTTP/1.1" 200 5 "-" "curl/8"' % (
        peer.encode(),
        day,
        number % 60,
        number,
        b"x" * (number * 37 % 90),
    )


def log(count: int, first: int = 0, end: bytes = b"\n") -> bytes:
    return b"".join(line(number) + end for number in range(first, first + count))


def files(**texts: bytes) -> Writes:
    def write(folder: Path) -> list[Path]:
        paths = [folder / name.replace("_", ".") for name in texts]
        for path, text in zip(paths, texts.values(), strict=True):
            path.write_bytes(text)
        return paths

    return write


def crowdsec(folder: Path) -> list[Path]:
    """A log of each format that other projects' tests have lines of."""
    found: dict[str, list[bytes]] = {}
    for name in ("crowdsec_text.jsonl", "crowdsec_json.jsonl"):
        for case in map(json.loads, (DATA / "logs" / name).read_text("utf-8").splitlines()):
            found.setdefault(case["format"], []).append(case["line"].encode())
    paths = []
    for name, lines in found.items():
        paths.append(folder / f"{name}.log")
        paths[-1].write_bytes(b"".join(one + b"\n" for one in lines))
    return paths


def tree(folder: Path) -> list[Path]:
    """A folder with rotations, what is no log, an empty file, and a link to nothing."""
    below = folder / "logs" / "web"
    below.mkdir(parents=True)
    (below / "access.log").write_bytes(log(9, first=60))
    (below / "access.log.1").write_bytes(log(30, first=30))
    (below / "access.log.2.gz").write_bytes(gzip.compress(log(30)))
    (below / "error.log").write_bytes(b"2015/05/17 [error] something else\n" * 9)
    (below / "empty.log").touch()
    (below / "binary").write_bytes(b"\0\1\2" * 99)
    (below / "gone").symlink_to("nothing")
    return [folder / "logs"]


def wrapped(how: Callable[[bytes], list[bytes]]) -> bytes:
    return b"".join(b"".join(how(one)) for one in [*log(40).splitlines(), b"junk", b"y" * 40_000, line(77)])


NGINX_JSON = orjson.dumps(
    {"time_iso8601": "2015-05-17T10:05:03Z", "remote_addr": "10.0.0.9", "request": "GET /j HTTP/1.1", "status": 200}
)
CASES: dict[str, Writes] = {
    "plain": files(a_log=log(60), b_log=log(50, first=100)),
    "rejects in many places": files(a_log=b"".join(log(5, first=5 * at) + b"junk %d\n\n" % at for at in range(20))),
    "a record a line": files(a_log=(LINE + b"\n") * 3, b_log=NGINX_JSON + b"\n" + log(30)),
    "every format": crowdsec,
    "compressed": files(
        a_gz=gzip.compress(log(40)), b_bz2=bz2.compress(log(40, first=50)), c_xz=lzma.compress(log(40, first=99)),
        d_log=gzip.compress(log(9, first=200)),
    ),
    "cut short": files(a_gz=gzip.compress(log(400), mtime=0)[:-30], b_log=log(30)),
    "cri": files(a_log=wrapped(cri)),
    "docker": files(a_log=wrapped(docker)),
    "syslog": files(a_log=wrapped(syslog)),
    "a folder": tree,
    "a glob": lambda folder: (tree(folder), [folder / "logs" / "web" / "access.log*"])[1],
    "no end yet": files(a_log=log(30) + line(30)[:60], b_log=log(30, first=50) + line(80)),
    "an overlong line": files(a_log=log(20) + b"x" * (17 << 20) + b"\n" + log(20, first=20)),
    "a hole": files(a_log=b"\0" * 3000 + log(30), b_log=log(9) + b"\0" * 5000 + log(9, first=9)),
    "odd line ends": files(a_log=b"\xef\xbb\xbf" + log(30, end=b"\r\n"), b_log=log(20, first=50, end=b"\r\n")),
    "mixed": files(a_log=log(9) + NGINX_JSON + b"\n" + LINE + b"\n" + log(9, first=9) + b"junk\n" + NGINX_JSON),
    "one log twice": lambda folder: [*files(a_log=log(30), b_log=log(50))(folder), folder / "a.log"],
    "logs that begin alike": files(
        a_log=log(30) + log(9, first=100), b_log=log(30) + log(9, first=200), c_log=log(30) + log(9, first=300)
    ),
    "small logs that begin alike": files(a_log=log(2) + log(1, first=5), b_log=log(2) + log(3, first=7)),
    "nothing": files(a_log=b"", b_log=b"\n\n\n", c_log=log(3)),
    "no log": files(a_log=b"what is this\n" * 100, b_log=log(30)),
    "not there": lambda folder: [folder / "a.log", *files(b_log=log(9))(folder)],
    "several days": files(
        a_log=b"".join(line(number, day=1 + number % 28) + b"\n" for number in range(90)),
    ),
    "names": files(**{"a b%41_log": log(9), "\udce9_log": log(9, first=20), "ü_log": log(9, first=40)}),
}  # fmt: skip
SLICES = {"whole": driver.SLICE_BYTES, "sliced": 2000}
WIDER = {"an overlong line": 3 << 20}  # slices of a case, where there would be too many


@pytest.fixture
def lakes(tmp_path: Path) -> tuple[Lake, Lake]:
    return Lake(str(tmp_path / "lakes" / "one")), Lake(str(tmp_path / "lakes" / "two"))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    path = tmp_path / "texts"
    path.mkdir()
    return path


@pytest.mark.parametrize("size", SLICES)
@pytest.mark.parametrize("case", CASES)
def test_both_ways_make_the_same_lake(
    case: str, size: str, logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", max(SLICES[size], WIDER.get(case, 0)))
    names, cut = CASES[case](logs), size == "sliced"
    assert ingest(names, lakes[1], spread=Here()) == ingest(names, lakes[0])
    assert held(lakes[1], cut=cut) == held(lakes[0], cut=cut)
    commits = [commits_of(one) for one in lakes]
    assert ingest(names, lakes[1], spread=Here()) == ingest(names, lakes[0])
    assert [commits_of(one) for one in lakes] == commits  # a second run adds nothing


@pytest.mark.parametrize("ways", [(True, False), (False, True), (True, True)], ids=["back", "forth", "on"])
@pytest.mark.parametrize("size", SLICES)
def test_logs_that_have_grown_and_were_rotated_go_on_by_either_way(
    size: str, ways: tuple[bool, bool], logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", SLICES[size])
    access, other = logs / "access.log", logs / "other.log"
    steps: list[tuple[bytes, bytes]] = [
        (log(3), log(20, first=500) + line(520)),
        (log(40) + b"junk\n" + line(40)[:50], log(30, first=500) + b"junk\n"),
        (log(40) + b"junk\n" + log(90, first=40) + b"\n" + log(1, first=150), log(60, first=500) + b"junk\n"),
    ]
    for number, (text, more) in enumerate(steps):
        access.write_bytes(text)
        other.write_bytes(more)
        if number == 2:
            access = access.rename(logs / "access.log.1")
            (logs / "access.log").write_bytes(log(9, first=700))
        here = Here() if ways[number % 2] else None
        said = ingest([logs], lakes[1], spread=here), ingest([logs], lakes[0])
        assert said[0] == said[1]
        assert held(lakes[1], cut=True) == held(lakes[0], cut=True)


def commits_of(lake: Lake) -> list[str]:
    return sorted(path.name for path in Path(lake.path).rglob("_delta_log/*.json"))


def with_settings(city_mmdb: str) -> dict[str, Settings]:
    rules = parse_login_rules([{"path": "/[0-9]+", "method": "GET", "user": "query:x"}])
    return {
        "trust": Settings(make_policy(trusted=["203.0.113.0/24", "10.0.0.0/8"])),
        "login rules": Settings(rules=rules),
        "geo": Settings(geo=Geo(city_mmdb)),
        "cut addresses": Settings(geo=Geo(city_mmdb), anonymizer=Anonymizer("truncate")),
        "pseudonyms": Settings(anonymizer=Anonymizer("pseudonym", b"k" * 32)),
        "a format": Settings(format="ndjson"),
        "an nginx log_format": Settings(format='$remote_addr - - [$time_local] "$request" $status $body_bytes_sent'),
    }


@pytest.mark.parametrize("name", list(with_settings(str(DATA / "mmdb" / "GeoIP2-City-Test.mmdb"))))
def test_settings_mean_the_same_elsewhere(
    name: str, city_mmdb: str, logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 2000)
    settings = with_settings(city_mmdb)[name]
    (logs / "a.log").write_bytes(b"".join(line(number, f"81.2.69.{number + 100}") + b"\n" for number in range(60)))
    (logs / "b.log").write_bytes((LINE + b"\n") * 20 + b"junk of 203.0.113.7\n")
    (logs / "c.log").write_bytes(wrapped(cri))
    here = Here()
    assert ingest([logs], lakes[1], settings, here) == ingest([logs], lakes[0], settings)
    assert held(lakes[1], cut=True) == held(lakes[0], cut=True)
    assert here.files == ([city_mmdb] if settings.geo is not None else [])


@pytest.mark.parametrize("first", [0, 7, 30, 59])
@pytest.mark.parametrize("grown", [False, True], ids=["new", "grown"])
def test_a_strict_run_ends_where_it_would_without_tasks(
    first: int, grown: bool, logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 2000)
    names = files(a_log=log(40), b_log=log(60, first=100), c_log=log(50, first=200))(logs)
    if grown:
        ingest(names, lakes[1], spread=Here())
        ingest(names, lakes[0])
    lines = log(60, first=300).splitlines(keepends=True)
    with names[1].open("ab") as file:
        file.write(b"".join([*lines[:first], b"junk\n", *lines[first:], b"junk\n"]))
    with names[2].open("ab") as file:
        file.write(log(3, first=500))
    strict = Settings(strict=True)
    assert ingest(names, lakes[1], strict, Here()) == ingest(names, lakes[0], strict)
    found = [held(one) for one in lakes]
    assert found[0]["refused"] == found[1]["refused"] == []
    for name in (names[0], names[2]):
        kept = [[row["target"] for row in one["rows"] if row["source"] == str(name)] for one in found]
        assert kept[0] == kept[1]
    # of the log with the line, blocks in front of it are in the lake; those of slices are smaller
    assert len(found[1]["rows"]) >= len(found[0]["rows"])
    mended = names[1].read_bytes().replace(b"junk\n", b"")
    names[1].write_bytes(mended)
    assert ingest(names, lakes[1], strict, Here())[-1] == "failed: False"
    assert sorted(row["target"] for row in held(lakes[1])["rows"]) == sorted(
        each.split(b" ")[6].decode() for path in names for each in path.read_bytes().splitlines()
    )


class Meanwhile(Here):
    """Does something before a task of a name is run for the item of a number."""

    def __init__(self, name: str, number: int, act: Callable[[], object]) -> None:
        super().__init__()
        self._left, self._name, self._act = number, name, act

    def run(self, task: Task, item: Any, paths: Mapping[str, str]) -> Any:
        if name_of(task) == self._name:
            if not self._left:
                self._act()
            self._left -= 1
        return super().run(task, item, paths)


@pytest.mark.parametrize("size", SLICES)
@pytest.mark.parametrize("number", [0, 1, 3])
def test_another_ingest_of_the_same_logs_takes_nothing_twice(
    number: int, size: str, logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", SLICES[size])
    monkeypatch.setattr(driver, "LONGEST_WAIT", 0.0)
    monkeypatch.setattr(driver, "LEAST_ITEM", 1 << 40)
    names = files(a_log=log(40) + b"junk\n", b_log=log(50, first=100) + b"junk\n", c_log=log(20, first=200))(logs)
    other = Meanwhile("drafted", number, lambda: ingest(names[:2], lake))
    said = ingest(names, lake, spread=other)
    assert said[-1] == "failed: False"
    found = held(lake)
    assert sorted(row["target"] for row in found["rows"]) == sorted(
        each.split(b" ")[6].decode() for path in names for each in path.read_bytes().splitlines() if b"GET" in each
    )
    assert [row["line"] for row in found["refused"]] == [41, 51]
    assert parquet(lake) == in_lake(lake)


def test_another_ingest_that_commits_between_rejects_and_rows_takes_nothing_twice(
    logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "LONGEST_WAIT", 0.0)
    names = files(a_log=log(9) + b"junk\n", b_log=log(9, first=20) + b"junk\n")(logs)
    append, done = Lake.append, []

    def overtaken(self: Lake, name: str, written: Sequence[File], turns: Sequence[Turn]) -> None:
        if name == REQUESTS and not done:
            done.append(name)
            ingest(names[:1], Lake(lake.path))
        append(self, name, written, turns)

    monkeypatch.setattr(Lake, "append", overtaken)
    assert ingest(names, lake, spread=Here())[-1] == "failed: False"
    found = held(lake)
    assert len(found["rows"]) == 18
    assert [(Path(row["source"]).name, row["line"]) for row in found["refused"]] == [("a.log", 10), ("b.log", 10)]
    assert parquet(lake) == in_lake(lake)


@pytest.mark.parametrize("number", [0, 2, 9])
def test_a_log_that_is_another_one_meanwhile_is_read_as_that(
    number: int, logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 2000)
    (path,) = files(a_log=log(200))(logs)
    new = log(60, first=300)
    said = ingest([path], lake, spread=Meanwhile("drafted", number, lambda: path.write_bytes(new)))
    assert said[-1] == "failed: False"
    targets = [row["target"].partition("?")[0] for row in held(lake)["rows"]]
    assert len(targets) == len(set(targets))
    assert {f"/{at}" for at in range(300, 360)} <= set(targets)
    assert parquet(lake) == in_lake(lake)


def test_a_run_that_was_killed_before_its_commit_is_made_again(
    logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 2000)
    names = files(a_log=b"junk\n" + log(90) + b"junk\n", b_log=log(9, first=100))(logs)
    append = Lake.append

    def killed(table: str, self: Lake, name: str, written: Sequence[File], turns: Sequence[Turn]) -> None:
        if name == table:
            raise KeyboardInterrupt
        append(self, name, written, turns)

    for table in (REJECTS, REQUESTS):  # before all of it, and between its two commits
        with monkeypatch.context() as patched:
            patched.setattr(Lake, "append", lambda *args, table=table: killed(table, *args))
            with pytest.raises(KeyboardInterrupt):
                ingest(names, lakes[1], spread=Here())
    assert held(lakes[1])["rows"] == []
    assert ingest(names, lakes[1], spread=Here()) == ingest(names, lakes[0])
    assert held(lakes[1], cut=True) == held(lakes[0], cut=True)


def test_a_lake_that_machines_do_not_share_is_not_broken(
    logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = files(a_log=log(9))(logs)

    class Elsewhere(Here):
        def run(self, task: Task, item: Any, paths: Mapping[str, str]) -> Any:
            found = super().run(task, item, paths)
            for one in parquet(lake):
                (Path(lake.path) / REQUESTS / one).unlink()
            return found

    said = ingest([path], lake, spread=Elsewhere())
    assert "what a machine wrote to the lake is not there for this one; put the lake on a file system that" in said[0]
    assert said[-1] == "failed: True"
    assert lake.table(REQUESTS) is None


def test_a_full_disk_is_said_of_each_source_and_the_lake_is_as_it_was(
    logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = files(a_log=log(9), b_log=log(9, first=20))(logs)

    def full(*_: object) -> None:
        raise LakeFault("cannot write: No space left on device", "lake", "free space")

    monkeypatch.setattr(Lake, "append", full)
    said = ingest(names, lake, spread=Here())
    assert said == ["whofrom: error: lake: cannot write: No space left on device; free space"] * 2 + [
        "total: 0 rows, 0 rejects", "failed: True",
    ]  # fmt: skip
    assert parquet(lake) == []


def test_a_log_that_changes_all_the_time_is_given_up(logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 2000)
    monkeypatch.setattr(driver, "MAX_OVERTAKEN", 2)
    names = files(a_log=log(60), b_log=log(9, first=100))(logs)
    number = iter(range(200, 300))

    class Changing(Here):
        def run(self, task: Task, item: Any, paths: Mapping[str, str]) -> Any:
            if name_of(task) == "drafted":
                names[0].write_bytes(log(60, first=next(number)))
            return super().run(task, item, paths)

    said = ingest(names, lake, spread=Changing())
    assert said[0] == (
        f"whofrom: error: {names[0]}: another ingest took the same log at the same time, or its writer changes it all"
        " the time; run again: it goes on from there"
    )
    assert said[1] == f"{names[1]}: combined, 9 rows, 0 rejects"


@pytest.mark.parametrize("grown", [False, True], ids=["new", "grown"])
def test_all_slices_of_a_log_are_read_at_once(
    grown: bool, logs: Path, lakes: tuple[Lake, Lake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 2000)
    (path,) = files(a_log=log(60) + b"junk\n")(logs)
    if grown:
        ingest([path], lakes[1], spread=Here())
        ingest([path], lakes[0])
        path.write_bytes(path.read_bytes() + (log(30, first=100) + b"junk\n") * 3)
    here = Here()
    assert ingest([path], lakes[1], spread=here) == ingest([path], lakes[0])
    assert held(lakes[0], cut=True) == held(lakes[1], cut=True)
    counting = [("counted", 1)] if grown else []
    assert here.calls[0] == ("looked", 1)
    assert here.calls[1][1] > 3
    assert [name for name, _ in here.calls] == ["looked", "drafted", *(name for name, _ in counting), "shifted"]


def test_small_logs_share_files_and_waves_are_bounded(logs: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "ITEMS_A_WORKER", 3)
    monkeypatch.setattr(driver, "SLICE_BYTES", 20_000)
    for number in range(40):
        (logs / f"{number:02}.log").write_bytes(log(9, first=9 * number))
    (logs / "large.log").write_bytes(log(2000, first=1000))
    here = Here()
    assert ingest([logs], lake, spread=here)[-1] == "failed: False"
    assert len(held(lake)["rows"]) == 2360
    assert max(count for name, count in here.calls if name == "drafted") <= 6
    assert len(parquet(lake)) < 25
    assert len(commits_of(lake)) == sum(name == "drafted" for name, _ in here.calls) + 1  # and the table's own


def parquet(lake: Lake) -> list[str]:
    """Return the files of rows that are there."""
    folder = Path(lake.path) / REQUESTS
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.parquet") if "_delta" not in str(path)
    )


def in_lake(lake: Lake) -> list[str]:
    """Return the files of rows that the lake has."""
    folder = Path(lake.path) / REQUESTS
    return sorted(Path(path).relative_to(folder).as_posix() for path in lake.files()[REQUESTS])
