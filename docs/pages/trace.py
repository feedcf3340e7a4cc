"""docs/reference/trace.md: the JSON of a trace, and the tables that it judges by."""

from __future__ import annotations

from docs.pages.markdown import table
from pipeline.trace.blocking import ACTIONS
from pipeline.trace.forged import CONFIDENT
from pipeline.trace.forged import MEANINGS as FORGED
from pipeline.trace.hops import ROLES
from pipeline.trace.stages import STAGE_OF_FAMILY, STAGES
from pipeline.trace.story import KEYS as TRACE_KEYS
from pipeline.trace.story import VERSION as TRACE_VERSION
from pipeline.trace.subject import KINDS as KINDS_OF_SUBJECTS


def page() -> str:
    """Return the JSON of a trace, and the tables that it judges by."""
    stages = (
        (f"`{one.code}`", one.title, one.severity, " ".join(one.techniques), one.meaning) for one in STAGES.values()
    )
    families = ((f"`{family}`", f"`{stage}`") for family, stage in STAGE_OF_FAMILY.items())
    return (
        "# whofrom trace\n\nHow to read one: [Tracing a source](../how-to/trace.md).\n\n"
        "## Subjects (`--as`)\n\n"
        + table(("kind", "what"), ((f"`{kind}`", words) for kind, words in KINDS_OF_SUBJECTS.items()))
        + f"\n## JSON, version {TRACE_VERSION}\n\nWithin a version keys are only added.\n\n"
        + table(("key", "meaning"), ((f"`{key}`", words) for key, words in TRACE_KEYS.items()))
        + "\n## Stages\n\n"
        + table(("stage", "title", "severity", "techniques", "requests of it"), stages)
        + "\nWhat matches a [signature](../../pipeline/signatures) is of the stage of its family, and of `exploit`\n"
        "if the family is not here; a signature of low severity makes a look around at most.\n\n"
        + table(("family", "stage"), families)
        + "\n## Roles of hops (`ways`)\n\n"
        + table(("role", "meaning"), ((f"`{role}`", words) for role, words in ROLES.items()))
        + "\n## Signs of forged headers (`forged`)\n\n"
        + table(
            ("sign", "meaning", "strong"),
            ((f"`{code}`", words, "yes" if code in CONFIDENT else "no") for code, words in FORGED.items()),
        )
        + "\n## What to do (`advice`)\n\n"
        + table(("action", "meaning"), ((f"`{action}`", words) for action, words in ACTIONS.items()))
    )
