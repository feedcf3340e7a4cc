"""What is written of a cluster, read back as whofrom reads it."""

from __future__ import annotations

import json
import tomllib
from typing import Any, NamedTuple

from echo.clientip import Config, parse_config
from echo.topology.cluster import Cluster
from echo.topology.documents import documents
from echo.topology.proposal import propose
from echo.topology.view import Complaints
from tests.echo.topology.clusters import Json, listed


class Read(NamedTuple):
    """The TOML's text, its tables, the configuration it makes, the lines for people."""

    text: str
    tables: dict[str, Any]
    config: Config
    notes: str

    @property
    def network(self) -> dict[str, Any]:
        found: dict[str, Any] = self.tables["network"]
        return found

    @property
    def trusted(self) -> list[str]:
        found: list[str] = self.tables["trust"]["ranges"]
        return found


def written(document: Json) -> Read:
    cluster, complaints = Cluster(), Complaints()
    cluster.add(documents(json.dumps(document).encode(), "x.json"), "x.json", complaints)
    made = propose(cluster)
    notes = "\n".join([*complaints.lines(), *made.notes])
    return Read(made.toml, tomllib.loads(made.toml), parse_config(made.toml, "whofrom.toml"), notes)


def of(*objects: Json) -> Read:
    return written(listed(*objects))
