"""Installations that lack something, without a network: folders on sys.path that hold some packages and no others."""

import importlib.metadata
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUN = "import sys; sys.argv[0] = 'whofrom'; from pipeline.cli import main; main()"


def bare_install(folder: Path) -> Path:
    """Make folder what `pip install whofrom` makes site-packages: the server's packages, and our metadata."""
    folder.mkdir()
    for requirement in PROJECT["dependencies"]:
        name = requirement.partition(">")[0]
        found = importlib.metadata.distribution(name)
        for top in {file.parts[0] for file in found.files or ()} - {".."}:
            (folder / top).symlink_to(str(found.locate_file(top)))
    for top in ("echo", "pipeline"):
        (folder / top).symlink_to(ROOT / top)
    requires = [
        *PROJECT["dependencies"],
        *(f"{one}; extra == '{extra}'" for extra, needed in PROJECT["optional-dependencies"].items() for one in needed),
    ]
    add_metadata(folder, "whofrom", PROJECT["version"], *requires)
    return folder


def add_metadata(folder: Path, name: str, version: str, *requires: str) -> None:
    """Have a package count as installed."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {one}" for one in requires), "", ""]))


def whofrom(*arguments: str, paths: tuple[Path, ...], **more: str) -> subprocess.CompletedProcess[str]:
    """Call the command with nothing but these folders on sys.path; `more` are variables."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, paths)), **more}
    command = [sys.executable, "-S", "-W", "error", "-c", RUN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
