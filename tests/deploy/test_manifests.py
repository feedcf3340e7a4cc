"""deploy/whoami.yaml, without a cluster; what Kustomize renders is in test_overlays.py."""

import json
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from echo.routes import ROUTES
from tests.deploy.rendered import (
    check_drain,
    check_pod_is_told_where_it_runs,
    check_restricted,
    check_valid,
)

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "whoami.yaml"
DOCUMENTS = {document["kind"]: document for document in yaml.safe_load_all(FILE.read_text())}
POD = DOCUMENTS["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture
def whoami():
    (container,) = POD["containers"]
    return container


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_manifest_is_valid(kind):
    check_valid(DOCUMENTS[kind])


@pytest.mark.parametrize("breakage", [{"selectr": {}}, {"replicas": "two"}], ids=json.dumps)
def test_the_validator_would_notice(breakage):
    deployment = DOCUMENTS["Deployment"]
    broken = deployment | {"spec": deployment["spec"] | breakage}
    with pytest.raises(kubernetes_validate.ValidationError):
        check_valid(broken)


def test_the_pod_meets_the_restricted_pod_security_standard():
    check_restricted(POD)


def test_the_selector_chooses_its_own_pods():
    spec = DOCUMENTS["Deployment"]["spec"]
    assert spec["selector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_the_container_asks_for_what_it_needs(whoami):
    assert set(whoami["resources"]["requests"]) == {"cpu", "memory"}
    assert "memory" in whoami["resources"]["limits"]


def test_the_names_are_whoamis():
    assert {document["metadata"]["name"] for document in DOCUMENTS.values()} == {"whoami"}
    labels = [document["metadata"]["labels"] for document in DOCUMENTS.values()]
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
    (service_port,) = DOCUMENTS["Service"]["spec"]["ports"]
    assert service_port["port"] == 80
    assert service_port["targetPort"] in (port["name"], port["containerPort"])
    (rule,) = DOCUMENTS["Ingress"]["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"] == {"name": "whoami", "port": {"name": service_port["name"]}}


def test_the_service_chooses_the_pods():
    template = DOCUMENTS["Deployment"]["spec"]["template"]
    service = DOCUMENTS["Service"]["spec"]
    assert service["selector"].items() <= template["metadata"]["labels"].items()
    assert service["type"] == "ClusterIP"


def test_the_ingress_is_nginxs():
    ingress = DOCUMENTS["Ingress"]["spec"]
    assert ingress["ingressClassName"] == "nginx"
    assert [rule["host"] for rule in ingress["rules"]] == ["whoami.example.com"]
    assert [path["pathType"] for rule in ingress["rules"] for path in rule["http"]["paths"]] == ["Prefix"]


def test_the_pod_is_told_where_it_runs(whoami):
    check_pod_is_told_where_it_runs(whoami)


def test_no_service_variables_meet_whoamis_settings():
    """A Service named whoami puts WHOAMI_PORT=tcp://… into every pod beside it."""
    assert DOCUMENTS["Deployment"]["spec"]["template"]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize(("probe", "path"), [("readinessProbe", "/health"), ("livenessProbe", "/livez")])
def test_probes_ask_what_the_server_has(whoami, probe, path):
    """Readiness fails when the pod is told to stop, or a test posts so; liveness does not."""
    assert whoami[probe]["httpGet"] == {"path": path, "port": "http"}
    assert path.encode() in ROUTES


def test_the_drain_outlasts_the_readiness_probe(whoami):
    check_drain(POD, whoami)
