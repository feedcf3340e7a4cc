"""Functions of ours on a cluster: once for each item, in order, with the files that travel."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from echo.clientip import Fault
from pipeline.engine import Choice, open_spread
from tests.spark.cluster import SPARK
from tests.spark.tasks import fail, read

pytestmark = SPARK


def test_each_item_is_done_once_and_files_travel_by_their_contents(cluster: Choice, tmp_path: Path) -> None:
    files = []
    for folder, text in (("a", "one"), ("b", "two"), ("c", "one")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "GeoIP.mmdb"
        file.write_text(text, "utf-8")
        files.append(str(file))
    with open_spread(cluster) as spread:
        assert spread.width == 2
        items = [(number, files[number % 3]) for number in range(10)]
        found = list(spread(partial(read, "!"), items, files))
        assert [one[:2] for one in found] == [(n, ("one!", "two!", "one!")[n % 3]) for n in range(10)]
        assert os.getpid() not in {pid for _, _, pid in found}
        assert list(spread(read, [], files)) == []
        Path(files[0]).write_text("three", "utf-8")  # the same name, other contents
        assert [one[1] for one in spread(partial(read, ""), items[:1], files[:1])] == ["three"]


def test_a_task_that_fails_again_and_again_is_one_line(cluster: Choice, capfd: pytest.CaptureFixture[str]) -> None:
    with open_spread(cluster) as spread:
        with pytest.raises(Fault, match="ZeroDivisionError: ") as raised:
            spread(fail, [1, 2, 3])
        assert "\n" not in str(raised.value)
        assert list(spread(fail, [3, 4])) == [3, 2]  # the session goes on
    assert capfd.readouterr() == ("", "")


def test_duckdb_has_none() -> None:
    assert open_spread(Choice()) is None
