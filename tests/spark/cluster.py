"""The cluster that tests run on: a driver, two executors of a core and 1 GiB each, and their Python workers."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MASTER = "local-cluster[2,1,1024]"


def missing() -> str:
    """Return in words what is not here, "" if all is."""
    if find_spec("pyspark") is None:
        return "needs pyspark: `make test-spark` installs it"
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        return "needs a Java: apt-get install openjdk-17-jre-headless"
    return ""


_REASON = "starts a cluster: `make test-spark` runs it" if os.environ.get("PYTEST_XDIST_WORKER") else missing()
SPARK = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON),
    pytest.mark.timeout(600),  # the first test waits for the cluster
]
