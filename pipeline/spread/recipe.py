"""
The settings of an ingest as they travel to other machines.

A policy and login rules are data by then: what their TOML names beside itself, and what else it holds, stays here. A
key of pseudonyms goes with them, and so is on no disk there. Databases are files, which travel as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from echo.clientip import Policy
from echo.clientip.ranges import Ranges
from echo.clientip.strategies import Step
from echo.record import LoginRule
from pipeline.anonymize import Anonymizer
from pipeline.geo import Geo
from pipeline.settings import Settings

KEPT = 4  # databases that a process keeps open, with what was looked up in them


class Recipe(NamedTuple):
    """Settings that can be pickled; `policy` is what a Policy is made of, `geo` are paths."""

    policy: tuple[tuple[Step, ...], Ranges, bool] | None
    rules: tuple[LoginRule, ...]
    geo: tuple[str, ...]
    anonymizer: Anonymizer | None
    strict: bool

    @classmethod
    def of(cls, settings: Settings) -> Recipe:
        """Return how to make these settings again, but for the format, which is a source's own."""
        policy, geo = settings.policy, settings.geo
        return cls(
            None if policy is None else (policy.steps, policy.trusted, policy.is_chain),
            settings.rules,
            () if geo is None else tuple(one.path for one in geo.databases),
            settings.anonymizer,
            settings.strict,
        )

    def settings(self, paths: Mapping[str, str]) -> Settings:
        """Return the settings, without a format; `paths` is where the databases are now. Raises GeoFault."""
        return Settings(
            None if self.policy is None else Policy(*self.policy),
            self.rules,
            _geo(tuple(paths[path] for path in self.geo)) if self.geo else None,
            None,
            self.anonymizer,
            self.strict,
        )


@lru_cache(KEPT)
def _geo(paths: tuple[str, ...]) -> Geo:
    return Geo(*paths)
