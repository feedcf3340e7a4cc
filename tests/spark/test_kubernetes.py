"""
spark-submit --master k8s:// with the files of deploy/spark: a driver's pod, its executors' pods, and the answer.

The API server is that of tests/cluster, and pods are processes of this machine, started by the image's entry point.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.cluster.kubelet import Image, Kubelet
from tests.cluster.server import Cluster, cluster
from tests.command import whofrom
from tests.deploy.rendered import DEPLOY
from tests.spark.cluster import ROOT, SPARK

IMAGE = "whofrom-spark:latest"
LOG = ROOT / "tests" / "data" / "logs" / "access.log.gz"
CONF = ROOT / "tests" / "spark" / "conf" / "spark-defaults.conf"
SECONDS = 300


def cannot() -> str:
    """Return why pods cannot have files of their own here, "" if they can."""
    try:
        done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return "needs unshare"
    return "" if done.returncode == 0 else "needs root, who alone may mount"


pytestmark = [*SPARK, pytest.mark.skipif(bool(cannot()), reason=cannot())]


def image() -> Image:
    """What the Dockerfile's target `spark` has, as far as pods see it."""
    import pyspark

    home = Path(pyspark.__path__[0])
    links = {f"/opt/spark/{name}": str(home / name) for name in ("bin", "jars", "python")}
    links["/opt/spark/whofrom.py"] = str(ROOT / "pipeline" / "submit" / "whofrom.py")
    environ = {"SPARK_HOME": "/opt/spark", "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(ROOT)}
    return Image([sys.executable, str(DEPLOY / "spark" / "entrypoint.py")], links, environ)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Cluster, Kubelet, Path]]:
    """A cluster that has what `kubectl apply -k deploy/spark/base` makes there, its pods, and the claim's folder."""
    claim, account = tmp_path / "claim", tmp_path / "account"
    for folder in (claim, account, tmp_path / "pods"):
        folder.mkdir()
    (account / "token").write_text("x")
    trustme.CA().cert_pem.write_to_path(str(account / "ca.crt"))
    toml = (DEPLOY / "spark" / "base" / "whofrom.toml").read_text("utf-8")
    config = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "whofrom-spark", "namespace": "whofrom"},
        "data": {"whofrom.toml": toml},
    }  # fmt: skip
    with (
        cluster(tmp_path, [config]) as one,
        Kubelet(one, tmp_path / "pods", {IMAGE: image()}, {"whofrom-spark-lake": claim}, account) as kubelet,
    ):
        yield one, kubelet, claim


def test_pods_ingest_and_answer(running: tuple[Cluster, Kubelet, Path], tmp_path: Path) -> None:
    cluster, kubelet, claim = running
    shutil.copy(LOG, claim)
    server = cluster.server
    settings = {
        "spark.kubernetes.driver.master": server, "spark.driver.memory": "512m", "spark.executor.memory": "512m",
        "spark.executor.instances": "2", "spark.executor.cores": "1", "spark.driver.memoryOverhead": "100m",
        "spark.executor.memoryOverhead": "100m",
        **dict(line.split(" ", 1) for line in CONF.read_text("utf-8").splitlines() if line.startswith("spark.")),
    }  # fmt: skip
    command = ["spark-submit", "--master", f"k8s://{server}", "--properties-file", "deploy/spark/submit.conf"]
    for key, value in settings.items():
        command += ["--conf", f"{key}={value}"]
    program = "local:///opt/spark/whofrom.py"
    environ = os.environ | cluster.environment | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def submit(*words: str) -> str:
        done = subprocess.run(
            [*command, "--conf", f"spark.kubernetes.driver.pod.name={words[0]}-driver", program, *words],
            cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return kubelet.log(f"{words[0]}-driver")

    assert "1,000 rows" in submit("ingest", "--no-geo", "/var/lib/whofrom/access.log.gz")
    assert sum("-exec-" in name for name in kubelet.logs) >= 2
    assert "n\n1000\n" in submit("sql", "-o", "csv", "SELECT count(*) AS n FROM requests")
    asked = whofrom("sql", "--lake", claim / "lake", "-o", "csv", "SELECT count(*) AS n FROM requests", cwd=tmp_path)
    assert asked.stdout.split() == ["n", "1000"], asked.stderr
