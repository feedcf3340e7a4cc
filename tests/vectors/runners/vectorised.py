"""The vectorised runner: pipeline.resolve, all rows of one policy in one batch."""

from collections.abc import Sequence

import pyarrow as pa

from echo.clientip import make_policy
from echo.clientip.headers import fields
from pipeline.resolve import header_lists
from pipeline.resolve import resolve as vector_resolve
from pipeline.rows import HEADERS_TYPE
from tests.vectors.asked.neutral import ranges
from tests.vectors.rows import NO_STRATEGY, Answer, Row, Skip, name_of
from tests.vectors.runners.scalar import ASKED, scalar_answer


def vectorised(rows: Sequence[Row]) -> list[Answer | Skip]:
    """A row that the scalar answers with an error or a Skip has no policy; the others go a policy at a time."""
    answers: list[Answer | Skip] = [Skip("not vectorised") if name_of(row) in ASKED else NO_STRATEGY for row in rows]
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for index, row in enumerate(rows):
        if (
            name_of(row) in ("remote-addr", "rightmost-untrusted")
            and "orwarded:" not in row["strategy"]
            and not row["strategy"].endswith("Forwarded")
        ):
            answers[index] = scalar_answer(row)
            if not isinstance(answers[index], Skip) and not answers[index].get("error"):
                groups.setdefault((row["strategy"], tuple(ranges(row))), []).append(index)
    for (strategy, trusted), indices in groups.items():
        policy = make_policy(strategy, trusted=trusted)
        headers = [fields(rows[index]["headers"], policy.header) for index in indices]
        column = pa.array([[(policy.header, values)] if values else [] for values in headers], HEADERS_TYPE)
        peers = pa.array([rows[index]["peer_addr"] for index in indices], pa.string())
        found = vector_resolve(peers, header_lists(column, policy.header), policy)
        for index, client in zip(indices, found["client_ip"].to_pylist(), strict=True):
            answers[index] = {"client_ip": client, "error": False}
    return answers
