"""docs/how-to/sql.md is true: its questions are asked of the lake that it names, and answered as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine.duckdb import Engine
from tests.pipeline import shop

TEXT = shop.PAGE.read_text("utf-8")
QUESTIONS = list(shop.questions(TEXT))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(shop.make(str(tmp_path_factory.mktemp("shop") / "lake")))


def test_there_are_twenty_and_none_is_missed() -> None:
    assert len(QUESTIONS) == 20
    assert TEXT.count("```sql") == 20
    assert [question.title.partition(".")[0] for question in QUESTIONS] == [str(n + 1) for n in range(20)]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.title)
def test_a_question_is_answered_as_the_page_says(question: shop.Question, engine: Engine) -> None:
    assert shop.shown(shop.answer(engine, question.sql)) == question.result, "run: python -m tests.pipeline.shop docs"


def test_each_question_has_a_remark() -> None:
    remarks = TEXT.split("```text\n")[1:]
    assert all(len(remark.partition("```\n")[2].partition("###")[0].strip()) > 60 for remark in remarks)


def test_the_lake_is_the_same_on_every_run(tmp_path: Path) -> None:
    assert shop.rows() == shop.rows()
    assert shop.make(str(tmp_path / "lake")).files()["requests"]
