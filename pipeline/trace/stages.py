"""
The kill chain: what an intruder does one after the other, and which requests are of which stage.

A source is ranked by the highest stage that it reached, not by its volume (RITA ranks so, CrowdSec by buckets). What a
signature matches is of the stage of its family; what no signature knows is judged by the answers: refusals, failed
logins, paths that nobody had asked for before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Stage(NamedTuple):
    """
    One stage.

    code        as in JSON
    title       for people
    severity    of a source that came so far
    techniques  of MITRE ATT&CK, where no signature says better
    meaning     which requests are of it
    """

    code: str
    title: str
    severity: str
    techniques: tuple[str, ...]
    meaning: str


RECON, ENUMERATION, EXPLOIT, GUESSING = "recon", "enumeration", "exploit", "guessing"
SUCCESS, WEBSHELL, LOGIN = "success", "webshell", "login"
PROBED_PATHS = 10  # refused paths beyond which they are probing: CrowdSec's http-probing has room for as many
PROBED_SHARE = 0.3  # or of all requests of a source that takes its time
GUESSED_LOGINS = 5  # failures beyond which they are guessing: CrowdSec's http-generic-bf, fail2ban's maxretry

_TABLE = (
    Stage(
        RECON, "reconnaissance", "low", ("T1595",),
        f"Scanners by their name, and more than {PROBED_PATHS} paths in ten minutes that were refused or missing.",
    ),
    Stage(
        ENUMERATION, "enumeration", "medium", ("T1083", "T1589"),
        "Lists of users, of folders, of files that no page links to.",
    ),
    Stage(
        EXPLOIT, "exploit attempt", "medium", ("T1190",),
        "Payloads: SQL, scripts, commands, paths out of the root, known holes.",
    ),
    Stage(
        GUESSING, "password guessing", "medium", ("T1110",),
        f"More than {GUESSED_LOGINS} failed logins of one source in ten minutes.",
    ),
    Stage(
        SUCCESS, "success after attack", "high", ("T1190",),
        "A payload, or a file that is nobody's business, answered with 2xx. Many sites answer anything with 200: "
        "equal sizes say so.",
    ),
    Stage(
        WEBSHELL, "web shell", "high", ("T1505.003",),
        "A script known as a web shell, or that only attackers got, called with a query or a body; answered with 2xx.",
    ),
    Stage(
        LOGIN, "login after attack", "high", ("T1078",),
        "A login that succeeded after an attack by the same program, or by a client that did little else.",
    ),
)  # fmt: skip
STAGES: dict[str, Stage] = {stage.code: stage for stage in _TABLE}
RANKS = {code: rank for rank, code in enumerate(STAGES, 1)}
LOUD = frozenset({SUCCESS, WEBSHELL, LOGIN})  # never folded away among the noise before them

# family of a signature -> the stage of a request that one of it matches; any other is an attempt
STAGE_OF_FAMILY = {
    "agent": RECON,
    "protocol": RECON,
    "sensitive": ENUMERATION,
    "admin": ENUMERATION,
    "wordpress": ENUMERATION,
    "backdoor": WEBSHELL,
}
# families whose request, once answered with 2xx, has got nothing by that: a console's login page is there for all, and
# what is aimed at other visitors' browsers is not seen in the answer's status
HARMLESS = frozenset({"agent", "protocol", "admin", "wordpress", "backdoor", "xss", "crlf", "session"})
# severities of signatures that a person may match, too: such a request is a look around at most, and gets nothing
SLIGHT = frozenset({"low", "info"})


class Matched(NamedTuple):
    """What is known of a signature that a request matched."""

    family: str
    severity: str
    techniques: tuple[str, ...] = ()


def stage_of(matched: Iterable[Matched]) -> str:
    """Return the highest stage of what a request matched; "" for nothing but what is for information."""
    found = [
        RECON if one.severity in SLIGHT else STAGE_OF_FAMILY.get(one.family, EXPLOIT)
        for one in matched
        if one.severity != "info"
    ]
    return max(found, key=RANKS.__getitem__, default="")


def lands(matched: Iterable[Matched]) -> bool:
    """Return whether a request that matched this has got something where it is answered with 2xx."""
    return any(one.family not in HARMLESS and one.severity not in SLIGHT for one in matched)


def is_of(one: Matched, stage: str) -> bool:
    """Return whether a signature is one of those that make a request be of a stage."""
    own = stage_of([one])
    return own == stage or (stage == SUCCESS and lands([one]))
