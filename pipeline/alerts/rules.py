"""The rules that alerts are of, by the questions that have them."""

from __future__ import annotations

from pipeline.attacks.rules import RULES as ATTACKS
from pipeline.logins.rules import RULES as LOGINS

RULE_CODES = tuple(sorted({rule.code for rule in ATTACKS} | set(LOGINS)))
