"""
Who is the client of this request, and why: what the addresses mean (`topology`), what follows from it (`findings`),
and how it is told (`report`, as text and as JSON; `page`, in a browser).

Pure functions on a request and a resolution. The code of the finding goes into every record.
"""

from echo.explain.explanation import Explainer, Explanation, HopView
from echo.explain.findings import FINDINGS, Finding, finding_on_malformed
from echo.explain.form import form_of
from echo.explain.page import explain_html
from echo.explain.report import asked_names, explain_json, explain_text
from echo.explain.topology import Meaning, Surroundings, Topology

__all__ = [
    "FINDINGS",
    "Explainer",
    "Explanation",
    "Finding",
    "HopView",
    "Meaning",
    "Surroundings",
    "Topology",
    "asked_names",
    "explain_html",
    "explain_json",
    "explain_text",
    "finding_on_malformed",
    "form_of",
]
