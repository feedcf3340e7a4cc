"""Ingest on a cluster: the same lake as without one, each line once, whatever is killed meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine import Choice, open_spread
from pipeline.lake import Lake
from pipeline.spread import driver
from tests.pipeline.spread.beside import held, ingest
from tests.pipeline.spread.test_driver import log, tree
from tests.spark.cluster import SPARK

pytestmark = SPARK


def test_a_cluster_makes_the_same_lake_and_either_way_goes_on(
    cluster: Choice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SLICE_BYTES", 1 << 20)
    names, large = tree(tmp_path), tmp_path / "large.log"
    lakes = Lake(str(tmp_path / "one")), Lake(str(tmp_path / "two"))
    text = log(40_000) + b"junk\n" + log(9, first=40_000)
    with open_spread(cluster) as spread:
        for spreads in (spread, spread, None, spread):
            large.write_bytes(text)
            said = [ingest([*names, large], lake, spread=one) for lake, one in zip(lakes, (None, spreads), strict=True)]
            assert said[0] == said[1]
            assert held(lakes[0], cut=True) == held(lakes[1], cut=True)
            text += log(30_000, first=90_000) + b"junk\n"
