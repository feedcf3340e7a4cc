"""The scalar runner: echo.clientip and echo.proxyproto, one row at a time."""

from collections.abc import Mapping, Sequence

from tests.vectors.asked import blocks, dialects, forwarded, neutral, proxyproto
from tests.vectors.rows import NO_STRATEGY, Answer, Asked, Row, Skip

ASKED: Mapping[str, Asked] = {
    **neutral.ANSWERS,
    **blocks.ANSWERS,
    **forwarded.ANSWERS,
    **proxyproto.ANSWERS,
    **dialects.ANSWERS,
}


def scalar(rows: Sequence[Row]) -> list[Answer | Skip]:
    return [scalar_answer(row) for row in rows]


def scalar_answer(row: Row) -> Answer | Skip:
    name, _, argument = row["strategy"].partition(":")
    answer = ASKED.get(name)
    if answer is None:
        return NO_STRATEGY
    try:
        return answer(row, argument)
    except Exception as error:  # a crash is the row's finding, and the other rows go on
        return {"crash": repr(error)}
