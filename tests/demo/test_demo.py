"""The demo finds what it planted, and says so when something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.geo import default_database
from tests.demo import traffic
from tests.demo.__main__ import main
from tests.ready import install


@pytest.fixture(autouse=True)
def _called_quickly(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.demo.__main__.WHOFROM", str(install(tmp_path_factory.mktemp("programs"))))


pytestmark = pytest.mark.skipif(default_database() is None, reason="the geo package is missing: make test installs it")


def test_every_planted_fact_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main()
    out = capsys.readouterr().out
    assert code == 0, out
    assert "MISSING" not in out


def test_a_fact_that_is_not_found_ends_it_non_zero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(traffic, "ORDINARY", 200)  # too few for every client to appear
    assert main() == 1
    assert "MISSING  each of" in capsys.readouterr().out


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine").touch()
    assert main() == 1
    assert (tmp_path / "demo" / "mine").exists()
