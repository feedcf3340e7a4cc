"""The chain as Express sees it."""

from collections.abc import Mapping

from echo.clientip.dialects.dialect import Arrival
from echo.clientip.dialects.express import chain
from tests.vectors.rows import Answer, Asked, Row


def xff_list(row: Row, _: str) -> Answer:
    return {"chain": chain(Arrival(row["peer_addr"], [(name, value) for name, value in row["headers"]]))}


ANSWERS: Mapping[str, Asked] = {"xff-list": xff_list}
