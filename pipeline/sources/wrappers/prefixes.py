"""
What says whose line it is, in front of it: where a client prints the logs of several containers.

    [pod/web-6d4cf56db6-x7k2p/nginx] what the program wrote     kubectl logs --prefix, with --timestamps a time behind
    web-1  | what the program wrote                             docker compose logs

A line is whole: the client has joined its pieces.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.sources.wrappers.layer import Piece, Wrapper

_NAME = rb"[A-Za-z0-9][\w.-]{0,252}"  # of a pod at most (RFC 1123)
_KUBECTL = re.compile(rb"\[pod/(" + _NAME + rb"/" + _NAME + rb")\] ")
_COMPOSE = re.compile(rb"(" + _NAME + rb") {1,64}\| ")


def _reader(prefix: re.Pattern[bytes]) -> Callable[[bytes], Piece | None]:
    def read(line: bytes) -> Piece | None:
        found = prefix.match(line)
        return found and Piece(found[1], line[found.end() :])

    return read


KUBECTL = Wrapper("kubectl", "`kubectl logs --prefix`: `[pod/NAME/CONTAINER] text`", _reader(_KUBECTL))
COMPOSE = Wrapper("compose", "`docker compose logs`: `NAME | text`", _reader(_COMPOSE))
