"""
Who is the client of this request, and why: what the addresses mean (`topology`), what follows from it (`findings`),
and how it is told (`report`, as text and as JSON).

Pure functions on a request and a resolution. The code of the finding goes into every record.
"""

from echo.explain.findings import FINDINGS, MALFORMED, Finding
from echo.explain.judge import Explainer, Explanation, HopView
from echo.explain.report import asked_names, explain_json, explain_text, wants_json
from echo.explain.topology import Meaning, Topology

__all__ = [
    "FINDINGS",
    "MALFORMED",
    "Explainer",
    "Explanation",
    "Finding",
    "HopView",
    "Meaning",
    "Topology",
    "asked_names",
    "explain_json",
    "explain_text",
    "wants_json",
]
