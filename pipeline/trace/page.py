"""A story as a page: one file without a script, `trace --html FILE`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.report.page import render
from pipeline.trace.hops import ROLES
from pipeline.trace.lanes import lanes
from pipeline.trace.render_text import DIMENSIONS, crawler_line, near_lines, run_line, sample_line, span
from pipeline.trace.stages import STAGES

MAX_RUNS = 2_000  # of the timeline: a browser lays out no more in a breath; JSON has them all
MAX_ALERTS = 100
TABLES = ("client", "place", "network", "host", "status", "method", "program", "user")


def page(story: Mapping[str, Any], now: datetime | None = None) -> str:
    """Return the page of a story; now is when it was made."""
    several = bool(story["seen"]) and story["seen"]["clients"] > 1
    runs = story["timeline"][:MAX_RUNS]
    return render(
        "trace/page.html",
        styles=["trace/page.css"],
        now=now,
        story=story,
        crawler=crawler_line(story["crawler"]) if story["crawler"] else "",
        near=list(near_lines(story["near"] or {})),
        picture=lanes(story["hours"]),
        runs=[
            {**run, "text": run_line(run, with_client=several), "known": STAGES.get(run["stage"] or "")} for run in runs
        ],
        left=len(story["timeline"]) - len(runs),
        stages=[
            {**one, "shown": [sample_line(sample) for sample in one["samples"]],
             "span": span((one["last"] - one["first"]).total_seconds())}
            for one in story["stages"]
        ],
        values=[
            (DIMENSIONS.get(name, f"{name}s"), story["values"]["distinct"][name], story["values"][name])
            for name in TABLES
            if name in story["values"] and not (name == "client" and story["subject"]["kind"] == "ip")
        ],
        alerts=story["alerts"][:MAX_ALERTS],
        roles=ROLES,
    )  # fmt: skip
