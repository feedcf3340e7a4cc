"""Rows of input → answer from other programs' test suites and from running them, through every runner."""

import json
from pathlib import Path

import pytest

from tests.vectors.__main__ import main
from tests.vectors.report import outcomes, report
from tests.vectors.rows import Skip, differences, read_rows
from tests.vectors.runners import RUNNERS
from tests.vectors.runners.scalar import scalar

ROOT = Path(__file__).parents[3]
OURS = sorted((ROOT / "tests" / "data" / "vectors").glob("*.jsonl"))
SHARED = ROOT.parent / "shared" / "clientip" / "vectors"
ROWS = [row for file in OURS for row in read_rows(file)]

RESOLVED = {
    "id": "made-up",
    "strategy": "rightmost-untrusted:X-Forwarded-For",
    "peer_addr": "10.0.0.1:40000",
    "headers": [["X-Forwarded-For", "203.0.113.7"]],
    "trusted": ["10.0.0.0/8"],
    "expect": {"client_ip": "203.0.113.7", "error": False},
}
FOREIGN = RESOLVED | {"id": "foreign", "strategy": "ipware:count=1"}


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_row(row, runner):
    """Each runner that takes the row answers as the row says."""
    (answer,) = RUNNERS[runner]([row])
    assert isinstance(answer, Skip) or differences(row, answer) == ""


def test_the_scalar_runner_takes_every_row_we_keep():
    assert [row["id"] for row, answer in zip(ROWS, scalar(ROWS), strict=True) if isinstance(answer, Skip)] == []


def test_the_rows_in_one_call_answer_as_one_by_one():
    """A runner may answer a whole file at once; its neighbours change no row's answer."""
    for runner in RUNNERS.values():
        assert [runner([row])[0] for row in ROWS] == list(runner(ROWS))


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/clientip/vectors beside the checkout")
def test_the_whole_corpus():
    """No row of the corpus that some runner takes fails, and the rows we keep are rows of the corpus."""
    rows = [row for file in sorted(SHARED.glob("*.jsonl")) for row in read_rows(file)]
    assert [result.failures for result in outcomes(rows) if result.failures] == []
    corpus = {row["id"]: row for row in rows}
    assert [row["id"] for row in ROWS if corpus.get(row["id"]) != row] == []


# --- the tool itself --------------------------------------------------------------------------------------------------


def written(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_a_passing_file_ends_with_the_counts_and_zero(tmp_path, capsys):
    assert main([written(tmp_path / "a.jsonl", RESOLVED), written(tmp_path / "b.jsonl", FOREIGN)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  ipware:count=1: 0 passed, 0 failed, 1 skipped (no runner knows this strategy)",
        f"  rightmost-untrusted:X-Forwarded-For: 1 passed, 0 failed, 0 skipped ({', '.join(RUNNERS)})",
        "1 passed, 0 failed, 1 skipped",
    ]


def test_a_wrong_row_is_named_with_both_answers(tmp_path, capsys):
    wrong = RESOLVED | {"id": "wrong", "expect": {"client_ip": "203.0.113.8", "error": False}}
    assert main([written(tmp_path / "a.jsonl", RESOLVED, wrong)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAILED wrong rightmost-untrusted:X-Forwarded-For: scalar: client_ip is '203.0.113.7', ")
    assert lines[0].endswith("expected '203.0.113.8'")
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"


def test_expected_addresses_compare_as_addresses():
    """The corpus spells an answer as the other program prints it."""
    row = RESOLVED | {"expect": {"client_ip": "::FFFF:203.0.113.7", "error": False}}
    assert differences(row, {"client_ip": "203.0.113.7", "error": False}) == ""


def test_a_row_fails_if_one_of_its_runners_differs():
    runners = {"scalar": scalar, "always-nobody": lambda rows: [{"client_ip": None} for _ in rows]}
    (result,) = outcomes([RESOLVED], runners)
    assert result.word == "failed"
    assert result.failures == ("always-nobody: client_ip is None, expected '203.0.113.7'",)
    assert list(report([result]))[-1] == "0 passed, 1 failed, 0 skipped"


def test_a_row_that_crashes_a_runner_fails_and_the_others_go_on():
    crashing = RESOLVED | {"strategy": "entry-lenient", "headers": []}
    words = [result.word for result in outcomes([crashing, RESOLVED], {"scalar": scalar})]
    assert words == ["failed", "passed"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("\n{", "line 2: no JSON object"),
        ("3\n", "line 1: no JSON object"),
        ('{"id": "x"}\n', "line 1: no expect, headers, peer_addr, strategy, trusted"),
    ],
)
def test_a_file_of_something_else_is_refused_with_its_line(tmp_path, capsys, content, complaint):
    path = tmp_path / "odd.jsonl"
    path.write_text(content)
    assert main([str(path)]) == 2
    assert f"{path} {complaint}" in capsys.readouterr().err


def test_a_missing_file_and_no_file_are_usage_errors(tmp_path, capsys):
    assert main([str(tmp_path / "absent.jsonl")]) == 2
    assert "No such file" in capsys.readouterr().err
    assert main([]) == 2
    assert "usage: python -m tests.vectors" in capsys.readouterr().err
