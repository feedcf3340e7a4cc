"""Tasks give back what a user can mend, as an ingest on this machine would say it; the rest they raise."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from echo.clientip import Fault
from pipeline import errors
from pipeline.errors import GeoFault, LakeFault, Rejected
from pipeline.lake import REJECTS, REQUESTS, Lake
from pipeline.settings import Settings
from pipeline.spread import work
from pipeline.spread.recipe import Recipe
from pipeline.spread.work import Drafted, Range, Read, Shift, Source, Told, counted, drafted, looked, shifted
from tests.pipeline.test_ingest import log_of

FAULTS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Fault)]


def told(lake: Lake, folder: Path, settings: Settings = Settings()) -> Told:  # noqa: B008  # frozen
    return Told(lake.path, Recipe.of(settings), str(folder))


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_travels_as_it_is(kind: type[Fault]) -> None:
    fault = pickle.loads(pickle.dumps(kind("no such file", "a.log", "name another")))  # our own
    assert type(fault) is kind
    assert (str(fault), fault.exit_code) == ("a.log: no such file; name another", kind.exit_code)


def test_a_source_that_fails_leaves_the_others(tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "one.log").write_bytes(log_of(3))
    (tmp_path / "two.log").write_bytes(b"what is this\n" * 9)
    (tmp_path / "four.log").write_bytes(log_of(2, first=9))
    item = tuple(Source(f"{name}.log") for name in ("one", "two", "three", "four"))
    made = drafted(told(lake, tmp_path), item, {})
    assert [read.outcome and read.outcome.rows for read in made.reads] == [3, None, None, 2]
    assert [type(read.fault).__name__ for read in made.reads] == ["NoneType", "NoLog", "Gone", "NoneType"]
    assert [file.rows for file in made.files[REQUESTS]] == [5]
    assert [bool(read.touched) for read in made.reads] == [True, False, False, True]


def test_a_strict_run_ends_with_the_first_line_that_is_no_row(tmp_path: Path, lake: Lake) -> None:
    for name, text in (("one", log_of(3)), ("two", log_of(2, first=9) + b"junk\n"), ("three", log_of(2, first=20))):
        (tmp_path / name).write_bytes(text)
    made = drafted(told(lake, tmp_path, Settings(strict=True)), tuple(map(Source, ("one", "two", "three"))), {})
    assert [type(read.fault) for read in made.reads] == [type(None), Rejected]
    assert [file.rows for file in made.files[REQUESTS]] == [3]


def test_what_concerns_all_sources_is_said_of_each_and_nothing_is_left(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_bytes(log_of(3))
    item = (Source("log"), Source("log"))
    gone = tmp_path / "gone"
    made = drafted(told(Lake("relative"), gone), item, {})
    assert made == Drafted(tuple(Read(fault=read.fault) for read in made.reads), {}, {})
    words = "a machine that reads has no such folder: No such file or directory; name lake and sources by paths that"
    assert [str(read.fault) for read in made.reads] == [f"{gone}: {words} all machines have"] * 2
    recipe = Recipe(None, (), ("GeoIP.mmdb",), None, strict=False)
    (tmp_path / "broken").write_bytes(b"x" * 99)
    made = drafted(Told(lake.path, recipe, str(tmp_path)), item, {"GeoIP.mmdb": str(tmp_path / "broken")})
    assert [type(read.fault) for read in made.reads] == [GeoFault] * 2
    monkeypatch.setattr(work.Draft, "_write", full)
    made = drafted(told(lake, tmp_path), item, {})
    assert [type(read.fault) for read in made.reads] == [LakeFault] * 2
    assert not list(Path(lake.path).rglob("*.parquet"))


def full(*_: object) -> None:
    raise LakeFault("cannot write: No space left on device", "lake")


def test_what_is_no_fault_is_raised_and_nothing_is_left(
    tmp_path: Path, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_bytes(log_of(3))
    ingest_source = work.ingest_source

    def broken(*args: object, **options: object) -> None:
        ingest_source(*args, **options)  # type: ignore[arg-type]
        raise ZeroDivisionError

    monkeypatch.setattr(work, "ingest_source", broken)
    with pytest.raises(ZeroDivisionError):
        drafted(told(lake, tmp_path), (Source("log"),), {})
    assert not list(Path(lake.path).rglob("*.parquet"))


def test_paths_are_those_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "log").write_bytes(log_of(3) + b"junk\n")
    monkeypatch.chdir(tmp_path / "here")
    there = Told("lake", Recipe.of(Settings()), str(tmp_path))
    made = drafted(there, (Source("log"),), {})
    assert made.reads[0].outcome is not None
    assert made.reads[0].outcome.source == "log"
    assert (tmp_path / "lake" / REQUESTS / made.files[REQUESTS][0].path).exists()
    assert [one and one.format for one in looked(there, (Source("log"), Source("gone")), {})] == ["combined", None]
    assert counted(there, Range("log", 0, 20), {}) == 0
    assert counted(there, Range("gone", 0, 20), {}) is None
    assert counted(there, Range("log", 0, 20_000), {}) is None


def test_numbers_of_rejects_are_moved(tmp_path: Path, lake: Lake) -> None:
    (tmp_path / "log").write_bytes(log_of(3) + b"junk\n" + log_of(2, first=3) + b"junk\n")
    (before,) = drafted(told(lake, tmp_path), (Source("log"),), {}).files[REJECTS]
    after = shifted(told(lake, tmp_path), Shift(before, 1000), {})
    assert not isinstance(after, LakeFault)
    assert after.rows == 2
    tables = [work.parts.pq.read_table(lake.folder(REJECTS) / file.path) for file in (before, after)]
    assert [table["line"].to_pylist() for table in tables] == [[4, 7], [1004, 1007]]
    assert tables[0].drop_columns("line") == tables[1].drop_columns("line")
    (lake.folder(REJECTS) / before.path).unlink()
    assert isinstance(shifted(told(lake, tmp_path), Shift(before, 1), {}), LakeFault)
