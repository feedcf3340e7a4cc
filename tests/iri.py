"""
The grammar of IRIs (RFC 3987), read when a schema asks for an IRI. `jsonschema` has it read whenever it is imported:
that takes a second of each process that runs tests, and Kubernetes' schemas ask for none.
"""

from __future__ import annotations

import importlib
import sys
import types

GRAMMAR = "rfc3987_syntax"


def defer() -> None:
    """Have the grammar read by the first that checks by it; before jsonschema is imported."""
    if GRAMMAR not in sys.modules:
        module = types.ModuleType(GRAMMAR)
        module.is_valid_syntax = _is_valid_syntax  # type: ignore[attr-defined]
        sys.modules[GRAMMAR] = module


def _is_valid_syntax(term: str, value: str) -> bool:
    if sys.modules[GRAMMAR].__spec__ is None:  # ours
        del sys.modules[GRAMMAR]
    valid: bool = importlib.import_module(GRAMMAR).is_valid_syntax(term, value)
    return valid
