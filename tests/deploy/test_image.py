"""Every manifest that runs an image of ours runs it as the Dockerfile made it: user, command, port, where it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rendered import DEPLOY
from tests.deploy.test_dockerfile import one

# image of the manifests → stage of the Dockerfile
STAGES = {"whofrom": "echo", "whofrom-pipeline": "pipeline"}


def pods() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield file, name and spec of each pod that runs an image of ours."""
    for path in sorted(DEPLOY.rglob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            for spec in specs(document):
                if any(stage_of(container) for container in spec["containers"]):
                    yield path.relative_to(DEPLOY).as_posix(), document["metadata"]["name"], spec


def specs(document: Any) -> Iterator[dict[str, Any]]:
    """Yield the pod specs in a manifest, however deep."""
    if isinstance(document, dict):
        if isinstance(document.get("containers"), list):
            yield document
        for value in document.values():
            yield from specs(value)


def stage_of(container: dict[str, Any]) -> str | None:
    return STAGES.get(container.get("image", "").partition(":")[0])


PODS = list(pods())


def test_all_that_run_our_images_are_looked_at() -> None:
    files = {file for file, _, _ in PODS}
    assert {"whoami.yaml", "base/deployment.yaml"} <= files
    assert any(file.startswith("components/cronjob/") for file in files)


@pytest.mark.parametrize(("file", "name", "spec"), PODS, ids=[f"{file} {name}" for file, name, _ in PODS])
def test_a_pod_is_what_the_image_is(file: str, name: str, spec: dict[str, Any]) -> None:
    for container in spec["containers"]:
        stage = stage_of(container)
        assert stage, f"{container['image']} is no image of ours"
        context = spec["securityContext"]
        user, group = (int(number) for number in one(stage, "USER").split(":"))
        assert (context["runAsUser"], context["runAsGroup"]) == (user, group)
        assert "command" not in container, "the image's entry point is kept: it hears SIGTERM"
        assert json.loads(one(stage, "ENTRYPOINT"))[0] == "whofrom"
        if stage == "echo":
            assert all(argument.startswith("--") for argument in container["args"])
            check_port(container)
        else:
            check_lake(container)


def check_port(container: dict[str, Any]) -> None:
    """A port that any user may listen on: 80 is the image's, and wants a sysctl on older nodes."""
    (port,) = (int(found[1]) for argument in container["args"] if (found := re.fullmatch(r"--port=(\d+)", argument)))
    assert port >= 1024
    assert [entry["containerPort"] for entry in container["ports"]] == [port]


def check_lake(container: dict[str, Any]) -> None:
    """It lies in a volume: the image's file system is read-only."""
    (lake,) = (entry["value"] for entry in container["env"] if entry["name"] == "WHOFROM_LAKE")
    written = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert [path for path in written if lake.startswith(f"{path}/")]


def test_the_page_on_the_image_names_what_the_manifests_name() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/image.md").read_text("utf-8")
    assert set(STAGES) <= set(re.findall(r"docker build (?:--\S+ \S+ )?-t (\S+)", page))
