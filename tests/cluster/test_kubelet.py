"""Pods of the cluster, run as processes: with the files, addresses and names that they are told of."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest

from tests.cluster.kubelet import ACCOUNT, Image, Kubelet
from tests.cluster.server import Cluster, cluster


def _cannot() -> str:
    """Return why pods cannot have files of their own here, "" if they can."""
    try:
        done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return "needs unshare"
    return "" if done.returncode == 0 else "needs root, who alone may mount"


pytestmark = pytest.mark.skipif(bool(_cannot()), reason=_cannot())

FILES = f"{ACCOUNT}/token /opt/it/link /etc/it/key /var/lib/it/claimed"
SCRIPT = f"cat {FILES}; getent hosts it.x.svc; echo $IP $SAID $1; exit 3"
META = {"name": "it", "namespace": "x", "labels": {"app": "it"}}
DOCUMENTS = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": META, "data": {"key": "mapped\n"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": META, "spec": {"selector": {"app": "it"}, "clusterIP": "None"}},
]
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": META,
    "spec": {
        "containers": [{
            "name": "it", "image": "it:1", "args": ["argument"],
            "env": [
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "SAID", "value": "said"},
            ],
            "volumeMounts": [{"name": "m", "mountPath": "/etc/it"}, {"name": "c", "mountPath": "/var/lib/it"}],
        }],
        "volumes": [
            {"name": "m", "configMap": {"name": "it"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "it"}},
        ],
    },
}  # fmt: skip


def created(running: Cluster, pod: object) -> None:
    request = urllib.request.Request(
        f"{running.server}/api/v1/namespaces/x/pods", json.dumps(pod).encode(), {"Content-Type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=30).close()


def test_a_pod_has_what_it_is_told_and_its_end_is_its_status(tmp_path: Path) -> None:
    for name, text in (("claimed", "claimed\n"), ("token", "token\n"), ("linked", "linked\n")):
        (tmp_path / name).write_text(text)
    (tmp_path / "pods").mkdir()
    image = Image(["sh", "-c", SCRIPT, "sh"], {"/opt/it/link": str(tmp_path / "linked")}, {})
    with (
        cluster(tmp_path, DOCUMENTS) as running,
        Kubelet(running, tmp_path / "pods", {"it:1": image}, {"it": tmp_path}, tmp_path) as kubelet,
    ):
        created(running, POD)
        end = time.monotonic() + 30
        phase = ""
        while phase != "Failed":
            assert time.monotonic() < end, phase
            with urllib.request.urlopen(f"{running.server}/api/v1/namespaces/x/pods/it", timeout=30) as answer:
                status = json.load(answer).get("status", {})
            phase = status.get("phase", "")
            time.sleep(0.05)
        (container,) = status["containerStatuses"]
        assert container["state"] == {"terminated": {"exitCode": 3}}
        address = status["podIP"]
        said = kubelet.log("it").splitlines()
        assert said[:4] == ["token", "linked", "mapped", "claimed"]
        assert said[4].split() == [address, "it.x.svc"]
        assert said[5] == f"{address} said argument"
    assert not Path("/opt/it").exists()
    assert not Path("/etc/it").exists()


def test_pods_of_other_images_are_left_alone(tmp_path: Path) -> None:
    with cluster(tmp_path, DOCUMENTS) as running, Kubelet(running, tmp_path, {}, {}, tmp_path) as kubelet:
        created(running, POD)
        time.sleep(0.3)
        assert kubelet.logs == {}
