"""
Write THIRD_PARTY_NOTICES.md.

    python -m requirements.notices
"""

from __future__ import annotations

from collections.abc import Iterable

from requirements.third_party import ROOT, TABLE, Work, bundled, of_tests

PAGE = ROOT / "THIRD_PARTY_NOTICES.md"
_HEAD = """\
# What in whofrom is from others

For whoever redistributes whofrom. Written by `make notices` from `requirements/third_party.toml`. whofrom itself is
under the Apache License 2.0, whose text is in `LICENSE`.

## In the wheel, and so in the image

The notices that these licences ask for are in the files that the last column names; the wheel has them among its
licence files.
"""
_LISTS = """
Beside these, lists of addresses. Their licence: {licence}.
"""
_TESTS = """
## In the source distribution alone

Data for tests. The notices stand in the file that the last column names; the text of the Apache License 2.0 is in
`LICENSE`.
"""
_PACKAGES = """
## Packages that whofrom depends on

The wheel has none of them. The image does, and whoever installs whofrom gets them: their names, versions and licences
are in the bill of materials (CycloneDX) `requirements/whofrom.cdx.json`, which an installed whofrom has as
`whofrom-*.dist-info/sboms/whofrom.cdx.json`. Each package has the text of its licence and its notices in its own
`*.dist-info/`; only arro3-core has none there, and is used under the Apache License 2.0, whose text is in `LICENSE`.
What the extra `spark` adds is in neither: `requirements/spark.txt` names it.
"""


def page() -> str:
    """Return the page."""
    works = bundled()
    return "".join(
        [
            _HEAD,
            _table([work for work in works if work.notice]),
            _LISTS.format(licence=TABLE["lists"]["licence"]),
            _table([work for work in works if not work.notice]),
            _TESTS,
            _table(of_tests()),
            _PACKAGES,
        ]
    )


def _table(works: Iterable[Work]) -> str:
    rows = []
    for work in works:
        cells = [f"{work.name} {work.version}".strip(), work.what, _code(work.files), work.origin]
        rows.append([*cells, work.licence, f"`{work.notice}`"] if work.notice else cells)
    titles = ["from", "what", "files", "to be had at", "licence", "notices"][: len(rows[0])]
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in (titles, ["---"] * len(titles), *rows))


def _code(globs: Iterable[str]) -> str:
    return ", ".join(f"`{glob}`" for glob in globs)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
