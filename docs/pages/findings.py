"""docs/reference/findings.md: what `/explain` may say."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.explain.evidence import KINDS
from echo.explain.findings import CLIENT, FINDINGS, STORIES, VERDICTS
from echo.explain.findings import PEER as AT_PEER

# of a manifest, by what its first line says that it is
LANGUAGES = {"# whofrom.toml": "toml", "# nginx,": "text", "# whofrom serve": "text"}


def page() -> str:
    """Return the findings."""
    parts = [
        "# Findings\n",
        (
            "What `/explain` says, and what a record's `finding` and the metric `whofrom_findings_total` hold.\n"
            "Names in braces are filled in. Sections (1.4.1: 一, section 4, item 1) are of the article on\n"
            "clients' addresses in TKE that the overlays of `deploy/` follow.\n"
        ),
        table(("verdict", "meaning"), ((f"`{code}`", words) for code, words in VERDICTS.items())),
        table(
            ("finding", "verdict", "title"),
            ((f"[{one.code}](#{one.code})", one.verdict, one.title) for one in FINDINGS.values()),
        ),
        "## Evidence\n",
        table(
            ("evidence", "what it is", "the client could have written it"),
            ((f"`{code}`", words, "yes" if forgeable else "no") for code, (words, forgeable) in KINDS.items()),
        ),
        "## Stories\n\nWho may be behind a finding, where that is not certain (`candidates` of the JSON).\n",
        table(("story", "meaning"), ((f"`{code}`", story.words) for code, story in STORIES.items())),
    ]
    for one in FINDINGS.values():
        lost = {"": "", AT_PEER: " Lost at the peer.", CLIENT: " Lost at the hop that the header names."}[one.lost_at]
        parts.append(f"## {one.code}\n\nVerdict: {one.verdict}.{lost} **{one.title}**\n")
        parts.append(f"Why: {one.cause}\n\nTo do: {one.remedy}\n")
        if one.stories:
            parts.append(f"It may be: {', '.join(f'`{story}`' for story in one.stories)}.\n")
        if one.manifest:
            language = next((kind for begin, kind in LANGUAGES.items() if one.manifest.startswith(begin)), "yaml")
            parts.append(f"```{language}\n{one.manifest}```\n")
        section = f"the article's section {one.section}" if one.section else ""
        parts.append(f"See {'; '.join(filter(None, (section, one.reference)))}.\n")
    return "\n".join(parts)
