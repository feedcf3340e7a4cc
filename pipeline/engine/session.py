"""
A session of Spark: of this process's own, of the application that spark-submit began, or of a server of Spark Connect.

Rules:

1. What the user has set stands. Set here is what is missing, and nothing about resources: see OWN. What answers rest on
   is set in a session of ours beside the user's (`newSession`), whose views are ours as well: see SETTINGS.
2. Nothing is stopped that was not started here; what was started here ends with this process.
3. Spark's log is not the user's business: of a JVM that is started here it is read, and what says why nothing goes on
   is passed on (`Log`); its last lines are there when it cannot start.
4. A call to Spark runs in a thread beside, so that Ctrl-C ends it at once.
"""

from __future__ import annotations

import atexit
import logging
import os
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar

import click

from echo.clientip import printable
from pipeline.engine.choice import CONNECT, REMOTE, SUBMITTED, Choice
from pipeline.engine.reach import check_java, check_server
from pipeline.engine.troubles import STATEMENT, fault_of
from pipeline.errors import EngineFault

Found = TypeVar("Found")

NAME = "whofrom"
LOCAL_MASTER = "local[*]"
# of a session of ours: what SQL means there, and that a plan is found
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.runSQLOnFiles": "false",  # SELECT * FROM parquet.`/etc/…`
    # what follows from what is computed from what …: the optimiser's memory ends before the list does (SPARK-33152)
    "spark.sql.constraintPropagation.enabled": "false",
}
# … over little, where nobody has set them: there plans, compiled classes and tasks cost more than rows do. Logins of
# 100,000 rows take a third of the time
LITTLE = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.shuffle.partitions": "1",
}
SMALL_MIB = 10  # what is sent to everyone, at most; Spark's own default
# … over more: how large a scan is Spark guesses from its files, which are packed so well that it takes ten million rows
# of two columns for less than that, and sends them. What is small it is told (`Engine._leaf`), or has measured
LARGE = {
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": f"{SMALL_MIB}MB",
}
# of an application of ours, where nobody has set them
OWN = {"spark.app.name": NAME, "spark.ui.showConsoleProgress": "false"}
# … on this machine: nobody else need reach it, and a host whose own name is not known has no other
OWN_HERE = {"spark.ui.enabled": "false", "spark.driver.host": "localhost", "spark.driver.bindAddress": "127.0.0.1"}
# lines of Spark's log that say why nothing goes on; the rest of a line is Spark's own words
TOLD = re.compile(r"(?:WARN|ERROR) \w+: ((?:Initial job has not accepted|Lost executor|All masters are).*)")
LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "pyspark.sql.connect.logging")
SERVICE = "org.apache.spark.sql.connect.service.SparkConnectService"
PORT = "spark.connect.grpc.binding.port"  # 0 is one that is free
KEPT_LINES = 100
INTERRUPT_SECONDS = 0.1  # a call that was about to start when it was interrupted is interrupted again


class Log:
    """What a JVM says: read as it comes, the last lines kept."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)

    def follow(self, stream: BinaryIO) -> threading.Thread:
        """Read to the end, in the thread beside that is returned."""
        thread = threading.Thread(target=self._read, args=(stream,), name="spark-log", daemon=True)
        thread.start()
        return thread

    def last(self) -> str:
        """Return the last line that says something: of a stack, what it is about."""
        said = [line for line in self.lines if line and not line.startswith((r"\t", "    at ", "WARNING:"))]
        return said[-1] if said else "it said nothing"

    def _read(self, stream: BinaryIO) -> None:
        for line in stream:
            text = printable(line.decode("utf-8", "replace").rstrip())
            self.lines.append(text)
            found = TOLD.search(text)
            if found:
                click.echo(f"spark: {found[1]}", err=True)


class Session:
    """A session, and the thread that calls it."""

    def __init__(self, spark: Any) -> None:
        """
        Take a session of Spark's that nobody else uses.

        spark  a pyspark.sql.SparkSession, classic or of Connect
        """
        self.spark = spark
        self.connected = type(spark).__module__.startswith("pyspark.sql.connect")
        self._pool = ThreadPoolExecutor(1, "spark")
        for key, value in SETTINGS.items():
            spark.conf.set(key, value)

    def expect(self, *, little: bool) -> None:
        """Set what LITTLE or LARGE says, where the user has not."""
        settings, had = LITTLE if little else LARGE, self.spark.conf.getAll
        for key in settings.keys() - had.keys():
            self.spark.conf.set(key, settings[key])

    def run(self, call: Callable[[], Found], place: str, step: str = STATEMENT) -> Found:
        """
        Call in the thread beside, what Spark raises becoming a fault of that place; Ctrl-C ends the jobs of it.

        step  what to do where the call itself is at fault
        """
        future = self._pool.submit(call)
        try:
            return future.result()
        except (KeyboardInterrupt, SystemExit):  # Ctrl-C, SIGTERM
            while not future.done():
                self.interrupt()
                wait([future], INTERRUPT_SECONDS)
            raise
        except Exception as error:
            fault = fault_of(error, place, step)
            if fault is None:
                raise
            raise fault from None

    def interrupt(self) -> None:
        """End the jobs of what another thread has this do, with a fault there."""
        self.spark.interruptAll()  # of this session; a tag of Spark's ends what its own thread began alone


_opening = threading.Lock()
_servers: list[str] = []  # of Spark Connect, that this process has started


def open_session(choice: Choice) -> Session:
    """Return a session of one's own. Raises EngineFault where Spark, its Java or its master is not there."""
    with _opening:
        try:
            _hush()
            return Session(_connected(choice) if _is_remote(choice) else _classic(choice))
        except EngineFault:
            raise
        except Exception as error:
            fault = fault_of(error, choice.master or "--engine spark")
            if fault is None:
                raise
            raise fault from None


