"""What the pages of the pipeline may be made of, read by Python's own parser of HTML."""

from __future__ import annotations

import re

from tests.echo.explain.pages import Page as Reader

_GLOBAL = frozenset({"class", "id", "lang"})
_SVG = frozenset(
    {"viewbox", "x", "y", "width", "height", "d", "cx", "cy", "r", "role", "transform", "x1", "x2", "y1", "y2"}
)
_BARE = (
    "head title style body main header section footer div nav article h1 h2 h3 p ol ul dl dt dd dfn table caption "
    "thead tbody tr details summary figure figcaption bdi code em strong small br li span time desc abbr a link meta"
)
# element -> attributes that it may have, beside _GLOBAL and aria-*
ALLOWED: dict[str, frozenset[str]] = {
    **dict.fromkeys(_BARE.split(), frozenset()),
    "html": frozenset(),
    "meta": frozenset({"charset", "name", "content", "http-equiv"}),
    "link": frozenset({"rel", "href"}),
    "a": frozenset({"href"}),
    "details": frozenset({"open"}),
    "div": frozenset({"role", "tabindex"}),
    "pre": frozenset({"tabindex"}),
    "time": frozenset({"datetime"}),
    "th": frozenset({"scope", "colspan", "rowspan"}),
    "td": frozenset({"colspan"}),
    "svg": _SVG | {"preserveaspectratio"},
    "text": _SVG | {"text-anchor"},
    **dict.fromkeys(("g", "path", "rect", "circle", "line", "use", "defs"), _SVG | {"href"}),
}
LINK = re.compile(r"#[\w.-]+|data:,")
ICON = "data:,"


class Page(Reader):
    """A page that was read."""

    def check(self, links: set[str] | None = None) -> None:
        """Assert that nothing is there that may not be: elements, attributes, addresses, characters."""
        for tag, attributes in self.elements:
            assert tag in ALLOWED, tag
            others = {name for name in attributes if not name.startswith("aria-")} - _GLOBAL
            assert others <= ALLOWED[tag], (tag, attributes)
            assert LINK.fullmatch(attributes.get("href") or "#x") or attributes["href"] in (links or ())
        assert all(char.isprintable() or char == "\n" for text in self.texts for char in text)
        targets = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        assert len(targets) == len(set(targets))
        told = [attributes.get("aria-labelledby") for _, attributes in self.elements]
        assert {one for ids in told if ids for one in ids.split()} <= set(targets)
        hrefs = {attributes.get("href") for _, attributes in self.elements} - {None, ICON} - (links or set())
        assert {href.removeprefix("#") for href in hrefs if href} <= set(targets)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of SVG that is closed as it is opened."""
        self.elements.append((tag, dict(attrs)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Any other: of those without an end there are three."""
        super().handle_starttag(tag, attrs)
        if tag == "link":
            self.open.pop()
