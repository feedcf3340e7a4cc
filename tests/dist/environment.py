"""An empty virtual environment into which the wheel is installed, and how its command is called from elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

UV = Path(sys.executable).parent / "uv"
SECONDS = 300
# Of this machine's settings, none that would change what Python imports
NOT_KEPT = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")


@dataclass(frozen=True)
class Environment:
    """
    A virtual environment.

    folder    where it is
    elsewhere an empty folder, in which its programs run: nothing of the source tree can be imported there
    """

    folder: Path
    elsewhere: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, program: str, *arguments: str | Path, warns: bool = False) -> subprocess.CompletedProcess[str]:
        """Run one of its programs; a warning of Python is an error unless the program `warns`."""
        kept = {name: value for name, value in os.environ.items() if name not in NOT_KEPT}
        return subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.elsewhere,
            env=kept if warns else kept | {"PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )

    def packages(self) -> dict[str, str]:
        """Name → version of what is installed, installers left out."""
        says = "from importlib.metadata import distributions as d; print(*(f'{o.name}=={o.version}' for o in d()))"
        names = dict(
            word.lower().replace("_", "-").split("==") for word in self.run("python", "-c", says).stdout.split()
        )
        return {name: version for name, version in names.items() if name not in ("pip", "setuptools", "wheel")}


def with_uv(python: str, folder: Path, *requirements: str | Path) -> Environment:
    """Make an environment by uv, whose cache spares the second fetching."""
    environment = _empty(folder)
    _must([UV, "venv", "--quiet", "--python", python, environment.folder])
    _must([UV, "pip", "install", "--quiet", "--python", environment.python, *requirements])
    return environment


def with_pip(python: str, folder: Path, *requirements: str | Path) -> Environment:
    """Make an environment by the tools that come with Python: venv and its pip, whatever their age."""
    environment = _empty(folder)
    _must([python, "-m", "venv", environment.folder])
    _must([environment.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
    return environment


def _empty(folder: Path) -> Environment:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir(parents=True)
    return Environment(folder / "venv", elsewhere)


def _must(command: list[str | Path]) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in NOT_KEPT}
    done = subprocess.run(command, env=kept, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
