"""Forwarded as Rack reads it: every `for` of every element in one list."""

from collections.abc import Mapping

from echo.clientip.dialects.ruby import forwarded_values, joined
from tests.vectors.rows import Answer, Asked, Row


def flat(row: Row, _: str) -> Answer:
    values = forwarded_values(joined([(name, value) for name, value in row["headers"]], "Forwarded") or "")
    return {"for": None if values is None else values.get("for")}


ANSWERS: Mapping[str, Asked] = {"forwarded-flat": flat}
