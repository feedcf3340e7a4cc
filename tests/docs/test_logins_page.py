"""The pages on logins: their TOML is ours, and every rule and reason is told."""

from __future__ import annotations

import re
from pathlib import Path

from echo.clientip import parse_config
from echo.record import parse_login_rules
from pipeline.logins import RULES, SILENT, parse_settings

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO, PAGE = ((DOCS / kind / "logins.md").read_text("utf-8") for kind in ("how-to", "explanation"))


def test_every_toml_is_taken() -> None:
    _, rules, networks = re.findall(r"```toml\n(.*?)```", HOW_TO, re.DOTALL)
    assert len(parse_login_rules(parse_config(rules, "").tables["login"])) == 3
    config = parse_config('[network]\nnodes = ["10.0.0.0/8"]\n' + networks, "")
    assert [name for name, _ in parse_settings(config).networks] == ["office", "nodes"]


def test_every_rule_and_reason_is_told() -> None:
    assert set(RULES) <= set(re.findall(r"`([a-z_]+)`", PAGE))
    told = PAGE[PAGE.index("## What is kept back") :]
    assert all(reason in told for reason in SILENT if reason != "tor")