def _is_remote(choice: Choice) -> bool:
    return choice.master.startswith(CONNECT) or bool(not choice.master and os.environ.get(REMOTE))


def _connected(choice: Choice) -> Any:
    """Return a session of a server of Spark Connect, which SPARK_REMOTE=local starts beside this process."""
    url = choice.master or os.environ[REMOTE]
    if url.startswith("local"):
        url = _served(url)
    check_server(url)
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # pyspark asks for it where a session is not at hand
    from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415  # of the extra `spark`

    return SparkSession.builder.remote(url).create()


def _served(master: str) -> str:
    """Return where a server of this process's own listens, which is started if it does not yet."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415  # of the extra `spark`
    from pyspark.sql.connect.session import SparkSession  # noqa: PLC0415

    if not _servers:
        os.environ.setdefault(
            "PYSPARK_PYTHON", sys.executable
        )  # a server's workers are what its JVM's environment says
        with _as_before():
            _launch()
            SparkSession._start_connect_server(master, _missing(SparkConf(), master, {PORT: "0"}))
        service = getattr(SparkContext._jvm, f"{SERVICE}$")
        _servers.append(f"sc://localhost:{getattr(service, 'MODULE$').localPort()}")
    return _servers[0]


def _launch() -> None:
    """Start a JVM, with the settings of Spark's own files; none where spark-submit has one. Raises EngineFault."""
    from pyspark import SparkContext  # noqa: PLC0415  # of the extra `spark`
    from pyspark.errors import PySparkRuntimeError  # noqa: PLC0415
    from pyspark.java_gateway import launch_gateway  # noqa: PLC0415

    if SparkContext._gateway is not None:
        return
    if SUBMITTED in os.environ:
        SparkContext._ensure_initialized()
        return
    check_java()
    log = Log()
    reading, writing = os.pipe()
    log.follow(os.fdopen(reading, "rb"))
    try:
        gateway = launch_gateway(popen_kwargs={"stdout": writing, "stderr": writing})
    except PySparkRuntimeError:
        raise EngineFault(f"Spark's JVM ended: {log.last()}", "java", "mend that, or set JAVA_HOME") from None
    finally:
        os.close(writing)
    SparkContext._ensure_initialized(gateway=gateway)


@contextmanager
def _as_before() -> Iterator[None]:
    """Have the signals' handlers and the environment as they were: Spark's own end all jobs of an application."""
    remote, handler = os.environ.pop(REMOTE, None), signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if remote is not None:
            os.environ[REMOTE] = remote
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


def _hush() -> None:
    """Have what pyspark's Python side would write to standard error beside what it raises be left away."""
    from pyspark.logger import PySparkLogger  # noqa: PLC0415  # of the extra `spark`

    for name in LOGGERS:
        PySparkLogger.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger("py4j").setLevel(logging.CRITICAL + 1)


def _missing(conf: Any, master: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Return the settings of ours that nobody has set, for an application that begins here."""
    here = master.startswith("local")
    if here and not conf.contains("spark.pyspark.python"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    return {
        key: value for key, value in (OWN | (OWN_HERE if here else {}) | (more or {})).items() if not conf.contains(key)
    }


def _classic(choice: Choice) -> Any:
    """Return a session beside that of the application that runs here, which is begun if none does."""
    from pyspark import SparkConf, SparkContext  # noqa: PLC0415  # of the extra `spark`
    from pyspark.sql import SparkSession  # noqa: PLC0415

    if SparkContext._active_spark_context is None:  # getOrCreate would make one without our settings
        submitted = SUBMITTED in os.environ
        with _as_before():
            _launch()
            conf = SparkConf()
            if choice.master:
                conf.setMaster(choice.master)
            conf.setIfMissing("spark.master", LOCAL_MASTER)
            master = conf.get("spark.master", "")
            if not submitted:
                conf.setAll(list(_missing(conf, master).items()))
                check_server(master)
            context = SparkContext(conf=conf)
            if submitted and not conf.contains("spark.log.level"):
                context.setLogLevel("WARN")
            atexit.register(context.stop)
    return SparkSession.builder.getOrCreate().newSession()
