"""Every page does what it says: its commands run in order in a fresh folder, and print what stands behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import elsewhere
from tests.docs.page import PAGES, ROOT, Block, acts, blocks, read
from tests.docs.run import run
from tests.docs.scenes import SCENES

# Pages that want what not every machine has, and the tests that run them, each a stage of CI of its own
IN_OTHER_TESTS = {
    "docs/how-to/image.md": "tests/image/test_page.py",  # images, which take a network, root and a minute
    "docs/how-to/install.md": "tests/dist/test_page.py",  # a network
    "docs/how-to/run-on-spark.md": "tests/spark/test_page.py",  # Java and pyspark
}
WITH_COMMANDS = [page for page in PAGES if any(block.language == "console" for block in blocks(read(page)))]
PAGE_SECONDS = 300


@pytest.mark.timeout(PAGE_SECONDS)
@pytest.mark.parametrize("page", [page for page in WITH_COMMANDS if page not in IN_OTHER_TESTS])
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    run(page, tmp_path, at_hand=True)


@pytest.mark.parametrize(("page", "test"), IN_OTHER_TESTS.items())
def test_a_page_that_is_run_elsewhere_is_run(page: str, test: str) -> None:
    assert page in WITH_COMMANDS
    assert page in (ROOT / test).read_text("utf-8")


def test_a_scene_has_its_page() -> None:
    assert set(SCENES) <= set(WITH_COMMANDS)


def test_what_is_done_elsewhere_is_still_on_a_page() -> None:
    commands = [(page, act.command) for page in WITH_COMMANDS for act in acts(read(page)) if not isinstance(act, Block)]
    assert [one for one in elsewhere.TABLE if not any(one.fits(*command) for command in commands)] == []
