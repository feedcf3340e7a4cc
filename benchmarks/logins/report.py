"""The report of a measurement as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.logins.score import Score
from pipeline.alerts import SEVERITIES
from pipeline.logins import RULES

if TYPE_CHECKING:
    from benchmarks.logins.__main__ import Drawn, Speed

METHOD = """
`benchmarks.logins` draws {users:,} users and {days} days of logins (seed {seed}; {logins:,} logins): office workers
with home, office and phone, travellers whose flights take their time and some of whose phones roam, users of consumer
VPNs (of one in five the list does not know the network), people with a phone alone whose carrier's networks are
anywhere in the country, accounts that fall asleep, a third of homes with IPv6, 3 % of logins with a mistyped password
before. The geo database is wrong about the country of 5 % of networks and about the city of 30 %, and claims no radius,
as city databases that need no account do; variants below. {planted} anomalies are planted; a quarter of the thieves
come from a rented server whose network is silent by default (`hosting`): that is what this silence costs, and what it
saves.

A finding is an **attack** if it is of a planted anomaly's account or source, and its day. Others are **true** where the
user was where the finding says (journeys, an account back from leave, a new router or another provider), and
**mistaken** where he was not: his VPN or phone, roaming, or the database made it so. Precision is attacks of all
findings; `true too` adds the true ones, which no rule could tell from an attack by place and time alone.
"""
SEVERE = ("high", "medium")


def written(head: str, options: Any, drawn: Drawn, scores: Sequence[tuple[str, Score]], fast: Sequence[Speed]) -> str:
    """Return the report."""
    first = scores[0][1]
    method = METHOD.format(
        users=options.users,
        days=options.days,
        seed=options.seed,
        logins=drawn.rows.num_rows,
        planted=len(drawn.planted),
    )
    parts = [head, _summary(first, fast[-1]), method, "## Found, by what was planted\n", _recall(first)]
    parts += ["## Findings, by rule\n", _precision(first), "## Settings\n", _settings(scores)]
    parts += ["## Speed\n", _speed(fast)]
    return "\n".join(parts)


def _summary(score: Score, fast: Speed) -> str:
    planted, hidden = sum(score.planted.values()), sum(score.hidden.values())
    found = sum(count for (_, how), count in score.found.items() if how == "any")
    counted: dict[str, int] = {}
    for (_, severity, what), count in score.by_rule.items():
        if severity == "high":
            counted[what] = counted.get(what, 0) + count
    total = sum(counted.values())
    hidden_said = f"{hidden} come from networks that are silent by default"
    return (
        f"**{found} of {planted} planted anomalies found ({_share(found, planted)}; {hidden_said}); of {total} "
        f"findings of severity high {_share(counted.get('attack', 0), total)} are attacks; {fast.logins:,} logins "
        f"judged in {fast.seconds:.1f} s ({fast.cpu:.1f} s of CPU).**\n"
    )


def _recall(score: Score) -> str:
    lines = [_row("planted", "how many", "found", "by the rule for it", "from silent networks"), _rule(5)]
    for kind, count in score.planted.items():
        seen, right = score.found[kind, "any"], score.found[kind, "right"]
        cells = (f"{one} ({_share(one, count)})" for one in (seen, right))
        lines.append(_row(kind, count, *cells, score.hidden[kind]))
    return "\n".join(lines) + "\n"


def _counts(score: Score, rule: str, severities: Sequence[str] = SEVERITIES) -> dict[str, int]:
    """Return what findings of a rule are -> how many."""
    found: dict[str, int] = {}
    for (code, severity, what), count in score.by_rule.items():
        if code == rule and severity in severities:
            found[what] = found.get(what, 0) + count
    return found


def _shares(counts: dict[str, int]) -> tuple[int, str, str]:
    """Return findings, precision, and precision with the true ones."""
    total, attacks = sum(counts.values()), counts.get("attack", 0)
    true = attacks + sum(count for what, count in counts.items() if what.startswith("true"))
    return total, _share(attacks, total), _share(true, total)


def _precision(score: Score) -> str:
    reasons = sorted({what for _, _, what in score.by_rule if what != "attack"})
    lines = [
        _row("rule", "severity", "findings", "attacks", "precision", "true too", *reasons),
        _rule(6 + len(reasons), texts=2),
    ]
    for rule in RULES.values():
        for severity in SEVERITIES:
            counts = _counts(score, rule.code, (severity,))
            if counts:
                total, precision, true = _shares(counts)
                rest = (counts.get(reason, 0) for reason in reasons)
                lines.append(_row(rule.code, severity, f"{total:,}", counts.get("attack", 0), precision, true, *rest))
    return "\n".join(lines) + "\n"


def _settings(scores: Sequence[tuple[str, Score]]) -> str:
    codes = ("impossible_travel", "new_country", "new_region")
    lines = [
        _row("setting", "planted found", *(f"{code}: findings, precision, true too" for code in codes)),
        _rule(2 + len(codes)),
    ]
    for name, score in scores:
        cells = []
        for code in codes:
            total, precision, true = _shares(_counts(score, code, SEVERE if code != "new_region" else SEVERITIES))
            cells.append(f"{total:,}, {precision}, {true}")
        found = sum(count for (_, how), count in score.found.items() if how == "any")
        lines.append(_row(name, _share(found, sum(score.planted.values())), *cells))
    return "\n".join(lines) + "\n\nOf the first two the findings of severity high and medium are counted.\n"


def _speed(fast: Sequence[Speed]) -> str:
    lines = [_row("logins", "seconds", "CPU seconds", "findings", "peak MiB of the process"), _rule(5, texts=0)]
    lines += [
        _row(f"{one.logins:,}", f"{one.seconds:.1f}", f"{one.cpu:.1f}", f"{one.found:,}", f"{one.peak:,.0f}")
        for one in fast
    ]
    return (
        "\n".join(lines)
        + "\n\nFrom an open lake to findings; the process also holds the drawn year. On a busy machine CPU counts.\n"
    )


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _rule(columns: int, texts: int = 1) -> str:
    return _row(*["---"] * texts, *["---:"] * (columns - texts))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"
