"""PROXY headers: `bytes_hex` read as the standard says, and as other receivers read it."""

from collections.abc import Mapping

from tests.vectors.rows import Asked

ANSWERS: Mapping[str, Asked] = {}
