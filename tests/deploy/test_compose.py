"""deploy/compose: a Compose file that fits the image, its proxy and its TOML."""

from __future__ import annotations

import shutil
import subprocess
import tomllib

import pytest
import yaml

from tests.deploy.rendered import DEPLOY
from tests.deploy.test_dockerfile import ROOT

FOLDER = DEPLOY / "compose"
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="no docker-compose")
def test_compose_reads_it() -> None:
    command = ["docker-compose", "-f", str(FOLDER / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_server_runs_as_its_manifests_have_it() -> None:
    server = SERVICES["whofrom"]
    assert (FOLDER / server["build"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
    assert (server["read_only"], server["cap_drop"]) == (True, ["ALL"])
    assert server["security_opt"] == ["no-new-privileges:true"]
    assert "--port=8080" in server["command"]
    assert server["ports"] == ["8080:8080"]


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_is_there(service: str) -> None:
    for volume in SERVICES[service]["volumes"]:
        source, target, mode = volume.split(":")
        assert (FOLDER / source).is_file()
        assert mode == "ro"
        if service == "whofrom":
            assert f"--config={target}" in SERVICES[service]["command"]


def test_the_proxy_and_it_alone_is_believed() -> None:
    read = tomllib.loads((FOLDER / "whofrom.toml").read_text("utf-8"))
    address = SERVICES["proxy"]["networks"]["default"]["ipv4_address"]
    assert read["network"] == {"load_balancers": [address]}
    assert read["trust"] == {"ranges": ["load_balancers"]}
    assert f"http://whofrom:{SERVICES['whofrom']['ports'][0].split(':')[1]};" in (FOLDER / "nginx.conf").read_text(
        "utf-8"
    )
