"""Our own functions, run on the machines of a cluster: one task of Spark's for each item."""

from __future__ import annotations

import atexit
import hashlib
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from pipeline.engine.collecting import collected
from pipeline.engine.session import NAME, Session

FOUND = pa.schema([("number", pa.int64()), ("found", pa.binary())])
FOUND_DDL = "number bigint, found binary"
TASK = "a task on an executor"
STEP = "mend that, and run again"
PROBED = 1_000_000  # rows of nothing: more than there are cores anywhere

Task = Callable[[Any, Mapping[str, str]], Any]

_sent: set[tuple[str, str]] = set()  # (application or session, name) of files that travelled
_folders: list[str] = []  # where their copies stand, while this process lives


class Spread:
    """Tasks on the machines of a session's cluster."""

    def __init__(self, session: Session) -> None:
        """Take a session."""
        self._session = session

    def __enter__(self) -> Self:
        """Return itself: the session ends with the process."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the session as it is."""

    @cached_property
    def width(self) -> int:
        """How many tasks run at once, as far as Spark says: with dynamic allocation it may become more."""
        spark = self._session.spark
        if not self._session.connected:
            return int(spark.sparkContext.defaultParallelism)
        from pyspark.sql.functions import spark_partition_id  # noqa: PLC0415  # of the extra `spark`

        parts = spark.range(PROBED).select(spark_partition_id()).distinct()
        return int(self._session.run(parts.count, "--master"))

    def __call__(self, task: Task, items: Sequence[Any], files: Sequence[str] = ()) -> Iterator[Any]:
        """
        Yield what a task makes of each item, in the items' order, when all are done: what it makes is held here.

        task   a function of a module, or a partial of one: called with an item, and file -> its path over there. It may
               run several times for an item, also at once: machines die or are slow
        files  paths of files here that travel to the machines, each contents once

        Raises EngineFault where a task fails again and again or raises what is no fault of Spark's.
        """
        if not items:
            return iter(())
        sent = {file: self._session.run(partial(self._send, Path(file)), file) for file in files}
        each = partial(_each, task, [pickle.dumps(item) for item in items], sent)
        count = len(items)

        def make() -> list[pa.RecordBatch]:
            rows = self._session.spark.range(0, count, 1, count).mapInArrow(each, FOUND_DDL)
            return collected(self._session, rows, TASK)

        made = pa.Table.from_batches(self._session.run(make, TASK, STEP))
        found = dict(zip(made["number"].to_pylist(), made["found"].to_pylist(), strict=True))
        return (pickle.loads(found[number]) for number in range(count))  # noqa: S301  # what our own function made

    def _send(self, path: Path) -> str:
        """Have a file go to the machines; returns its name there, which no other contents have."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        name = f"{NAME}-{digest[:32]}{path.suffix}"
        spark = self._session.spark
        owner = spark.session_id if self._session.connected else spark.sparkContext.applicationId
        if (owner, name) not in _sent:
            copy = Path(_folder(), name)
            if not copy.exists():
                shutil.copyfile(path, copy)
            if self._session.connected:
                spark.addArtifact(str(copy), file=True)
            else:
                spark.sparkContext.addFile(str(copy))
            _sent.add((owner, name))
        return name


def _folder() -> str:
    if not _folders:
        _folders.append(tempfile.mkdtemp(prefix=f"{NAME}-files-"))
        atexit.register(shutil.rmtree, _folders[0], ignore_errors=True)
    return _folders[0]


def _each(
    task: Task, items: Sequence[bytes], sent: Mapping[str, str], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Run a task for the items whose numbers come, over there."""
    from pyspark import SparkFiles  # noqa: PLC0415  # of the extra `spark`

    paths = {file: SparkFiles.get(name) for file, name in sent.items()}
    for batch in batches:
        for number in batch.column(0).to_pylist():
            found = pickle.dumps(task(pickle.loads(items[number]), paths))  # noqa: S301  # what our own driver made
            yield pa.RecordBatch.from_pylist([{"number": number, "found": found}], FOUND)
