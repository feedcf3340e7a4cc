"""What Spark says when something fails, and what is said of it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from pipeline.engine.troubles import fault_of
from pipeline.errors import EngineFault, LakeFault, QueryFault


class Said(Exception):
    """An exception of pyspark's, which need not be here."""


Said.__module__ = "pyspark.errors.exceptions.captured"
STAGE = (
    "Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, most recent failure: Lost task 0.3 in stage "
    "1.0 (TID 7) (10.0.0.1 executor 1): "
)
STATEMENT = "; correct the statement; DESCRIBE requests lists the columns"
DIVIDED = (
    "[DIVIDE_BY_ZERO] Division by zero. Use `try_divide` to tolerate divisor being 0 and return NULL instead. If "
    'necessary set "spark.sql.ansi.enabled" to "false" to bypass this error. SQLSTATE: 22012\n== SQL (line 1) ==\n'
)
CAST = (
    '[CAST_INVALID_INPUT] The value \'If. To\' of the type "STRING" cannot be cast to "INT" because it is malformed. '
    "Correct the value as per the syntax, or change its target type. SQLSTATE: 22018"
)
OF_PYTHON = (
    "org.apache.spark.api.python.PythonException: Traceback (most recent call last):\n"
    '  File "x.py", line 1\nZeroDivisionError: division by zero\n\n\tat org.apache.spark'
)
KILLED = (
    "ExecutorLostFailure (executor 1 exited caused by one of the running tasks) Reason: Command exited with code 137"
)
TOO_MUCH = (
    "Total size of serialized results of 3 tasks (1025.0 MiB) is bigger than spark.driver.maxResultSize (1024.0 MiB)"
)
GONE = "org.apache.spark.SparkFileNotFoundException: [FAILED_READ_FILE.FILE_NOT_EXIST] File does not exist"
CALLED = (
    "An error occurred while calling o2441.getResult.\n"
    ": org.apache.spark.SparkException: Exception thrown in awaitResult: \n"
    "\tat org.apache.spark.util.SparkThreadUtils$.awaitResult(SparkThreadUtils.scala:70)\nCaused by: "
)
BROADCAST = (
    "org.apache.spark.SparkException: Not enough memory to build and broadcast the table to all worker nodes. As a"
)
CASES = (
    # realistic: as Spark 4.3 says it
    (DIVIDED, QueryFault, f"SQL: Division by zero{STATEMENT}"),
    (CAST, QueryFault, 'SQL: The value \'If. To\' of the type "STRING" cannot be cast to "INT" because it'),
    (f"{STAGE}org.apache.spark.SparkException: [X_Y.Z] Oh no. SQLSTATE: 1\n\tat", QueryFault, f"SQL: Oh no{STATEMENT}"),
    (f"{STAGE}{OF_PYTHON}", QueryFault, f"SQL: ZeroDivisionError: division by zero{STATEMENT}"),
    (f"{STAGE}{GONE}", QueryFault, "SQL: a file of the lake is not there: compacted away"),
    (f"{STAGE}{KILLED}", EngineFault, "SQL: an executor is out of memory; give executors more"),
    (f"{STAGE}java.lang.OutOfMemoryError: Java heap space", EngineFault, "SQL: an executor is out of memory"),
    (f"{STAGE}ExecutorLostFailure (executor 1 exited)", EngineFault, "SQL: executors were lost again and again"),
    (TOO_MUCH, EngineFault, "SQL: the result is larger than Spark's driver takes at once; ask for less"),
    (f"{STAGE}… ModuleNotFoundError: No module named 'pipeline'", EngineFault, "SQL: executors lack whofrom; install"),
    ("Cannot call methods on a stopped SparkContext.", EngineFault, "SQL: Spark is not there any more"),
    ("Could not parse Master URL: 'x'", EngineFault, "SQL: Could not parse Master URL: 'x'; name local[4]"),
    (f"{CALLED}{BROADCAST}\n\tat", EngineFault, "SQL: the driver is out of memory; give it more, spark.driver.memory"),
    (f"{CALLED}java.lang.StackOverflowError: too deep\n\tat x", QueryFault, f"SQL: too deep{STATEMENT}"),
    # pathological
    ("An error occurred while calling o1.x", QueryFault, "SQL: An error occurred while calling o1.x"),
    ("", QueryFault, f"SQL: {STATEMENT}"),
    ("x" * 100_000, QueryFault, "SQL: " + "x" * 300 + STATEMENT),
    ("\x1b[31mred\nand more", QueryFault, "SQL: \\x1b[31mred"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "said"), CASES)
def test_what_spark_says_is_one_line_with_what_to_do(text: str, kind: type[Exception], said: str) -> None:
    fault = fault_of(Said(text), "SQL")
    assert type(fault) is kind
    assert str(fault).startswith(said)
    assert "\n" not in str(fault)
    assert "\x1b" not in str(fault)


def test_what_is_no_ones_statement_is_the_engines() -> None:
    fault = fault_of(Said("oh"), "a task", "mend that")
    assert (type(fault), str(fault)) == (EngineFault, "a task: oh; mend that")


def test_faults_stay_and_bugs_are_raised() -> None:
    fault = LakeFault("gone", "lake", "look")
    assert fault_of(fault, "SQL") is fault
    assert fault_of(ValueError("a bug"), "SQL") is None
    assert isinstance(fault_of(pa.ArrowInvalid("odd"), "SQL"), QueryFault)


def test_a_package_that_is_missing_is_named_with_what_brings_it() -> None:
    fault = fault_of(ModuleNotFoundError("No module named 'pyspark'", name="pyspark"), "--engine spark")
    assert str(fault) == "--engine spark needs the package pyspark; pip install 'whofrom[spark]'"
    assert fault_of(ModuleNotFoundError("no", name="pipeline.gone"), "--engine spark") is None
