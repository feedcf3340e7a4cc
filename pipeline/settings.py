"""What an ingest is told: policy, databases, rules, and what of it is not to be known."""

from __future__ import annotations

from dataclasses import dataclass

from echo.clientip import Policy, make_policy
from echo.record import LoginRule
from pipeline.anonymize import Anonymizer
from pipeline.geo import Geo

DEFAULT_POLICY = make_policy()


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What an ingest is told, beside its sources and its lake.

    policy      how to resolve; None keeps the verdict that a row brings, and is remote-addr for the others
    rules       login rules
    geo         an open database, or None
    format      name of the format or an nginx log_format, as `named` takes it; None to find out
    anonymizer  makes addresses unrecognisable before they are written; None leaves them whole
    strict      whether a line that is no row ends the run, before anything of its block is committed
    """

    policy: Policy | None = None
    rules: tuple[LoginRule, ...] = ()
    geo: Geo | None = None
    format: str | None = None
    anonymizer: Anonymizer | None = None
    strict: bool = False
