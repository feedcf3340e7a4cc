"""Which engine runs: what is said, else what the surroundings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.engine import Choice, choose
from pipeline.errors import UsageFault
from tests.command import whofrom

SUBMITTED, REMOTE = {"PYSPARK_GATEWAY_PORT": "4711"}, {"SPARK_REMOTE": "sc://there"}


@pytest.mark.parametrize(
    ("engine", "master", "environ", "chosen"),
    [
        (None, None, {}, Choice("duckdb")),
        (None, None, {"SPARK_REMOTE": ""}, Choice("duckdb")),
        (None, None, SUBMITTED, Choice("spark")),
        (None, None, REMOTE, Choice("spark")),
        (None, "local[2]", SUBMITTED, Choice("spark", "local[2]")),
        ("duckdb", None, SUBMITTED | REMOTE, Choice("duckdb")),
        ("spark", None, {}, Choice("spark")),
        ("spark", "", {}, Choice("spark")),
        ("spark", "sc://here:15002/;token=x", REMOTE, Choice("spark", "sc://here:15002/;token=x")),
        *[
            ("spark", master, {}, Choice("spark", master))
            for master in (
                "local", "local[*]", "local[4,3]", "local-cluster[2,1,1024]", "spark://a:7077,b:7077", "yarn",
                "k8s://https://k:6443",
            )
        ],
    ],
)  # fmt: skip
def test_what_is_said_goes_before_what_the_surroundings_say(
    engine: str | None, master: str | None, environ: dict[str, str], chosen: Choice
) -> None:
    assert choose(engine, master, environ=environ) == chosen


@pytest.mark.parametrize(
    ("engine", "master", "environ", "words"),
    [
        (None, "local[2]", {}, "--engine spark"),
        ("duckdb", "local[2]", SUBMITTED, "--engine spark"),
        ("spark", "mesos://x", {}, "is no master"),
        ("spark", "local[2", {}, "is no master"),
        ("spark", "\x1b[31m", {}, r"'\\x1b\[31m' is no master"),
        ("spark", "local[2]", REMOTE, "unset SPARK_REMOTE"),
    ],
)
def test_a_master_that_is_none_or_has_no_use_is_refused(
    engine: str | None, master: str, environ: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageFault, match=words):
        choose(engine, master, environ=environ)


def test_a_variable_that_names_a_master_is_for_spark_alone() -> None:
    assert choose(None, "yarn", said=False, environ={}) == Choice("duckdb")


@pytest.mark.parametrize(
    "command",
    [
        ["regions"], ["logins"], ["logins", "explain", "x"], ["attacks"], ["trace", "192.0.2.1"], ["sql", "SELECT 1"],
        ["blocklist", "ipset"], ["alerts"], ["rejects"],
    ],
)  # fmt: skip
def test_every_command_that_asks_takes_them(command: list[str], tmp_path: Path) -> None:
    done = whofrom(*command, "--master", "yarn", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "whofrom: error: --master: is Spark's, and DuckDB runs; add --engine spark\n"
    for env, master in (({}, "x"), ({"WHOFROM_MASTER": "x"}, None)):
        more = ["--engine", "spark", *(["--master", master] if master else [])]
        done = whofrom(*command, *more, cwd=tmp_path, env=env)
        assert "--master: 'x' is no master" in done.stderr


def test_a_subcommand_has_what_its_group_was_told(tmp_path: Path) -> None:
    done = whofrom("logins", "--engine", "spark", "--master", "x", "explain", "id", cwd=tmp_path)
    assert "--master: 'x' is no master" in done.stderr
    env = {"WHOFROM_ENGINE": "duckdb"}
    done = whofrom("logins", "--engine", "spark", "--master", "x", "explain", "id", cwd=tmp_path, env=env)
    assert "--master: 'x' is no master" in done.stderr
    done = whofrom("logins", "--engine", "spark", "explain", "id", "--engine", "duckdb", cwd=tmp_path)
    assert "no lake here" in done.stderr
