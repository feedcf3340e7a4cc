"""The interpreters that this machine has, of the versions that pyproject.toml names."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from tests.dist.published import ROOT

_WORDS = "Programming Language :: Python :: 3."
_CLASSIFIERS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["classifiers"]
VERSIONS = [one.rpartition(" ")[2] for one in _CLASSIFIERS if one.startswith(_WORDS)]
LOWEST = VERSIONS[0]


def find_python(version: str) -> str | None:
    """Return an interpreter of this version that runs; a shim of pyenv on PATH may stand for one that it does not."""
    on_path = [Path(folder) / f"python{version}" for folder in os.environ.get("PATH", "").split(os.pathsep)]
    for python in [*on_path, *sorted(_pyenv().glob(f"versions/{version}.*/bin/python"))]:
        if python.is_file() and _version(python) == version:
            return str(python)
    return None


def _pyenv() -> Path:
    if shutil.which("pyenv"):
        done = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return Path(done.stdout.strip())
    return Path.home() / ".pyenv"


def _version(python: Path) -> str:
    says = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", says], capture_output=True, text=True, check=False)
    return done.stdout.strip()
