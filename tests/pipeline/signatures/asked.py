"""Requests as the columns that signatures look at."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from pipeline.rows import HEADERS_TYPE
from pipeline.signatures import Example, signatures_of
from pipeline.signatures.signature import example


def columns(requests: Sequence[str | Example]) -> dict[str, pa.Array]:
    """Return the columns of requests."""
    full = [example(one) for one in requests]
    headers = [
        [(name.lower(), [value]) for name, value in one.headers]
        + ([("referer", [one.referer])] if one.referer is not None else [])
        for one in full
    ]
    return {
        "method": pa.array([one.method for one in full], pa.string()),
        "target": pa.array([one.target for one in full], pa.string()),
        "protocol": pa.array([one.protocol for one in full], pa.string()),
        "user_agent": pa.array([one.agent for one in full], pa.string()),
        "headers": pa.array(headers, HEADERS_TYPE),
    }


def found(*requests: str | Example) -> list[list[str]]:
    """Return the ids that each request matches, all in one batch."""
    return signatures_of(columns(requests)).to_pylist()
