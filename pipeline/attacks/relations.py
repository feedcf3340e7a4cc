"""Relations that finders give their queries: name -> columns. Where nothing is given they are empty."""

from __future__ import annotations

import pyarrow as pa

_text = pa.string()
LOUD = "loud"  # values of one flood: floods.sql -> flood_parts.sql
RELATIONS = {
    LOUD: pa.schema([("dimension", _text), ("value", _text)]),
}
