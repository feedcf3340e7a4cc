"""docs/how-to/logins.md: its transcripts are what happens, its TOML is ours, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from echo.clientip import parse_config
from echo.record import parse_login_rules
from pipeline.logins import RULES, SILENT, parse_settings
from tests.docs.transcripts import matches, steps

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "logins.md").read_text("utf-8")
GEO = [str(ROOT / "tests" / "data" / "mmdb" / f"{name}.mmdb") for name in ("GeoIP2-City-Test", "GeoLite2-ASN-Test")]


def test_every_transcript_is_what_happens(tmp_path: Path) -> None:
    env = {
        **os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "120",
        "WHOFROM_GEO": ":".join(GEO),
    }  # fmt: skip
    for command, expected in steps(PAGE):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        actual = done.stdout + done.stderr
        assert matches(expected, actual), f"$ {command}\n{actual}\n-- the page says --\n{expected}"


def test_every_toml_is_taken() -> None:
    tables = [parse_config(text, "").tables for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[:1]]
    assert len(parse_login_rules(tables[0]["login"])) == 3
    networks = '[network]\nnodes = ["10.0.0.0/8"]\n' + re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1]
    assert [name for name, _ in parse_settings(parse_config(networks, "")).networks] == ["office", "nodes"]


def test_every_rule_and_reason_is_told() -> None:
    assert set(RULES) <= set(re.findall(r"`([a-z_]+)`", PAGE))
    told = PAGE[PAGE.index("## What is kept back") :]
    assert all(reason in told for reason in SILENT if reason != "tor")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / "how-to" / target).exists(), target
