"""Stories out of an engine, as the command tells them, without alerts."""

from __future__ import annotations

from typing import Any

from echo.clientip import parse_config
from pipeline.engine.duckdb import Engine
from pipeline.trace.folding import fold
from pipeline.trace.scan import Lookup, catalogue, network_of
from pipeline.trace.story import Background, tell
from pipeline.trace.subject import recognise

CONFIG = parse_config('[trust]\nranges = ["10.0.0.0/8"]\n', "whofrom.toml")


def story_of(engine: Engine, text: str, kind: str | None = None, config: Any = CONFIG, **period: Any) -> dict[str, Any]:
    lookup = Lookup(engine, **period)
    subject = recognise(text, kind)[-1]
    lookup.count(subject)
    scan = lookup.scan()
    background = Background(config, known=catalogue(), near=None if scan.overview else lookup.near(subject))
    if subject.kind == "ip":
        network = network_of(subject.text)
        background = background._replace(network=network, neighbours=lookup.neighbours(network))
    runs = fold(lookup.runs(scan), 40) if scan.overview else []
    return tell(subject, scan, runs, {"since": None, "until": None, **period}, background)
