"""An engine is opened by its choice; what it stands on is imported then, so that nobody waits for the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.engine.base import Engine, Limits
from pipeline.engine.choice import Choice
from pipeline.errors import UsageFault

if TYPE_CHECKING:
    from pipeline.engine.spreading import Spread
    from pipeline.lake import Lake

LOCAL = Choice()  # what stays on this machine whatever is chosen: looking after a lake, following logs
OPTIONS = {"memory": "--memory", "threads": "--threads", "files": "--allow-files"}


def open_engine(lake: Lake, choice: Choice = LOCAL, limits: Limits = Limits()) -> Engine:  # noqa: B008  # a tuple
    """
    Open a lake for questions.

    Raises LakeFault if there is none, EngineFault if the engine is not there, UsageFault for limits that it has not.
    """
    if not choice.cluster:
        from pipeline.engine import duckdb  # noqa: PLC0415

        return duckdb.Engine(lake, limits)
    for name, option in OPTIONS.items():
        if getattr(limits, name):
            raise UsageFault("is DuckDB's, and Spark runs", option, "leave it away; Spark is told by its own settings")
    from pipeline.engine import spark  # noqa: PLC0415
    from pipeline.engine.session import open_session  # noqa: PLC0415

    files = lake.files()  # before Spark, which takes seconds to start
    return spark.Engine(files, open_session(choice))


def open_spread(choice: Choice) -> Spread | None:
    """Return what spreads tasks over a cluster, None where the engine has none. Raises EngineFault if it is away."""
    if not choice.cluster:
        return None
    from pipeline.engine.session import open_session  # noqa: PLC0415
    from pipeline.engine.spreading import Spread  # noqa: PLC0415

    return Spread(open_session(choice))
