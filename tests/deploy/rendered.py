"""What the manifests under deploy/ come to, and what is asked of every one of them."""

import functools
import json
import re
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate.utils
import pytest
import yaml

from echo.settings import Settings
from echo.sink import CLOSE_SECONDS, RETRY_SECONDS
from echo.worker import CUT_SECONDS

DEPLOY = Path(__file__).parents[2] / "deploy"
OLDEST_KUBECTL = (1, 21)  # the first with Kustomize 4: `components` and `patches` by path are known to it
NEWEST = tuple(dict.fromkeys(kubernetes_validate.utils.all_versions()))[-3:]
# kinds that no schema of Kubernetes describes -> who does; they are checked by hand
CUSTOM = {"ServiceMonitor": "the Prometheus Operator's CRD"}


def kubectl_lacks():
    """Return why there is no kubectl to render with, "" if there is."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return "no kubectl"
    command = [kubectl, "version", "--client", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r'"gitVersion": "v(\d+)\.(\d+)', done.stdout)
    if found is None:
        return f"kubectl does not tell its version: {(done.stderr or done.stdout)[:200]}"
    version = (int(found[1]), int(found[2]))
    return "" if version >= OLDEST_KUBECTL else f"kubectl {version} is older than {OLDEST_KUBECTL}"


LACK = kubectl_lacks()
needs_kubectl = pytest.mark.skipif(bool(LACK), reason=LACK)


def kustomize(folder):
    """Return what `kubectl kustomize` writes; it must have no warning either."""
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout


@functools.cache
def rendered(folder):
    """Return (kind, namespace, name) -> document of a folder under deploy/. No test may change them."""
    documents = list(yaml.safe_load_all(kustomize(DEPLOY / folder)))
    found = {identity(document): document for document in documents}
    assert len(found) == len(documents), "two documents of one name"
    return found


def identity(document):
    metadata = document["metadata"]
    return document["kind"], metadata.get("namespace", ""), metadata["name"]


def only(documents, kind):
    """Return the one document of a kind."""
    (document,) = (document for (found, _, _), document in documents.items() if found == kind)
    return document


def check_valid(document):
    """In the newest versions of Kubernetes whose schemas are at hand, with no unknown field."""
    for version in NEWEST:
        kubernetes_validate.validate(document, version, strict=True)


def check_restricted(pod):
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only file system."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers", "ephemeralContainers"} & pod.keys()
    assert pod["automountServiceAccountToken"] is False
    for volume in pod.get("volumes", []):
        assert volume.keys() <= {"name", "configMap"}
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert not any("hostPort" in port for port in container["ports"])


def check_pod_is_told_where_it_runs(container):
    assert {entry["name"]: entry["valueFrom"]["fieldRef"]["fieldPath"] for entry in container["env"]} == {
        "NODE_NAME": "spec.nodeName",
        "NODE_IP": "status.hostIP",
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "POD_IP": "status.podIP",
    }


def check_drain(pod, container):
    """While the server is not ready and serves on, a probe or two must fail; then all of it must end in time."""
    readiness = container["readinessProbe"]
    assert readiness["periodSeconds"] * readiness["failureThreshold"] < Settings().drain
    longest = Settings().drain + Settings().finish + 2 * CUT_SECONDS + CLOSE_SECONDS + RETRY_SECONDS
    assert longest < pod.get("terminationGracePeriodSeconds", 30)


def dumped(value):
    """Return a short name for a test case."""
    return json.dumps(value, sort_keys=True)
