"""
What is published, built once.

pytest passes over folders named `dist` unless they are named to it, and that is wanted here: these tests fetch
packages, so `make dist-test` runs them and `make test` does not.
"""

from __future__ import annotations

import pytest

from tests.dist.published import ROOT, Published, publish


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(ROOT, tmp_path_factory.mktemp("published") / "dist")
