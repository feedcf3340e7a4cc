"""The README's TOML is ours."""

from __future__ import annotations

import re
from pathlib import Path

from echo.clientip import parse_config
from echo.record import parse_login_rules

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_toml_is_a_configuration() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    config = parse_config(text, "README.md")
    assert "100.64.0.0/10" in config.policy.trusted.texts
    assert len(parse_login_rules(config.tables["login"])) == 1
