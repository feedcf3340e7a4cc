"""The scalar runner: echo.clientip and echo.proxyproto, one row at a time."""

from collections.abc import Mapping, Sequence

from tests.vectors.asked import blocks, dialects, express, forwarded, neutral, proxyproto, rack
from tests.vectors.rows import NO_STRATEGY, Answer, Asked, Row, Skip, name_of

ASKED: Mapping[str, Asked] = {
    **neutral.ANSWERS,
    **blocks.ANSWERS,
    **forwarded.ANSWERS,
    **proxyproto.ANSWERS,
    **dialects.ANSWERS,
    **express.ANSWERS,
    **rack.ANSWERS,
}


def scalar(rows: Sequence[Row]) -> list[Answer | Skip]:
    return [scalar_answer(row) for row in rows]


def scalar_answer(row: Row) -> Answer | Skip:
    answer = ASKED.get(name_of(row))
    if answer is None:
        return NO_STRATEGY
    try:
        return answer(row, row["strategy"].partition(":")[2])
    except Exception as error:  # a crash is the row's finding, and the other rows go on
        return {"crash": repr(error)}
