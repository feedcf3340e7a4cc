"""What the pages for reviewers and contributors name is there: files, tests, and decisions with all their parts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from echo.channel import SLACK_BYTES
from echo.clientip.config import MAX_CONFIG_BYTES
from echo.lane import MAX_SHAPES
from echo.probe.client import MAX_RATE
from echo.record.login import MAX_TARGET_CHARS
from echo.routes import MAX_ASKED_BYTES
from echo.settings import Settings
from echo.topology.documents import MAX_INPUT_BYTES
from pipeline.rows import MAX_RAW_BYTES
from pipeline.sources.reader import BLOCK_BYTES, MAX_BLOCK_LINES
from pipeline.spread.slices import SLICE_BYTES
from pipeline.watch.memory import MAX_SIGNALS
from pipeline.watch.watcher import MAX_WAITING_ROWS

ROOT = Path(__file__).parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
PARTS = ("Context", "Decision", "Considered", "Consequences")
PAGES = [
    *(f"docs/explanation/{name}.md" for name in ("architecture", "trust", "threat-model")),
    *(path.relative_to(ROOT).as_posix() for path in DECISIONS),
    "docs/how-to/contribute.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
]
# a file of the project in backticks or in a picture, of a test perhaps one function; `{a,b}` and `*` stand for several
FILE = re.compile(r"(?<![\w/.-])((?:echo|pipeline|tests|docs|deploy|benchmarks|requirements)/[\w./{},*-]*)(?:::(\w+))?")
MORE = re.compile(r"`(tests/[\w./]+)::\w+`((?:, `::\w+`)+)")
STRIDE = set("STRIDE")
KIB, MIB = 1 << 10, 1 << 20
FIGURES = (
    ("architecture.md", f"a head and {SLACK_BYTES // KIB} KiB; then its socket is not read"),
    ("architecture.md", f"or {SLICE_BYTES // MIB} MiB of a large one"),
    ("architecture.md", f"{BLOCK_BYTES // MIB} MiB or {MAX_BLOCK_LINES:,} lines"),
    ("architecture.md", f"{MAX_SIGNALS:,} signals, {MAX_WAITING_ROWS:,} rows waiting"),
    ("architecture.md", f"records of its last {Settings().log_flush * 1000:.0f} ms"),
    ("threat-model.md", f"at most {Settings().log_flush * 1000:.0f} ms of records"),
    ("threat-model.md", f"{MAX_SHAPES} shapes of bounded size"),
    ("threat-model.md", f"only up to {MAX_ASKED_BYTES // KIB} KiB of headers"),
    ("threat-model.md", f"{MAX_RATE} requests a second at most"),
    ("threat-model.md", f"{MAX_INPUT_BYTES // MIB} MiB in all"),
    ("threat-model.md", f"{MAX_CONFIG_BYTES // MIB} MiB are read, no more"),
    ("threat-model.md", f"it sees {MAX_TARGET_CHARS:,} characters of a target at most"),
    ("threat-model.md", f"of a rejected line {MAX_RAW_BYTES // KIB} KiB are kept"),
)


def spread(path: str) -> list[str]:
    """Return the paths that one with braces stands for."""
    found = re.search(r"\{([^}]*)\}", path)
    if found is None:
        return [path]
    return [one for name in found[1].split(",") for one in spread(path.replace(found[0], name, 1))]


def functions(path: str) -> set[str]:
    """Return the names of a file's tests."""
    return set(re.findall(r"^\s*(?:async )?def (test_\w+)", (ROOT / path).read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_every_file_and_test_that_is_named_is_there(page: str) -> None:
    text = re.sub(r"\]\([^)]*\)", "]", (ROOT / page).read_text("utf-8"))  # links are followed elsewhere
    named = [(path, test) for whole, test in FILE.findall(text) for path in spread(whole.rstrip(".,"))]
    for path, others in MORE.findall(text):
        named += [(path, test) for test in re.findall(r"::(\w+)", others)]
    for path, test in named:
        assert list(ROOT.glob(path.rstrip("/"))) or any(stands_for(path)), f"{page}: {path}"
        assert not test or test in functions(path), f"{page}: {path}::{test}"


def stands_for(path: str) -> list[bool]:
    """Return whether a path is a made-up one, in capitals or angle brackets: `pipeline/queries/USE/NAME.sql`."""
    return [bool(re.search(r"[A-Z]{3,}", path)) and (ROOT / re.split(r"[^/]*[A-Z]{3,}", path)[0]).is_dir()]


def test_the_threat_model_marks_what_is_the_users() -> None:
    text = (ROOT / "docs" / "explanation" / "threat-model.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w) \| (.*) \|$", text, re.MULTILINE)
    assert {letter for letter, _ in rows} == STRIDE
    for _, row in rows:
        threat, done, proof, remains = row.split(" | ")
        assert threat
        assert done
        assert "`tests/" in proof or "**User:**" in remains, threat
    assert text.count("**User:**") > len(rows) // 3


@pytest.mark.parametrize(("page", "words"), FIGURES)
def test_a_figure_is_the_constants(page: str, words: str) -> None:
    assert words in " ".join((ROOT / "docs" / "explanation" / page).read_text("utf-8").split())


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts_and_its_line(path: Path) -> None:
    text = path.read_text("utf-8")
    title = re.match(
        rf"# {int(path.name[:4])}\. (.+)\n\n- Status: (accepted|given up, see \d+)\n- Date: 20\d\d-\d\d-\d\d\n", text
    )
    assert title is not None
    assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == PARTS
    parts = re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]
    assert all(part.strip() for part in parts)
    assert parts[2].count("\n- **") >= 2, "what else there was, and what spoke against it"
    index = (path.parent / "README.md").read_text("utf-8")
    assert f"- [{int(path.name[:4])}. {title[1]}]({path.name})\n" in index


def test_decisions_are_numbered_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
