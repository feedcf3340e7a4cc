"""
Lines as docker's json-file driver writes them, the logs of containers under /var/lib/docker/containers.

    {"log":"what the program wrote\\n","stream":"stdout","time":"2021-08-24T09:52:13.20764059Z"}

1. A line of the program of more than 16 KiB is cut into several of these: only the last one's `log` ends with \\n.
2. `attrs` may stand between. An object with other keys is a shipper's, which has joined the pieces or says otherwise
   which they are.
"""

from __future__ import annotations

import orjson

from pipeline.sources.wrappers.layer import Piece, Wrapper

KEYS = {"log", "stream", "attrs", "time"}


def read(line: bytes) -> Piece | None:
    """Return what a line holds."""
    if b'"log"' not in line:  # most lines of JSON logs are none of docker's, and costly to read
        return None
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict) or not told.keys() <= KEYS:
        return None
    log, stream, time = told.get("log"), told.get("stream"), told.get("time")
    if not (isinstance(log, str) and isinstance(stream, str) and isinstance(time, str)):
        return None
    text = log.encode()
    ends = text.endswith(b"\n")
    return Piece(stream.encode(), text[:-1].removesuffix(b"\r") if ends else text, ends)


DOCKER = Wrapper("docker", "docker's json-file: `log`, `stream`, `time`; pieces joined", read, closed=True)
