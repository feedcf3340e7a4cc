"""
Lines as containerd and CRI-O write them, the logs of pods under /var/log/pods.

    2022-01-28T16:04:05.413656027Z stdout F what the program wrote
    <RFC 3339> <stdout|stderr> <tags, the first of which is P or F> <text>

1. P is a part of a line that goes on, F the last part of a line, or all of it; the text is kept byte for byte.
2. Other tags may follow behind colons.
"""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.columns import columns_of
from pipeline.sources.wrappers.layer import Piece, Wrapper

_HEAD = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) (stdout|stderr)"
_LINE = re.compile(rb"%s ([PF])(?::[^ ]*)?(?: |$)" % _HEAD.encode())
_WHOLE = b" F "  # between the head and the text of most lines


def read(line: bytes) -> Piece | None:
    """Return what a line holds."""
    found = _LINE.match(line)
    return found and Piece(found[1], line[found.end() :], found[2] == b"F")


def whole(lines: pa.Array) -> pa.Array | None:
    """Return the texts of lines that are whole, all of them, and have no other tag; None if one is not so."""
    halves = pc.split_pattern(lines, _WHOLE, max_splits=1)
    if not pc.all(pc.equal(pc.list_value_length(halves), 2)).as_py():
        return None
    heads, texts = columns_of(halves.flatten(), 2)
    return texts if pc.all(pc.match_substring_regex(heads, f"^{_HEAD}$")).as_py() else None


CRI = Wrapper("cri", "containerd and CRI-O: `<RFC 3339> stdout|stderr P|F text`, parts joined", read, whole=whole)
