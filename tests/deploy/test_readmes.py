"""deploy/'s READMEs: each overlay has one, and what its table says of a request is what `whofrom explain` says."""

import json
import re

import pytest
from click.testing import CliRunner

from echo.explain.findings import FINDINGS
from pipeline.cli import whofrom
from tests.deploy.rendered import DEPLOY

OVERLAYS = sorted(path.name for path in (DEPLOY / "overlays").iterdir())
NOTHING = "–"


# the other ways that deploy/ has
FOLDERS = {**{name: DEPLOY / "overlays" / name for name in OVERLAYS}, "compose": DEPLOY / "compose"}


def table(way):
    """Return the rows of a way's README, each column's name -> its text."""
    text = (FOLDERS[way] / "README.md").read_text("utf-8")
    head, _, *rows = re.findall(r"^\| (.*) \|$", text, re.MULTILINE)
    return [dict(zip(head.split(" | "), row.split(" | "), strict=True)) for row in rows]


ROWS = [(way, row) for way in FOLDERS for row in table(way)]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_in_the_table_and_says_itself_what_is_seen(overlay):
    readme = (DEPLOY / "README.md").read_text("utf-8")
    assert f"| [{overlay}](overlays/{overlay}/) |" in readme
    own = (DEPLOY / "overlays" / overlay / "README.md").read_text("utf-8")
    assert own.startswith(f"# {overlay}: ")
    assert len(table(overlay)) >= 3


@pytest.mark.parametrize("readme", sorted(DEPLOY.rglob("README.md")), ids=lambda path: path.parent.name)
def test_links_lead_somewhere(readme):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", readme.read_text("utf-8")):
        assert (readme.parent / target).exists(), target


@pytest.mark.parametrize(("way", "row"), ROWS, ids=[f"{way}: {row['request from']}" for way, row in ROWS])
def test_a_row_says_what_explain_says(way, row):
    """
    A finding in brackets is what remains without the handshake's evidence, which there is none of here.

    The RemoteAddr of a row with another end is the source that a PROXY header gave; a user agent in the first column
    is sent.
    """
    codes = re.findall(r"`([a-z-]+)`", row["`/explain` says"])
    assert codes
    assert set(codes) <= FINDINGS.keys()
    seen = row["RemoteAddr"]
    end = row.get("connection from", seen)
    arguments = ["--config", str(FOLDERS[way] / "whofrom.toml"), "--peer", end, "--output", "json"]
    if end != seen:
        arguments += ["--proxied", seen]
    if row["X-Forwarded-For"] != NOTHING:
        arguments += ["--header", f"X-Forwarded-For: {row['X-Forwarded-For']}"]
    if agent := re.search(r"`([\w-]+/[\d.]+)`", row["request from"]):
        arguments += ["--header", f"User-Agent: {agent[1]}"]
    done = CliRunner().invoke(whofrom, ["explain", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["finding"]["code"] == codes[-1]
