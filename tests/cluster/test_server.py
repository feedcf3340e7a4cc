"""The API server on loopback, asked by the real kubectl."""

import json
import os
import subprocess
import urllib.request

import pytest

from tests.cluster.server import cluster, selector
from tests.cluster.store import Refused
from tests.deploy.rendered import DEPLOY, needs_kubectl

LOCAL = str(DEPLOY / "overlays" / "local")
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "spec": {"podCIDR": "172.18.0.64/26"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "namespace": "whofrom"}}


@pytest.fixture
def running(tmp_path):
    with cluster(tmp_path, [NODE, CONFIG]) as one:
        yield one


def done(running, *arguments, stdin=""):
    """Return what kubectl writes; it must succeed."""
    process = running.kubectl(*arguments, stdin=stdin)
    assert process.returncode == 0, process.stderr
    return process.stdout


@needs_kubectl
def test_an_overlay_is_applied_changed_and_taken_away(running):
    assert "deployment.apps/whofrom created\n" in done(running, "apply", "-k", LOCAL)
    assert "deployment.apps/whofrom unchanged\n" in done(running, "apply", "-k", LOCAL)
    manifests = done(running, "kustomize", LOCAL).replace("image: whofrom:latest", "image: other:1")
    assert "deployment.apps/whofrom configured\n" in done(running, "apply", "-f", "-", stdin=manifests)
    deployment = json.loads(done(running, "get", "deploy", "whofrom", "-n", "whofrom", "-o", "json"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (container["image"], len(container["env"])) == ("other:1", 5)
    assert done(running, "rollout", "status", "-n", "whofrom", "deploy/whofrom", "--timeout=9s").endswith(
        "rolled out\n"
    )
    address = "jsonpath={.status.loadBalancer.ingress[0].ip}"
    assert done(running, "get", "svc", "whofrom", "-n", "whofrom", "-o", address).startswith("198.51.100.")
    done(running, "delete", "-k", LOCAL, "-l", "app.kubernetes.io/name=whofrom")
    assert done(running, "get", "all,configmaps", "-A") == ""
    assert done(running, "get", "nodes", "-o", "name") == "node/node-1\n"


@needs_kubectl
@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"spec": {"ports": [{"port": 80}], "polcy": "Local"}}, "'polcy' was unexpected"),
        ({"spec": {"ports": [{"port": "eighty"}]}}, "'eighty' is not of type 'integer'"),
        ({"metadata": {"name": "x", "namespace": "nowhere"}}, 'namespaces "nowhere" not found'),
        ({"apiVersion": "v2"}, 'no matches for kind "Service" in version "v2"'),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_manifest_is_refused(running, document, fault):
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}} | document
    process = running.kubectl("apply", "-f", "-", stdin=json.dumps(service))
    assert process.returncode == 1
    assert fault in process.stderr
    assert done(running, "get", "services", "-A", "-o", "name") == ""


@needs_kubectl
def test_a_dry_run_keeps_nothing(running):
    manifest = json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}})
    assert (
        done(running, "apply", "--dry-run=server", "-f", "-", stdin=manifest)
        == "namespace/a created (server dry run)\n"
    )
    assert "namespace/a" not in done(running, "get", "namespaces", "-o", "name")


@needs_kubectl
def test_who_watches_is_told(running):
    watching = ["kubectl", "get", "configmap", "kept", "-n", "whofrom", "--watch", "-o", "jsonpath={.data}{'\\n'}"]
    environment = os.environ | running.environment
    with subprocess.Popen(watching, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "\n"
        done(running, "patch", "configmap", "kept", "-n", "whofrom", "-p", '{"data":{"a":"b"}}')
        assert process.stdout.readline() == '{"a":"b"}\n'
        process.terminate()


def test_a_list_that_is_watched_has_an_end(running):
    """Which kubectl 1.36 asks for in a list's place."""
    address = json.loads(running.kubeconfig.read_text("utf-8"))["clusters"][0]["cluster"]["server"]
    url = f"{address}/api/v1/nodes?watch=true&sendInitialEvents=true&timeoutSeconds=1"
    with urllib.request.urlopen(url) as answer:
        first, end = (json.loads(answer.readline()) for _ in range(2))
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "node-1")
    assert end["type"] == "BOOKMARK"
    assert end["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("a=1", True),
        ("a==1,b=2", True),
        ("a=1,b=3", False),
        ("a!=1", False),
        ("c!=1", True),
        ("a", True),
        ("!a", False),
        ("!c", True),
        ("a in (0, 1),b notin (1,3)", True),
        ("c in (1)", False),
        ("app.kubernetes.io/name=x", False),
    ],
)
def test_label_selectors(text, matches):
    assert selector({"labelSelector": text})({"metadata": {"labels": {"a": "1", "b": "2"}}}) is matches


def test_a_label_selector_that_is_none():
    with pytest.raises(Refused, match="unable to parse requirement"):
        selector({"labelSelector": "a>1"})


@pytest.mark.parametrize(("text", "matches"), [("metadata.name=a", True), ("metadata.name=b", False), ("a.b==", True)])
def test_field_selectors(text, matches):
    assert selector({"fieldSelector": text})({"metadata": {"name": "a"}}) is matches
