"""
The words of pages and tables in their languages.

A table of words has a row a key, with a text for each of LANGS. A text may have `{name}`, which is filled in.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGS = ("en", "zh-CN")
Table = Mapping[str, tuple[str, ...]]  # key -> text in each of LANGS

# what every page says
WORDS: Table = {
    "generated": ("Made {now} UTC by whofrom {version}.", "由 whofrom {version} 于 {now}（UTC）生成。"),
    "contents": ("Contents", "目录"),
    "all_utc": ("All times are UTC.", "所有时间均为 UTC。"),
    "as_table": ("The same as a table", "以表格显示"),
    "nothing": ("Nothing in this period.", "此时间段内没有数据。"),
    "total": ("total", "合计"),
    "other": ("other", "其他"),
}


@cache
def table_of(name: str) -> Table:
    """Return the table of words of a TOML file, by its path below `pipeline/`: a table a key, a text a language."""
    texts = tomllib.loads(files("pipeline").joinpath(name).read_text("utf-8"))
    return {key: tuple(told[lang] for lang in LANGS) for key, told in texts.items()}


class Words:
    """The texts of some tables in one language: `words("key", name=value)`."""

    def __init__(self, *tables: Table, lang: str = LANGS[0]) -> None:
        """`lang` is one of LANGS; of a key in two tables the last one's text counts."""
        self.lang = lang
        at = LANGS.index(lang)
        self._texts = {key: texts[at] for table in tables for key, texts in table.items()}

    def __call__(self, key: str, **values: Any) -> str:
        """Return the text of a key. Raises KeyError."""
        text = self._texts[key]
        return text.format(**values) if values else text
