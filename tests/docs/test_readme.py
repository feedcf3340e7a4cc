"""
The README's transcripts are true. Port 8080 is exchanged for a free one, so that tests can run side by side.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.geo import default_database
from tests.docs.transcripts import matches, steps

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
START_SECONDS = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


@pytest.mark.skipif(default_database() is None, reason="the geo package is not installed: make test installs it")
@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_every_transcript_is_what_happens(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "data" / "logs" / "access.log.gz", tmp_path)
    port = str(free_port())
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    servers = []
    try:
        for written in steps(README):
            command, expected = (text.replace("8080", port) for text in written)
            if command.endswith(" &"):
                words = command.removesuffix(" &").split()
                servers.append(subprocess.Popen(words, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True))
                actual = servers[-1].stderr.readline()  # type: ignore[union-attr]
            else:
                time.sleep(0.2)  # the server writes its log each 50 ms
                done = subprocess.run(
                    ["bash", "-c", command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
                )
                actual = done.stdout + done.stderr
            assert matches(expected, actual), f"$ {command}\n{actual}\n-- the README says --\n{expected}"
    finally:
        for server in servers:
            server.terminate()
            server.wait(START_SECONDS)
            server.stderr.close()  # type: ignore[union-attr]
    assert len(servers) == 1


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_toml_is_a_configuration() -> None:
    from echo.clientip import parse_config
    from echo.record import parse_login_rules

    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    config = parse_config(text, "README.md")
    assert "100.64.0.0/10" in config.policy.trusted.texts
    assert len(parse_login_rules(config.tables["login"])) == 1
