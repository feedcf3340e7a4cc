"""Where the images are built: by `make image-test`, alone."""

from __future__ import annotations

import os

import pytest

from tests.image.engine import missing

_REASON = (
    "takes the network and minutes: `make image-test` runs it" if os.environ.get("PYTEST_XDIST_WORKER") else missing()
)
IMAGES = [
    pytest.mark.skipif(bool(_REASON), reason=str(_REASON)),
    pytest.mark.timeout(1200),  # the first test waits for the build
]
