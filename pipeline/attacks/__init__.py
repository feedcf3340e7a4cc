"""
Attack tracing: requests → stages (`stages`, SQL) → rules (`rules`, one table) → alerts (`find`) → sources, ranked.
"""

from pipeline.attacks.crawlers import Known
from pipeline.attacks.find import COLUMNS, GROUPS, TABLE_COLUMNS, find, sources
from pipeline.attacks.inside import judge_of
from pipeline.attacks.rules import RULES, Rule

__all__ = ["COLUMNS", "GROUPS", "RULES", "TABLE_COLUMNS", "Known", "Rule", "find", "judge_of", "sources"]
