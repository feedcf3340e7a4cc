"""The manifests under deploy/, without a cluster."""

import json
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from echo.routes import ROUTES
from echo.settings import Settings
from echo.sink import CLOSE_SECONDS, RETRY_SECONDS
from echo.worker import CUT_SECONDS

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.suffix in (".yaml", ".yml"))
DOCUMENTS = [(path.name, document) for path in FILES for document in yaml.safe_load_all(path.read_text())]
NAMES = [f"{name}-{document['kind']}" for name, document in DOCUMENTS]
WORKLOADS = [(name, document) for name, document in DOCUMENTS if "template" in document.get("spec", {})]


def of_kind(file, kind):
    (document,) = (document for name, document in DOCUMENTS if name == file and document["kind"] == kind)
    return document


def containers(document):
    return document["spec"]["template"]["spec"]["containers"]


@pytest.mark.parametrize(("file", "document"), DOCUMENTS, ids=NAMES)
def test_manifest_is_valid(file, document):
    """Against the newest Kubernetes whose schemas are at hand, no unknown field allowed."""
    kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("breakage", [{"selectr": {}}, {"replicas": "two"}], ids=json.dumps)
def test_the_validator_would_notice(breakage):
    deployment = of_kind("whoami.yaml", "Deployment")
    broken = deployment | {"spec": deployment["spec"] | breakage}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize(("file", "document"), WORKLOADS)
def test_pods_meet_the_restricted_pod_security_standard(file, document):
    pod = document["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    for container in containers(document):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert not security.get("privileged")


@pytest.mark.parametrize(("file", "document"), WORKLOADS)
def test_selectors_choose_their_own_pods(file, document):
    labels = document["spec"]["template"]["metadata"]["labels"]
    assert document["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(("file", "document"), WORKLOADS)
def test_containers_ask_for_what_they_need(file, document):
    for container in containers(document):
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


# --- whoami.yaml: the parts fit each other ----------------------------------------------------------------------------


@pytest.fixture
def whoami():
    (container,) = containers(of_kind("whoami.yaml", "Deployment"))
    return container


def test_the_names_are_whoamis():
    assert {document["metadata"]["name"] for name, document in DOCUMENTS if name == "whoami.yaml"} == {"whoami"}
    labels = [document["metadata"]["labels"] for name, document in DOCUMENTS if name == "whoami.yaml"]
    assert labels == [{"app": "whoami"}] * 3


def test_the_image_is_the_one_that_make_image_builds(whoami):
    """A tag of :latest is pulled each time unless told otherwise, and this one is on no registry."""
    assert whoami["image"] == "whofrom:latest"
    assert whoami["imagePullPolicy"] == "IfNotPresent"
    assert "IMAGE ?= whofrom\n" in (ROOT / "Makefile").read_text()
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"] == "whofrom"


def test_the_port_is_one_from_the_flag_to_the_ingress(whoami):
    assert whoami["args"] == ["--port=8080", "--workers=2"]
    (port,) = whoami["ports"]
    assert port["containerPort"] == 8080
    (service_port,) = of_kind("whoami.yaml", "Service")["spec"]["ports"]
    assert service_port["port"] == 80
    assert service_port["targetPort"] in (port["name"], port["containerPort"])
    (rule,) = of_kind("whoami.yaml", "Ingress")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "whoami", "port": {"name": service_port["name"]}}


def test_the_service_chooses_the_pods():
    template = of_kind("whoami.yaml", "Deployment")["spec"]["template"]
    service = of_kind("whoami.yaml", "Service")["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert service["type"] == "ClusterIP"


def test_the_ingress_is_nginxs():
    ingress = of_kind("whoami.yaml", "Ingress")["spec"]
    assert ingress["ingressClassName"] == "nginx"
    assert [rule["host"] for rule in ingress["rules"]] == ["whoami.example.com"]
    assert [path["pathType"] for rule in ingress["rules"] for path in rule["http"]["paths"]] == ["Prefix"]


def test_the_pod_is_told_where_it_runs(whoami):
    assert {entry["name"]: entry["valueFrom"]["fieldRef"]["fieldPath"] for entry in whoami["env"]} == {
        "NODE_NAME": "spec.nodeName",
        "NODE_IP": "status.hostIP",
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "POD_IP": "status.podIP",
    }


def test_no_service_variables_meet_whoamis_settings():
    """A Service named whoami puts WHOAMI_PORT=tcp://… into every pod beside it."""
    assert of_kind("whoami.yaml", "Deployment")["spec"]["template"]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize(("probe", "path"), [("readinessProbe", "/health"), ("livenessProbe", "/livez")])
def test_probes_ask_what_the_server_has(whoami, probe, path):
    """Readiness fails when the pod is told to stop, or a test posts so; liveness does not."""
    assert whoami[probe]["httpGet"] == {"path": path, "port": "http"}
    assert path.encode() in ROUTES


def test_the_drain_outlasts_the_readiness_probe(whoami):
    """While the server is not ready and serves on, a probe or two must fail, or balancers would not notice."""
    readiness = whoami["readinessProbe"]
    assert readiness["periodSeconds"] * readiness.get("failureThreshold", 3) <= 6
    longest = Settings().drain + Settings().finish + 2 * CUT_SECONDS + CLOSE_SECONDS + RETRY_SECONDS
    assert longest < 30, "terminationGracePeriodSeconds"
