"""Objects of a store are read by tasks as they are without, large ones in slices; and a store that does not answer."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.commands import reading
from pipeline.errors import Unreachable
from pipeline.ingest import Outcome
from pipeline.lake import Lake
from pipeline.sources import objects
from pipeline.sources.plain import opened_plain
from pipeline.spread import driver, slices, work
from tests.pipeline.sources.servers import STORES, Store
from tests.pipeline.spread.beside import Here, held, ingest
from tests.pipeline.test_ingest import log_of


@pytest.fixture(scope="module", params=["s3", "gs"])
def served(request: pytest.FixtureRequest) -> Iterator[Store]:
    with STORES[request.param]() as store:
        yield store


@pytest.fixture
def store(served: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    served.used(monkeypatch)
    served.empty()
    return served


def test_objects_are_read_in_slices_as_they_are_without(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 3000)
    monkeypatch.setattr(objects, "RANGE_BYTES", 700)
    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    store.put("web/access.log", log_of(90) + b"junk\n" + log_of(90, first=90))
    store.put("web/packed.log.gz", gzip.compress(log_of(90, first=500)))
    store.put("web/packed", gzip.compress(log_of(90, first=700)))
    store.put("web/nothing", b"")
    for more in (b"", log_of(60, first=180) + b"junk\n", log_of(1, first=300)[:-1]):
        store.put("web/access.log", log_of(90) + b"junk\n" + log_of(90, first=90) + more)
        names = [store.name("web/"), store.name("web/gone.log"), str(tmp_path / "gone.log")]
        assert ingest(names, lakes[1], spread=Here()) == ingest(names, lakes[0])
        assert held(lakes[0], cut=True) == held(lakes[1], cut=True)


def test_an_object_is_read_from_anywhere(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "RANGE_BYTES", 64)
    name, text = store.put("a.log", log_of(9)), log_of(9)
    with opened_plain(name) as plain:
        assert plain is not None
        assert (plain.size, plain.growing, plain.head()) == (len(text), False, text[:1024])
        assert plain.at(70, 30) == text[70:100]
        assert plain.between(100, 300).read(9999) == text[100:300]
        assert plain.between(7, len(text)).read(9999) == text[7:]
        assert slices.count(name, 1, len(text)) == 9


def test_of_a_store_that_does_not_answer_one_object_is_tried(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [store.put(f"{number}.log", log_of(9, first=9 * number)) for number in range(5)]
    (tmp_path / "here.log").write_bytes(log_of(3, first=900))
    ingest_source, tried = work.ingest_source, []

    def silent(name: str, *args: object, **options: object) -> Outcome:
        if name in names[1:]:
            tried.append(name)
            raise Unreachable("does not answer", name)
        return ingest_source(name, *args, **options)  # type: ignore[arg-type]

    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    for module in (work, reading):
        monkeypatch.setattr(module, "ingest_source", silent)
    asked = [*names, tmp_path / "here.log"]
    said = ingest(asked, lakes[0])
    assert len(tried) == 1
    assert said[-3:] == [
        "3 more of it not tried; run again: what is in the lake is not added twice", "total: 12 rows, 0 rejects",
        "failed: True",
    ]  # fmt: skip
    assert ingest(asked, lakes[1], spread=Here()) == said
    assert len(tried) == 2
