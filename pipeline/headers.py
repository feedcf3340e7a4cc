"""The headers that a policy reads, out of the column that holds all of a record's."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import Policy
from echo.clientip.resolve import PARSERS


def read_headers(headers: pa.Array, policy: Policy) -> dict[str, pa.Array]:
    """
    Return for each header that the policy reads a string a row, null where the row has none.

    headers  name -> fields in order of arrival, as the lake keeps them

    The fields of a list are joined by commas (RFC 9110 §5.3); of a header of one address the last field counts.
    """
    return {name: _fields(headers, name, last=name not in PARSERS) for name in policy.headers}


def _fields(headers: pa.Array, name: str, *, last: bool) -> pa.Array:
    rows, offsets = len(headers), headers.offsets
    first, end = (offsets[0].as_py(), offsets[-1].as_py()) if rows else (0, 0)
    entries = pc.equal(headers.keys.slice(first, end - first), name)
    values = headers.items.slice(first, end - first).filter(entries).cast(pa.list_(pa.string()))
    if not len(values):
        return pa.nulls(rows, pa.string())
    texts = pc.list_flatten(values)
    lengths = pc.fill_null(pc.list_value_length(values), 0)
    if pc.any(pc.not_equal(lengths, 1)).as_py():
        some = pc.greater(lengths, 0)
        ends = pc.subtract(pc.cumulative_sum(lengths.cast(pa.int64())), 1)
        texts = (
            texts.take(pc.if_else(some, ends, None)) if last else pc.if_else(some, pc.binary_join(values, ","), None)
        )
    row_of_entry = pc.list_parent_indices(pa.ListArray.from_arrays(offsets, headers.keys)).filter(entries)
    if len(texts) == rows and pc.all(pc.equal(row_of_entry, pa.arange(0, rows))).as_py():
        return texts
    return texts.take(pc.inverse_permutation(row_of_entry.cast(pa.int64()), max_index=rows - 1))
