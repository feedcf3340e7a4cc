"""What is in the distributions: all of it, nothing else, and the same bytes again."""

from __future__ import annotations

import email
import hashlib
import json
import os
import re
import subprocess
import tarfile
import tomllib
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.dist.published import ROOT, Published, publish

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
INFO = f"whofrom-{PROJECT['version']}.dist-info"
# What the installer puts below its prefix: the file in the wheel -> the file in the tree
SHARED = {
    f"whofrom-{PROJECT['version']}.data/data/{place}": path.relative_to(ROOT).as_posix()
    for source, target in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"].items()
    for path in ((ROOT / source).iterdir() if (ROOT / source).is_dir() else [ROOT / source])
    for place in [f"{target}/{path.name}" if (ROOT / source).is_dir() else target]
}

# What tests and set-up leave behind, as .gitignore has it
MADE = re.compile(r"^(\.(venv|mypy|ruff|pytest|hypothesis|import_linter)|dist/|demo/)|(^|/)__pycache__/")


def tracked() -> set[str]:
    """Return what the project is made of: the files of git, or of the source distribution that is tested itself."""
    if (ROOT / "PKG-INFO").exists():
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
        return {path.as_posix() for path in found if not MADE.search(path.as_posix())} - {"PKG-INFO"}
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_the_source_distribution_is_what_git_has(published: Published) -> None:
    assert published.in_sdist() == tracked() | {"PKG-INFO"}


def test_the_wheel_is_the_two_packages_whole_and_what_is_said_of_them(published: Published) -> None:
    packages = {name for name in tracked() if name.startswith(("echo/", "pipeline/"))}
    assert {"echo/py.typed", "pipeline/py.typed"} <= packages
    said = {name for name in published.in_wheel() if name.startswith(INFO)}
    assert published.in_wheel().keys() - said == packages | SHARED.keys()
    assert said == {
        f"{INFO}/{name}"
        for name in (
            *("METADATA", "RECORD", "WHEEL", "entry_points.txt", "sboms/whofrom.cdx.json"),
            *(f"licenses/{name}" for name in PROJECT["license-files"]),
        )
    }


def test_files_are_as_they_are_in_the_tree(published: Published) -> None:
    for name, data in published.in_wheel().items():
        if not name.startswith(INFO):
            assert data == (ROOT / SHARED.get(name, name)).read_bytes(), name
    carried = published.in_wheel()[f"{INFO}/sboms/whofrom.cdx.json"]
    assert carried == (ROOT / "requirements" / "whofrom.cdx.json").read_bytes()


def test_what_is_said_of_it_is_what_pyproject_says(published: Published) -> None:
    said = email.message_from_string(published.in_wheel()[f"{INFO}/METADATA"].decode())
    assert (said["Name"], said["Version"]) == (PROJECT["name"], PROJECT["version"])
    assert said["Requires-Python"] == PROJECT["requires-python"]
    assert said["License-Expression"] == PROJECT["license"]
    assert said.get_all("License-File") == PROJECT["license-files"]
    assert said["Description-Content-Type"] == "text/markdown"
    assert said.get_payload() == (ROOT / "README.md").read_text("utf-8")
    bare = [one for one in said.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert len(bare) == len(PROJECT["dependencies"])


def test_the_wheel_runs_on_any_machine(published: Published) -> None:
    assert published.wheel.name == f"whofrom-{PROJECT['version']}-py3-none-any.whl"


def test_the_hashes_are_of_the_files(published: Published) -> None:
    lines = (published.folder / "SHA256SUMS").read_text("utf-8").splitlines()
    told = {name: digest for digest, name in (line.split() for line in lines)}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in published.folder.glob("whofrom-*")}
    assert told == there
    assert len(there) == 3


def test_the_bill_of_materials_is_of_this_wheel_and_of_its_time(published: Published) -> None:
    bill = json.loads(published.one(".cdx.json").read_text("utf-8"))
    assert bill["metadata"]["component"]["hashes"] == [
        {"alg": "SHA-256", "content": hashlib.sha256(published.wheel.read_bytes()).hexdigest()}
    ]
    with zipfile.ZipFile(published.wheel) as wheel:
        made_at = {datetime(*entry.date_time, tzinfo=UTC) for entry in wheel.infolist()}
    (when,) = made_at
    assert (
        abs(datetime.fromisoformat(bill["metadata"]["timestamp"]) - when).total_seconds() <= 1
    )  # zip keeps even seconds


def test_files_are_nobodys_and_readable_by_all(published: Published) -> None:
    with tarfile.open(published.sdist) as sdist:
        assert {(one.uid, one.gid, one.uname, one.gname) for one in sdist} == {(0, 0, "", "")}
        assert {one.mode for one in sdist} <= {0o644, 0o755}


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_the_unpacked_source_distribution_makes_the_same_bytes(
    published: Published, tmp_path: Path, umask: int
) -> None:
    """Nothing of git, of the folder or of the user goes into them: built again elsewhere they are the same."""
    (tmp_path / "unpacked").mkdir()
    tree = published.unpack(tmp_path / "unpacked")
    before = os.umask(umask)
    try:
        again = publish(tree, tmp_path / "again", PYTHONHASHSEED="7", TZ="Asia/Shanghai", LC_ALL="C")
    finally:
        os.umask(before)
    assert (again.folder / "SHA256SUMS").read_text("utf-8") == (published.folder / "SHA256SUMS").read_text("utf-8")


def test_another_time_is_taken_from_the_environment(tmp_path: Path) -> None:
    other = publish(ROOT, tmp_path / "dist", SOURCE_DATE_EPOCH="1700000000")
    with zipfile.ZipFile(other.wheel) as wheel:
        assert {entry.date_time for entry in wheel.infolist()} == {(2023, 11, 14, 22, 13, 20)}
    assert json.loads(other.one(".cdx.json").read_text("utf-8"))["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"
