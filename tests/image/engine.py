"""
What stands in for Docker: buildah builds the images on a base that mmdebstrap makes, podman and runc run them.

- All it keeps lies in one folder, storage and settings too: nothing of the machine's own containers is touched.
- What is particular to a machine is found out here and stands nowhere in the tree: its Debian mirror, authorities of
  its own, pip's settings, the storage driver that works, the limits that it may set.
- The base goes by the name that the Dockerfile gives, so that the Dockerfile is built as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
CACHE = "WHOFROM_IMAGE_CACHE"  # names a folder that keeps the base and the layers from one run to the next
PROGRAMS = ("buildah", "curl", "mmdebstrap", "nsenter", "podman", "runc")
AUTHORITIES = Path("/usr/local/share/ca-certificates")  # where Debian has an administrator put authorities
PIP = Path("/etc/pip.conf")
SECONDS = 900  # of a build; half a minute on idle cores with a near mirror
READY_SECONDS = 20

TIMES: list[str] = []  # what the summary prints: each step and how long it took


def missing() -> str | None:
    """Return what keeps the images from being built here, None where nothing does."""
    if os.geteuid() != 0:
        return "not root, who alone may make a base image"
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    return f"not installed: {', '.join(absent)}" if absent else None


def base_name() -> str:
    """Return the name of the image on which the Dockerfile stands."""
    named = re.search(r"^FROM (\S+:\S+) AS base$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
    assert named is not None
    return named[1]


@contextlib.contextmanager
def timed(step: str) -> Iterator[None]:
    """Keep for the summary how long a step takes."""
    start = time.monotonic()
    yield
    TIMES.append(f"{time.monotonic() - start:6.1f} s  {step}")


@dataclass
class Engine:
    """
    Builds and runs images in a folder.

    settings     environment variables by which buildah and podman find their settings
    of_build     options of a build: what this machine needs for it
    images       what it has built: target of the Dockerfile → image
    """

    folder: Path
    settings: dict[str, str]
    of_build: list[str]
    images: dict[str, str] = field(default_factory=dict)

    def call(self, *command: str, check: bool = True, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Call buildah, podman or what else reads their settings."""
        done = subprocess.run(
            command,
            env={**os.environ, **self.settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done

    def podman(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Call podman. It complains of health checks that no systemd starts for it: errors are left out."""
        return self.call("podman", "--log-level=fatal", *arguments, check=check)

    def build(self, target: str) -> str:
        """Build a target of the Dockerfile, and return the image's name."""
        if target not in self.images:
            name = f"localhost/whofrom-{target}:test"
            with timed(f"build {target}"):
                format_ = ("--format", "docker")  # OCI's has no HEALTHCHECK
                self.call(
                    *("buildah", "build", "--layers", "--isolation", "chroot", *format_, *self.of_build),
                    *("--target", target, "--tag", name, str(ROOT)),
                    seconds=SECONDS,
                )
            self.images[target] = name
        return self.images[target]

    def inspect(self, image: str) -> Any:
        """Return what is known of an image."""
        return json.loads(self.podman("image", "inspect", image).stdout)[0]

    @contextlib.contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """Mount an image's files."""
        name = self.podman("create", "--network", "none", image).stdout.strip()
        try:
            yield Path(self.podman("mount", name).stdout.strip())
        finally:
            self.podman("rm", "--force", name)

    def run(self, image: str, *arguments: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run a container to its end."""
        return self.podman("run", "--rm", "--network", "none", *options, image, *arguments, check=False)

    @contextlib.contextmanager
    def started(self, image: str, *arguments: str, options: tuple[str, ...] = ()) -> Iterator[Container]:
        """Start a container in a network of its own, loopback alone, and remove it in the end."""
        name = f"whofrom-{secrets.token_hex(4)}"
        self.podman("run", "--detach", "--name", name, "--network", "none", *options, image, *arguments)
        try:
            yield Container(self, name)
        finally:
            self.podman("rm", "--force", "--time", "0", "--volumes", name)

    def docker(self, programs: Path) -> None:
        """Write a program `docker` into a folder: podman, with these settings and with Docker's sysctl for port 80."""
        as_docker = self.folder / "docker.conf"
        text = Path(self.settings["CONTAINERS_CONF"]).read_text("utf-8")
        sysctls = 'default_sysctls = ["net.ipv4.ip_unprivileged_port_start=0"]'
        as_docker.write_text(text.replace("[containers]\n", f"[containers]\n{sysctls}\n"), "utf-8")
        exports = "".join(
            f"export {name}='{value}'\n" for name, value in {**self.settings, "CONTAINERS_CONF": str(as_docker)}.items()
        )
        built = f"--isolation chroot --layers --format docker {' '.join(self.of_build)}"
        podman = f"{shutil.which('podman')} --log-level=fatal"
        script = programs / "docker"
        script.write_text(
            f"#!/bin/sh\n{exports}"
            f'if [ "$1" = build ]; then shift; exec {podman} build {built} "$@"; fi\n'
            f'exec {podman} "$@"\n',
            "utf-8",
        )
        script.chmod(0o755)


@dataclass(frozen=True)
class Container:
    """A container that was started."""

    engine: Engine
    name: str

    def state(self, key: str) -> str:
        """Return Pid, ExitCode, Running or what else the engine keeps of its state."""
        return self.engine.podman("inspect", "--format", f"{{{{.State.{key}}}}}", self.name).stdout.strip()

    def process(self, file: str) -> str:
        """Return a file of /proc of its first process."""
        return Path(f"/proc/{self.state('Pid')}/{file}").read_text("utf-8")

    def logs(self) -> str:
        """Return what it has printed, to both."""
        done = self.engine.podman("logs", self.name)
        return done.stdout + done.stderr

    def ask(self, url: str) -> str:
        """Ask it from its own network, as soon as it answers; fail if it does not in time."""
        until = time.monotonic() + READY_SECONDS
        while True:
            done = self.engine.call(
                *("nsenter", f"--net=/proc/{self.state('Pid')}/ns/net", "curl", "-sS", "--max-time", "5", url),
                check=False,
            )
            if done.returncode == 0:
                return done.stdout
            assert time.monotonic() < until, f"{done.stderr}\n{self.logs()}"
            assert self.state("Running") == "true", self.logs()
            time.sleep(0.05)


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """Set up in the folder that the variable of the cache names, else in one that is removed in the end."""
    kept = os.environ.get(CACHE)
    with contextlib.nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="whofrom-image-") as place:
        folder = Path(place).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        found = Engine(folder, _settings(folder), _of_build())
        _have_base(found)
        try:
            yield found
        finally:
            if not kept:
                found.podman("rm", "--all", "--force", "--time", "0", check=False)
                found.call("umount", str(folder / "storage" / "overlay"), check=False)
                found.call(
                    "rm", "-rf", str(folder / "storage"), seconds=SECONDS
                )  # many files, and Python is slow at it


def _settings(folder: Path) -> dict[str, str]:
    settings = {
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(folder / "registries.conf"),
    }
    limits = ", ".join(
        f'"{name}={limit}:{limit}"'
        for name, limit in (("nofile", _limit(resource.RLIMIT_NOFILE)), ("nproc", _limit(resource.RLIMIT_NPROC)))
    )
    (folder / "containers.conf").write_text(
        f"[containers]\ndefault_ulimits = [{limits}]\n"
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'[network]\nnetwork_config_dir = "{folder}/networks"\n'
    )
    (folder / "registries.conf").write_text('unqualified-search-registries = ["docker.io"]\n')
    for driver in ("overlay", "vfs"):
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "{driver}"\ngraphroot = "{folder}/storage"\nrunroot = "{folder}/run"\n'
        )
        environ = {**os.environ, **settings}
        if subprocess.run(["buildah", "info"], env=environ, capture_output=True, check=False).returncode == 0:
            return settings
    raise AssertionError("buildah can store images neither with overlay nor with vfs here")


def _limit(kind: int) -> int:
    """Return a limit for containers that this process may set without being allowed to raise any."""
    hard = resource.getrlimit(kind)[1]
    return 1024 if hard == resource.RLIM_INFINITY else min(hard, 1024)


def _of_build() -> list[str]:
    """Return options that mount into a build what fetches packages here: authorities, pip's settings."""
    volumes = []
    if any(AUTHORITIES.glob("**/*.crt")):
        volumes.append(AUTHORITIES)
    if PIP.is_file():
        volumes.append(PIP)
    return [word for path in volumes for word in ("--volume", f"{path}:{path}:ro")]


def _have_base(engine: Engine) -> None:
    name = f"docker.io/library/{base_name()}"
    if engine.podman("image", "exists", name, check=False).returncode == 0:
        return
    archive = engine.folder / "base.tar"
    suite = base_name().partition(":")[2].partition("-")[0]
    with timed(f"a base, {suite}, by mmdebstrap"):
        # as Docker's own image of Debian, dpkg does not wait for the disk
        options = ("--quiet", "--variant=apt", "--dpkgopt=force-unsafe-io")
        engine.call("mmdebstrap", *options, suite, str(archive), *_mirror(), seconds=SECONDS)
    with timed("import the base"):
        engine.podman("import", str(archive), name)
    archive.unlink()


def _mirror(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the Debian mirror that this machine uses, none where mmdebstrap is to take its own default."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Origin: Debian", "Component: main"]
    done = subprocess.run(asked, env=dict(environ), capture_output=True, text=True, check=False)
    mirrors = [uri.rstrip("/") for uri in done.stdout.split() if uri.rstrip("/").endswith("/debian")]
    return mirrors[:1]
