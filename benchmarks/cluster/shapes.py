"""Clusters of executors with one core each, as processes of this machine; and how Spark is told to be measured."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
STAGES = "WHOFROM_BENCH_STAGES"  # the variable that names the folder where Python workers say what they took
# nothing that changes what is measured: only what is written down of it
DEFAULTS = """\
spark.eventLog.enabled true
spark.eventLog.dir file://{events}
spark.eventLog.compress false
spark.eventLog.rolling.enabled false
spark.executor.memory {memory}m
spark.python.daemon.module benchmarks.cluster.daemon
spark.ui.showConsoleProgress false
"""


class Shape(NamedTuple):
    """
    So many executors of one core, with so many MiB of heap each; of none DuckDB does the work.

    limit  seconds that a command may take
    """

    executors: int
    memory: int = 1024
    limit: float = 1_800

    @property
    def name(self) -> str:
        """As the report calls it."""
        return f"local-cluster[{self.executors},1,{self.memory}]" if self.executors else "DuckDB, this machine"

    @property
    def options(self) -> list[str]:
        """Of a command of whofrom."""
        return ["--engine", "spark", "--master", self.name] if self.executors else []


def environment(shape: Shape, folder: Path) -> Mapping[str, str]:
    """Make folders for what is written down, and return the variables under which a command writes it there."""
    for name in ("conf", "events", "stages"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    text = DEFAULTS.format(events=folder / "events", memory=shape.memory)
    (folder / "conf" / "spark-defaults.conf").write_text(text, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "SPARK_CONF_DIR": str(folder / "conf"), STAGES: str(folder / "stages"), "PYTHONPATH": path}
