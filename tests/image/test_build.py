"""What is in the images, what they say of themselves, and how big they are."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.image.engine import ROOT, TIMES, Engine, base_name
from tests.image.marks import IMAGES

pytestmark = IMAGES
PAGE = ROOT / "docs" / "how-to" / "image.md"
MB = 10**6
# above the base: the server's was agreed; the other is what is in it, and a little more
LARGEST = {"echo": 90 * MB, "pipeline": 460 * MB}
UNCHECKED = (1).to_bytes(4, "little")  # PEP 552: made of the source, which is not looked at again
MAGIC_313 = (3571).to_bytes(2, "little") + b"\r\n"


@pytest.mark.parametrize("target", ["echo", "pipeline"])
def test_size(docker: Engine, target: str) -> None:
    whole, base = (docker.inspect(image)["Size"] for image in (docker.build(target), base_name()))
    TIMES.append(f"{(whole - base) / MB:6.1f} MB {target} above the base of {base / MB:.1f} MB")
    assert whole - base <= LARGEST[target]
    sizes = re.search(r"^\| above the base \| (\d+) MB \| (\d+) MB \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sizes is not None
    said = dict(zip(LARGEST, map(int, sizes.groups()), strict=True))
    assert (whole - base) / MB == pytest.approx(said[target], rel=0.1), f"{PAGE} says another size"


def test_what_the_server_says_of_itself(docker: Engine, echo: str) -> None:
    config = docker.inspect(echo)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["whofrom", "serve"]
    assert "Cmd" not in config
    assert config["StopSignal"] in {"SIGTERM", "15"}
    assert config["ExposedPorts"] == {"80/tcp": {}}
    assert docker.inspect(echo)["Healthcheck"]["Test"] == ["CMD", "whofrom", "health"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert config["Labels"]["org.opencontainers.image.version"] == project["version"]
    assert config["Labels"]["org.opencontainers.image.base.name"] == f"docker.io/library/{base_name()}"


def test_what_the_command_says_of_itself(docker: Engine, pipeline: str) -> None:
    config = docker.inspect(pipeline)["Config"]
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == ["whofrom"]
    assert config["WorkingDir"] == "/data"
    assert config["Volumes"] == {"/data": {}}
    # to Docker's new volumes; podman gives them to the container's user whatever it is
    with docker.mounted(pipeline) as files:
        assert ((files / "data").stat().st_uid, (files / "data").stat().st_gid) == (65532, 65532)


@pytest.mark.parametrize("target", ["echo", "pipeline"])
def test_nothing_is_left_of_the_build(docker: Engine, target: str) -> None:
    """No pip, no compiler, no lists of packages, no sources of the project, no tests of others."""
    with docker.mounted(docker.build(target)) as files:
        programs = {
            path.name for folder in ("usr/bin", "usr/local/bin", "opt/whofrom/bin") for path in _in(files, folder)
        }
        assert "python3" in programs
        assert programs & {"pip", "pip3", "gcc", "cc", "strip", "ld", "curl", "git"} == set()
        assert list(_in(files, "var/lib/apt/lists")) == []
        assert [path for path in ("src", "dist", "opt/build", "root/.cache") if (files / path).exists()] == []
        assert [path.name for path in _in(files, "opt")] == ["whofrom"]
        packages = files / "opt/whofrom/lib/python3.13/site-packages"
        assert list(packages.glob("*/tests")) == []
        assert [path for name in ("pip", "setuptools", "wheel") for path in packages.glob(f"{name}-*")] == []
        assert (packages / f"whofrom-{_version()}.dist-info/sboms/whofrom.cdx.json").is_file()


@pytest.mark.parametrize("target", ["echo", "pipeline"])
def test_all_bytecode_is_there_and_holds_whatever_the_times_of_files(docker: Engine, target: str) -> None:
    """A read-only root file system can keep none that Python would make."""
    with docker.mounted(docker.build(target)) as files:
        sources = [path for folder in ("usr/lib/python3.13", "opt/whofrom") for path in (files / folder).rglob("*.py")]
        assert len(sources) > 1000
        bad = []
        for source in sources:
            compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
            if not compiled.is_file() or compiled.read_bytes()[:8] != MAGIC_313 + UNCHECKED:
                bad.append(source.relative_to(files))
        assert bad == []


def _in(files: Path, folder: str) -> list[Path]:
    return sorted((files / folder).iterdir()) if (files / folder).is_dir() else []


def _version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def test_make_image_takes_what_works(docker: Engine, echo: str, tmp_path: Path) -> None:
    """Docker first, but not a client whose daemon does not run."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "dead").mkdir()
    docker.docker(tmp_path / "bin")
    (tmp_path / "dead" / "docker").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "dead" / "docker").chmod(0o755)
    (tmp_path / "dead" / "podman").write_text(f'#!/bin/sh\nexec {tmp_path}/bin/docker "$@"\n')
    (tmp_path / "dead" / "podman").chmod(0o755)
    for folder, used in (("bin", "docker build  --target"), ("dead", "podman build --format docker --target")):
        path = f"PATH={tmp_path / folder}:{os.environ['PATH']}"
        done = docker.call("env", path, "make", "-C", str(ROOT), "image", "IMAGE=localhost/made:test")
        assert used in done.stdout
        assert docker.inspect("localhost/made:test")["RootFS"] == docker.inspect(echo)["RootFS"]
    done = docker.call("make", "-C", str(ROOT), "image", "ENGINES=none nothing", check=False)
    assert done.returncode != 0
    assert "none of these works here: none nothing; install one" in done.stderr
