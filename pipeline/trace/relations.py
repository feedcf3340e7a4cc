"""Relations that the queries of `trace/` read, and that no query makes."""

from __future__ import annotations

import pyarrow as pa

_TEXT, _MOMENT = pa.string(), pa.timestamp("us", "UTC")
# relation -> its columns
RELATIONS = {
    "trace_sources": pa.schema([("client_ip", _TEXT)]),  # clients of a campaign
    "trace_signed": pa.schema([("source", _TEXT), ("source_offset", pa.int64()), ("signs", _TEXT)]),
    "trace_meanings": pa.schema([("signs", _TEXT), ("stage", _TEXT), ("lands", pa.bool_())]),
    "trace_scripts": pa.schema([("client_ip", _TEXT), ("path", _TEXT), ("first_ts", _MOMENT)]),
    "trace_fresh": pa.schema([("path", _TEXT)]),
}
