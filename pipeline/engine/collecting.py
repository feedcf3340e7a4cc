"""
What Spark has found, in this process.

As its `toArrow`, which waits without end where the JVM's thread that answers was ended by an interruption or by the
stack's end: neither is told to who waits.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from pipeline.engine.session import Session
from pipeline.errors import QueryFault

TOLD_SECONDS = 10  # after the last byte of an answer, which is its end


def collected(session: Session, found: Any, place: str) -> list[pa.RecordBatch]:
    """
    Return the rows of a DataFrame.

    place  of the statement, for the fault

    Raises QueryFault where Spark does not say that these are all, and what Spark raises.
    """
    if session.connected:
        return found.toArrow().to_batches()  # type: ignore[no-any-return]
    from pyspark.errors.exceptions.captured import unwrap_spark_exception  # noqa: PLC0415  # of the extra `spark`
    from pyspark.sql.pandas.serializers import ArrowCollectSerializer  # noqa: PLC0415
    from pyspark.util import _load_from_socket  # noqa: PLC0415

    port, secret, server = found._jdf.collectAsArrowToPython()
    duration = session.spark._jvm.scala.concurrent.duration.Duration.apply(TOLD_SECONDS, "seconds")
    try:
        with _load_from_socket((port, secret), ArrowCollectSerializer()) as stream:
            return list(stream)
    finally:
        try:
            with unwrap_spark_exception():
                server.getResult(duration)
        except Exception as error:
            if "TimeoutException" not in str(error):
                raise
            raise QueryFault(
                "Spark does not say what became of it: interrupted, or too deep for its stack", place, "ask again"
            ) from None
