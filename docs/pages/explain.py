"""docs/reference/explain.md: the JSON of an explanation, and what addresses may mean."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.explain.pasted import FORMS as PASTED_FORMS
from echo.explain.pasted import NOTES as PASTED_NOTES
from echo.explain.pasted.tell import JSON_KEYS as PASTED_KEYS
from echo.explain.report import JSON_KEYS, JSON_VERSION
from echo.explain.topology import BY_CLASS, MORE_MEANINGS, NETWORK_MEANINGS, NO_ADDRESS, OTHER_BRIDGE, OWN


def page() -> str:
    """Return the JSON of an explanation, and what addresses may mean."""
    meanings = {
        **dict(NETWORK_MEANINGS.values()),
        **dict(OWN.values()),
        "other-bridge": OTHER_BRIDGE[1],
        **MORE_MEANINGS,
        **{name: meaning.words for name, meaning in BY_CLASS.items()},
        NO_ADDRESS.code: NO_ADDRESS.words,
    }
    keys = {code: f"`[network] {key}`" for key, (code, _) in NETWORK_MEANINGS.items()}
    return (
        "# /explain\n\n"
        "Text for curl, a page for a browser, JSON for `Accept: application/json`; `?format=text`, `json` or `html`\n"
        "goes before. `whofrom explain` says the same offline. What it says is one of the [findings](findings.md).\n\n"
        f"## JSON, version {JSON_VERSION}\n\nWithin a version keys are only added.\n\n"
        + table(("key", "meaning"), ((f"`{key}`", words) for key, words in JSON_KEYS.items()))
        + "\n## What `whofrom explain FILE` reads\n\n"
        "Known by its content, or named by `--format`. What a terminal shows around it is passed over.\n\n"
        + table(("form", "what"), ((f"`{form.name}`", form.meaning) for form in PASTED_FORMS.values()))
        + "\nIts JSON, a line for each request, has beside the keys above:\n\n"
        + table(("key", "meaning"), ((f"`{key}`", words) for key, words in PASTED_KEYS.items()))
        + "\nWhat must be known of where it comes from (`pasted.notes`):\n\n"
        + table(("note", "meaning"), ((f"`{code}`", words) for code, words in PASTED_NOTES.items()))
        + "\n## Classes of addresses\n\n"
        "First what [network] calls a proxy, then what the process knows of itself (the downward API's NODE_IP and\n"
        "POD_IP, its interfaces and routes), then the narrowest range of [network], then the lists of CDNs, then\n"
        "special-purpose ranges.\n\n"
        + table(
            ("class", "meaning", "from"),
            ((f"`{code}`", words, keys.get(code, "–")) for code, words in meanings.items()),
        )
    )
