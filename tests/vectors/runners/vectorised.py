"""The vectorised runner: pipeline.resolve, all rows of one policy in one batch."""

from collections.abc import Sequence

import pyarrow as pa

from echo.clientip import make_policy
from echo.clientip.headers import fields
from pipeline.resolve import resolve
from pipeline.rows import HEADERS_TYPE
from tests.vectors.asked.neutral import ANSWERS, ranges
from tests.vectors.rows import NO_STRATEGY, Answer, Row, Skip, name_of
from tests.vectors.runners.scalar import ASKED, scalar_answer

NOT_VECTORISED = Skip("not vectorised")


def requests(peers: Sequence[str | None], headers: Sequence[object]) -> pa.RecordBatch:
    """Return what the resolver takes."""
    nobody = pa.nulls(len(peers), pa.string())
    return pa.RecordBatch.from_pydict(
        {"peer_ip": pa.array(peers, pa.string()), "proxied_ip": nobody, "headers": pa.array(headers, HEADERS_TYPE)}
    )


def vectorised(rows: Sequence[Row]) -> list[Answer | Skip]:
    """A row that the scalar answers with an error has no policy; the others go a policy at a time."""
    answers: list[Answer | Skip] = [NOT_VECTORISED if name_of(row) in ASKED else NO_STRATEGY for row in rows]
    groups: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for index, row in enumerate(rows):
        if name_of(row) in ANSWERS:
            answers[index] = answer = scalar_answer(row)
            if not isinstance(answer, Skip) and not answer.get("error"):
                groups.setdefault((row["strategy"], tuple(ranges(row))), []).append(index)
    for (strategy, trusted), indices in groups.items():
        policy = make_policy(strategy, trusted=trusted)
        headers = [
            [(name, values) for name in policy.headers if (values := fields(rows[index]["headers"], name))]
            for index in indices
        ]
        peers = [rows[index]["peer_addr"] for index in indices]
        found = resolve(requests(peers, headers), policy)
        for index, client in zip(indices, found["client_ip"].to_pylist(), strict=True):
            answers[index] = {"client_ip": client, "error": False}
    return answers
