"""
What Spark says when something fails -> a fault of one line, with what to do.

Spark's words are long: a condition in brackets, a sentence, hints, the statement, stacks of two machines. The first
sentence is shown, of a failed job that of what failed on the machine.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa

from echo.clientip import Fault, printable
from pipeline.errors import EngineFault, QueryFault

MAX_WORDS = 300


class Trouble(NamedTuple):
    """One kind of trouble: what Spark says of it has the pattern."""

    pattern: re.Pattern[str]
    kind: type[Fault]
    words: str
    step: str


GONE = (
    "All masters are unresponsive", "Application has been killed", "Cannot call methods on a stopped SparkContext",
    "SparkContext was shut ?down", r"StatusCode\.UNAVAILABLE", "Connection refused", r"INVALID_HANDLE\.SESSION_",
    "Answer from Java side is empty", "Error while sending or receiving",
)  # fmt: skip
NO_MEMORY = (
    "OutOfMemoryError", "UNABLE_TO_ACQUIRE_MEMORY", r"exit(?:ed with)? (?:code|status) (?:52|137)", "code 137",
    "OOMKilled", "beyond the '.*' limit", "Container killed",
)  # fmt: skip
# the first that fits: pattern, kind of fault, what is said ("" is Spark's own sentence), what to do
TROUBLES = tuple(Trouble(re.compile(pattern, re.DOTALL), kind, words, step) for pattern, kind, words, step in (
    (
        r"FILE_NOT_EXIST|FileNotFoundException|PATH_NOT_FOUND", QueryFault,
        "a file of the lake is not there: compacted away meanwhile, or no path of every machine",
        "ask again; executors must see the lake's folder at the same path",
    ),
    (
        "FAILED_READ_FILE|CANNOT_READ_FILE|is not a Parquet file", QueryFault,
        "", "a file is damaged: restore it from a copy",
    ),
    (
        "maxResultSize", EngineFault, "the result is larger than Spark's driver takes at once",
        "ask for less, or set spark.driver.maxResultSize",
    ),
    (
        "Not enough memory to build and broadcast", EngineFault, "the driver is out of memory",
        "give it more, spark.driver.memory; or ask for less",
    ),
    (
        "|".join(NO_MEMORY), EngineFault, "an executor is out of memory",
        "give executors more: spark.executor.memory, and spark.executor.memoryOverhead; or ask for less",
    ),
    (
        "PYTHON_VERSION_MISMATCH|different version than that in driver", EngineFault,
        "", "set PYSPARK_PYTHON to the same version of Python on all machines",
    ),
    (
        "No module named '(?:pipeline|echo|pyarrow|duckdb)", EngineFault, "executors lack whofrom",
        "install 'whofrom[pipeline,spark]' for their Python, and name it with PYSPARK_PYTHON",
    ),
    ('Cannot run program "', EngineFault, "executors have no such Python", "name theirs with PYSPARK_PYTHON"),
    (
        "ExecutorLostFailure|FetchFailed|Remote RPC client disassociated", EngineFault,
        "executors were lost again and again",
        "look at their logs; most often it is memory: spark.executor.memory, spark.executor.memoryOverhead",
    ),
    ("|".join(GONE), EngineFault, "Spark is not there any more", "look at the log of its driver or server; ask again"),
    ("CANCELLED|cancelled|interrupted", QueryFault, "interrupted", "ask again"),
    (
        "Could not parse Master URL|Could not load .*master", EngineFault,
        "", "name local[4], spark://HOST:7077, yarn, k8s://URL or sc://HOST with --master",
    ),
))  # fmt: skip
STATEMENT = "correct the statement; DESCRIBE requests lists the columns"
# of a failed job: what failed on a machine, behind the place
ON_MACHINE = re.compile(r"Lost task [^:]*\): (?P<words>.*)", re.DOTALL)
# of what the JVM raised in a call, behind the call's own name and stack
CALL = "An error occurred while calling"
CAUSE = re.compile(r"^(?:Caused by: |: )(?P<words>.+)$", re.MULTILINE)
PYTHON = re.compile(r"^(?P<words>[A-Za-z_][\w.]*(?:Error|Exception|Fault|Warning): .+)$", re.MULTILINE)
# in front of a sentence: classes and the name of a condition; behind it: hints, and where it comes from
BEFORE = re.compile(r"^(?:[\w.$]+(?:Exception|Error): )?(?:\[[A-Z0-9_.]+\] )?")
BEHIND = re.compile(
    r"[.;]? *(?:(?<=\.) (?:Use `|If necessary|Correct the|To |Please |Consider )|SQLSTATE: |\n|== |JVM stack).*",
    re.DOTALL,
)


def fault_of(error: BaseException, place: str, step: str = STATEMENT) -> Fault | None:
    """Return the fault for what was raised by a call to Spark, None where that is none of Spark's."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, ImportError):
        from pipeline.installed import unloadable  # noqa: PLC0415  # where all is there, nobody asks

        words = unloadable("--engine spark", "spark", error)
        return EngineFault(*words.rpartition("; ")[0:1], "", words.rpartition("; ")[2]) if words else None
    if not _is_sparks(error):
        return None
    text = str(error)
    for trouble in TROUBLES:
        if trouble.pattern.search(text):
            return trouble.kind(trouble.words or _words(text), place, trouble.step)
    return (QueryFault if step is STATEMENT else EngineFault)(_words(text), place, step)


def _is_sparks(error: BaseException) -> bool:
    family = {one.__module__.partition(".")[0] for one in type(error).__mro__}
    return bool(family & {"pyspark", "py4j", "grpc"}) or isinstance(error, (pa.ArrowException, OSError))


def _words(text: str) -> str:
    """Return the sentence that says it."""
    if text.startswith(CALL) and (causes := CAUSE.findall(text)):
        text = causes[-1]
    remote = ON_MACHINE.search(text)
    inner = PYTHON.findall(text) if "Traceback (most recent call last)" in text else []
    said = inner[-1] if inner else BEFORE.sub("", (remote["words"] if remote else text).strip())
    return printable(" ".join(BEHIND.sub("", said).split()))[:MAX_WORDS]
