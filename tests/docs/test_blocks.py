"""What stands in blocks is what it says it is: files parse, commands stand in console blocks, make has its targets."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable

import pytest
import sqlglot
import yaml

from tests.docs.elsewhere import TARGETS
from tests.docs.page import PAGES, blocks, prose, read


def unit(text: str) -> None:
    """Read a unit of systemd, in which a key may stand more than once."""
    configparser.RawConfigParser(strict=False).read_string(text)


def instructions(text: str) -> None:
    """Read a Dockerfile whose instructions stand on a line each."""
    assert [line for line in text.splitlines() if not re.match(r"(FROM|COPY|ENV|RUN|ARG|USER) \S", line)] == []


def no_reader(_: str) -> None:
    """Nothing here reads it: the page's own commands do, or it is no file."""


# language of a block -> what reads it; commands stand in `console`
READERS: dict[str, Callable[[str], object]] = {
    "console": no_reader,
    "dockerfile": instructions,
    "haproxy": no_reader,
    "ini": unit,
    "json": json.loads,
    "nginx": no_reader,
    "python": lambda text: compile(text, "page", "exec"),
    "sql": lambda text: sqlglot.parse(text, read="duckdb"),
    "text": no_reader,
    "toml": tomllib.loads,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
}
READ_BY_COMMANDS = {"haproxy", "nginx"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_in_a_language_and_parses(page: str) -> None:
    for block in blocks(read(page)):
        assert block.language in READERS, f"{page}:{block.line}: say in which language, one of {', '.join(READERS)}"
        READERS[block.language](block.text)


@pytest.mark.parametrize("page", PAGES)
def test_configuration_of_others_is_a_file_that_the_page_tries(page: str) -> None:
    assert [one.line for one in blocks(read(page)) if one.language in READ_BY_COMMANDS and one.file is None] == []


@pytest.mark.parametrize("page", PAGES)
def test_no_command_stands_outside_of_a_block(page: str) -> None:
    assert re.findall(r"^(?: {4}|\t) *\$ .*", prose(read(page)), re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES)
def test_targets_that_are_named_are_targets(page: str) -> None:
    named = re.findall(r"`(?:sudo )?make ([a-z][\w-]*)", prose(read(page)))
    assert set(named) <= TARGETS
