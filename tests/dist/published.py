"""What `make dist` writes, made for the tests, and what is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Published:
    """A folder that `requirements/dist.sh` has filled."""

    folder: Path

    def one(self, ending: str) -> Path:
        (found,) = self.folder.glob(f"whofrom-*{ending}")
        return found

    @property
    def wheel(self) -> Path:
        return self.one(".whl")

    @property
    def sdist(self) -> Path:
        return self.one(".tar.gz")

    def in_wheel(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.wheel) as wheel:
            return {name: wheel.read(name) for name in wheel.namelist()}

    def in_sdist(self) -> set[str]:
        with tarfile.open(self.sdist) as sdist:
            return {name.partition("/")[2] for name in sdist.getnames()}

    def unpack(self, folder: Path) -> Path:
        """Unpack the source distribution and return the folder that is in it."""
        with tarfile.open(self.sdist) as sdist:
            sdist.extractall(folder, filter="data")
        (tree,) = folder.iterdir()
        return tree


def publish(tree: Path, folder: Path, **environment: str) -> Published:
    """Run dist.sh of a tree, with the interpreter that runs the tests."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "SOURCE_DATE_EPOCH")}
    done = subprocess.run(
        ["sh", tree / "requirements" / "dist.sh", sys.executable, folder],
        cwd=folder.parent,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Published(folder)
