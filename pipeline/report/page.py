"""
A page out of a template: one file, no script, nothing from elsewhere, whatever is in the data.

Rules for templates:

1. They extend `report/base.html`, are named by their path below `pipeline/`, and take pieces from `report/parts.html`.
2. Every value is escaped, and made printable before (`echo.clientip.printable`): a page shows no control characters and
   no mark that turns the reading order around. `|safe` is for what this package has drawn itself, out of numbers.
3. The page's policy (CSP) admits one style sheet, by its hash, and images within the page. So there are no `style="…"`
   attributes: lengths are attributes of SVG, colours are classes. There is no script, and no address but `#…`.
4. An undefined name is an error, not nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from echo.clientip import printable
from pipeline.report import figures
from pipeline.report.words import WORDS, Words

STYLES = ("report/page.css",)


def render(
    template: str, words: Words | None = None, styles: Sequence[str] = (), now: datetime | None = None, **values: Any
) -> str:
    """
    Return the page of a template.

    words   texts of the page in its language, as `t` in the template; those of WORDS in English if none are given
    styles  style sheets beside the base's, by their paths below `pipeline/`
    now     when it was made; now if it is not said
    values  what the template shows
    """
    words = words or Words(WORDS)
    css = "".join(map(_source, (*STYLES, *styles)))
    assert "</" not in css
    return (
        _environment()
        .get_template(template)
        .render(
            values
            | {
                "t": words,
                "lang": words.lang,
                "css": Markup(css),  # noqa: S704  # of our own files
                "css_hash": base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
                "version": version("whofrom"),
                "now": now or datetime.now(UTC),
            }
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment


def _shown(value: Any) -> Any:
    """Return what a template shows of a value: texts printable, no "None"."""
    if value is None:
        return ""
    return printable(value) if type(value) is str else value


@cache
def _source(name: str) -> str:
    return files("pipeline").joinpath(name).read_text("utf-8")


def cut(value: Any, most: int = 300) -> str:
    """Return a text of at most so many characters and a mark where it was cut: of a name, a reader needs no more."""
    if value is None:
        return figures.NOTHING
    text = printable(str(value)[: most + 1])
    return text if len(text) <= most else f"{text[:most]}…"


def shown(value: Any, name: str) -> Any:
    """Return what the filter of that name makes of a value, for tables whose columns name theirs."""
    return FILTERS[name](value)


# name of a filter -> what it makes of a value
FILTERS: Mapping[str, Any] = {
    "number": figures.number,
    "size": figures.size,
    "share": figures.share,
    "change": figures.change,
    "signed": figures.signed,
    "ms": figures.milliseconds,
    "moment": figures.moment,
    "minute": partial(figures.moment, pattern="%Y-%m-%d %H:%M"),
    "day": partial(figures.moment, pattern="%Y-%m-%d"),
    "cut": cut,
    "shown": shown,
}
