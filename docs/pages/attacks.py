"""docs/reference/attacks.md: the rules of `whofrom attacks`, from their table."""

from __future__ import annotations

from collections.abc import Iterator

from docs.pages.markdown import table
from pipeline.attacks import GROUPS, RULES, Rule
from pipeline.attacks.rules import STAGES
from pipeline.signatures import FAMILIES, SIGNATURES

STAGES_TOLD = {
    "load": "makes work, looks for nothing",
    "recon": "looks for what there is",
    "enumeration": "looks for who there is",
    "login": "tries passwords",
    "attempt": "attacks",
    "success": "got something",
}


def page() -> str:
    """Return the page."""
    by_stage = {stage: [rule for rule in RULES if rule.stage == stage] for stage in STAGES}
    parts = [
        "# Rules of `whofrom attacks`\n",
        (
            "How to read its answers: [Who is attacking?](../how-to/attacks.md). A bucket holds so many events,\n"
            "one leaks each so many seconds, and it runs over at one more; times are the log's. `distinct`: a value\n"
            "counts once as long as it may stand in the bucket. `lone`: severity where there was something and\n"
            "the bucket did not run over.\n"
        ),
        "Sources can be grouped (`--by`) by\n\n"
        + table(("by", "one source is"), ((f"`{name}`", meaning) for name, meaning in GROUPS.items())),
    ]
    for stage, rules in by_stage.items():
        parts.append(f"## {stage}: {STAGES_TOLD[stage]}\n")
        parts += [part for rule in rules for part in _rule(rule)]
    counts = {family: sum(one.family == family for one in SIGNATURES) for family in FAMILIES}
    parts.append(
        "## Signatures\n\nWhat a request says is matched when it is ingested; column `signatures` has the ids.\n\n"
        + table(
            ("family", "what", "signatures"), ((f"`{name}`", FAMILIES[name], count) for name, count in counts.items())
        )
    )
    return "\n".join(parts)


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.code}\n"
    facts = [f"Severity {rule.severity}", f"confidence {rule.confidence}"]
    if rule.lone:
        facts.insert(1, f"lone {rule.lone}")
    if rule.techniques:
        facts.append(", ".join(rule.techniques))
    if rule.kinds:
        each = f"{rule.leak_seconds:g} s"
        facts.append(f"bucket of {rule.capacity}, one leaks each {each}" if rule.capacity else "one is enough")
        facts += [f"distinct {rule.distinct}"] if rule.distinct else []
        facts += [f"by {rule.subject_kind}"] if rule.subject_kind != "ip" else []
        facts += ["refused ones alone"] if rule.refused else []
    elif rule.query:
        facts.append(f"[query](queries/{rule.query}.md)")
    yield f"{'; '.join(facts)}.\n"
    if rule.false_positives:
        yield f"**False positives**: {rule.false_positives}.\n"
    yield f"**What to do**: {rule.remedy}.\n"
    if rule.source:
        yield f"**Numbers**: {rule.source}.\n"
