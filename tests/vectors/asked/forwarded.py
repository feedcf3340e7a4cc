"""Forwarded by its grammar, strict and as others read it."""

from collections.abc import Mapping

from tests.vectors.rows import Asked

ANSWERS: Mapping[str, Asked] = {}
