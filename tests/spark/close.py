"""What an engine's answer is compared with: floats to 1e-9, since sums are added up in other orders."""

from __future__ import annotations

from typing import Any

import pytest


def close(value: Any) -> Any:
    """Return a value that equals another of the same kind, floats to 1e-9."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)
    if isinstance(value, (list, tuple)):
        return [close(one) for one in value]
    if isinstance(value, dict):
        return {name: close(one) for name, one in value.items()}
    return value
