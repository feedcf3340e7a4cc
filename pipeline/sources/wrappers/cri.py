"""
Lines as containerd and CRI-O write them, the logs of pods under /var/log/pods.

    2022-01-28T16:04:05.413656027Z stdout F what the program wrote
    <RFC 3339> <stdout|stderr> <tags, the first of which is P or F> <text>

1. P is a part of a line that goes on, F the last part of a line, or all of it; the text is kept byte for byte.
2. Other tags may follow behind colons.
"""

from __future__ import annotations

import re

from pipeline.sources.wrappers.layer import Piece, Wrapper

_LINE = re.compile(
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) (stdout|stderr) ([PF])(?::[^ ]*)?(?: |$)"
)


def read(line: bytes) -> Piece | None:
    """Return what a line holds."""
    found = _LINE.match(line)
    return found and Piece(found[1], line[found.end() :], found[2] == b"F")


CRI = Wrapper("cri", "containerd and CRI-O: `<RFC 3339> stdout|stderr P|F text`, parts joined", read)
