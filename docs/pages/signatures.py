"""docs/reference/signatures.md: attack signatures, a table a family."""

from __future__ import annotations

from docs.pages.markdown import table
from pipeline.signatures import AREAS, FAMILIES, SIGNATURES


def page() -> str:
    """Return the attack signatures, a table a family."""
    parts = [
        "# Attack signatures\n\n"
        "What the column `signatures` of the [lake](lake.md) names. Every request is looked at as it reads once its\n"
        "encodings are undone: percent-escapes (several times over, `%u`, too long UTF-8), `+`, entities, `\\u` and\n"
        "`\\x`, compatible forms of Unicode; beside that without SQL comments, without quoting of a shell, with\n"
        "log4j's lookups worked out, and with base64 decoded. A hit says what was asked for, not that it was had.\n\n"
        "Severity: high is an exploit; medium an attempt to learn or read what is not public; low a probe, or what\n"
        "ordinary clients do now and then; info is worth a count. Confidence: how seldom a request that is no attack\n"
        "looks like it.\n\n"
        + table(("where", "what is looked at"), ((f"`{area}`", what) for area, what in AREAS.items()))
    ]
    for family, what in FAMILIES.items():
        rows = (
            (
                f"`{one.id}`",
                one.title,
                one.severity,
                one.confidence,
                ", ".join(one.techniques),
                ", ".join(one.where) + (f" of {', '.join(sorted(one.methods))}" if one.methods else ""),
                one.false_positives,
                ", ".join(f"[{_site(link)}]({link})" for link in one.references) or "–",
            )
            for one in SIGNATURES
            if one.family == family
        )
        head = ("id", "what", "severity", "confidence", "ATT&CK", "where", "who else does it", "references")
        parts.append(f"## {family}: {what}\n\n" + table(head, rows))
    return "\n".join(parts)


def _site(link: str) -> str:
    """Return a link's short name: a CVE's id, else the host."""
    name = link.rstrip("/").rpartition("/")[2]
    return name if name.startswith("CVE-") else link.split("/")[2]
