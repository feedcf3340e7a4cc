"""
Off-site logins: did a user sign in from an unusual place, and is somebody trying accounts?

`find` runs the rules over a lake; `rules` is the table of them, `settings` that of their numbers; `explain` shows each
step of one finding. What is found, and what is looked at, is in `queries/logins/*.sql`.
"""

from pipeline.logins.find import Judged, Looked, find, judge, look
from pipeline.logins.rules import RULES, SILENT
from pipeline.logins.settings import LOGINS_KEYS, NUMBERS, Settings, parse_settings

__all__ = [
    "LOGINS_KEYS",
    "NUMBERS",
    "RULES",
    "SILENT",
    "Judged",
    "Looked",
    "Settings",
    "find",
    "judge",
    "look",
    "parse_settings",
]
