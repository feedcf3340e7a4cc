"""
Commands of pages that are not run as they stand: each with the reason, and what is done instead.

A test says so when no page has such a command any more. Keep this table short: what can be run is run.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from tests.docs.page import ROOT
from tests.docs.stage import Stage

TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@dataclass(frozen=True)
class Elsewhere:
    """
    Commands that match `pattern` from their beginning, on `pages` (a regular expression).

    instead does the nearest thing that can be done, raises AssertionError where that fails, and returns what the
    command would have printed, or None where nobody can say.
    """

    pattern: str
    reason: str
    instead: Callable[[Stage, str], str | None]
    pages: str = ".*"

    def fits(self, page: str, command: str) -> bool:
        """Whether this is about a command of a page."""
        return re.fullmatch(self.pages, page) is not None and re.match(self.pattern, command) is not None


def a_target(_: Stage, command: str) -> None:
    """Look a target up in the Makefile."""
    for target in re.sub(r"#.*|sudo|make|\S+=\S*|&&", " ", command).split():
        assert target in TARGETS, f"the Makefile has no target {target}"


def kinds_file(stage: Stage, command: str) -> None:
    """Look at the file that kind is given: whether it is kind's, tests/deploy says."""
    named = re.search(r"--config (\S+)", command)
    assert named is None or (stage.folder / named[1]).is_file(), f"there is no {named[1]}"


def as_json(set_up: Stage, command: str) -> str:
    """Have kubectl say in JSON what it would create, and apply that."""
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} --dry-run=client -o json | kubectl apply -f -"],
        cwd=set_up.folder, env=set_up.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def an_asn_database(set_up: Stage, command: str) -> None:
    """Look whether the page's script is Python, and put down a database such as it makes."""
    if command.startswith("writer/bin/python"):
        ast.parse((set_up.folder / command.split()[1]).read_text())
        shutil.copy(ROOT / "tests" / "data" / "mmdb" / "GeoLite2-ASN-Test.mmdb", set_up.folder / "asn.mmdb")


def a_pods_log(stage: Stage, command: str) -> str:
    """Put down what the scene has of the pod's log."""
    name = command.rpartition(" > ")[2]
    shutil.copy(stage.folder.parent / "pods" / name, stage.folder)
    return ""


def compose_file(stage: Stage, command: str) -> None:
    """Look at the file that Compose is given; whether it is one, tests/deploy says."""
    named = re.search(r"-f (\S+)", command)
    assert named, "which file?"
    assert (stage.folder / named[1]).is_file(), f"there is no {named[1]}"


def a_bucket_is_told(stage: Stage, command: str) -> str:
    """Tell the store what a file says, as the AWS CLI does."""
    bucket, name = re.findall(r"--bucket (\S+) .* file://(\S+)", command)[0]
    script = (
        "import boto3, json, sys; boto3.client('s3', region_name='eu-west-1').put_bucket_lifecycle_configuration("
        "Bucket=sys.argv[1], LifecycleConfiguration=json.load(open(sys.argv[2])))"
    )
    subprocess.run([sys.executable, "-c", script, bucket, name], cwd=stage.folder, env=stage.environment, check=True)
    return ""


TABLE = (
    Elsewhere(r"aws s3api put-bucket-lifecycle-configuration\b", "the AWS CLI is not installed", a_bucket_is_told),
    Elsewhere(r"kubectl logs .* > \S+$", "no pod runs in the cluster of the tests", a_pods_log),
    Elsewhere(r"(sudo )?make\b", "CI runs the targets of the Makefile", a_target),
    Elsewhere(r"npm pack|python3 -m venv writer|writer/bin", "registries are needed", an_asn_database, ".*/geo.md"),
    Elsewhere(r"docker compose\b", "the proxy's image is on a registry", compose_file),
    Elsewhere(r"kind (create cluster|load docker-image)\b", "kind needs a Docker daemon", kinds_file),
    Elsewhere(r"kubectl create (job|secret)\b", "it sends Kubernetes' binary form, which is not read here", as_json),
)


def of(page: str, command: str) -> Elsewhere | None:
    """Return what is done instead of a command, if it is not run."""
    return next((one for one in TABLE if one.fits(page, command)), None)
