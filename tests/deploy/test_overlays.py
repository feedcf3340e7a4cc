"""deploy/'s base, components and overlays as kubectl renders them: each complete, valid, and at one with its TOML."""

import os
import re
import subprocess
import tomllib
from typing import NamedTuple

import kubernetes_validate
import pytest
import yaml

from echo.clientip import load_config
from echo.routes import ROUTES
from tests.deploy.rendered import (
    CUSTOM,
    DEPLOY,
    check_drain,
    check_pod_is_told_where_it_runs,
    check_restricted,
    check_valid,
    dumped,
    identity,
    kustomize,
    needs_kubectl,
    only,
    rendered,
)

pytestmark = needs_kubectl

OURS = ("Service", "whofrom", "whofrom")
NGINX = ("Service", "ingress-nginx", "whofrom-ingress-nginx")
TKE_DIRECT = "service.cloud.tencent.com/direct-access"
TKE_WEIGHTED = "service.cloud.tencent.com/local-svc-weighted-balance"
TKE_BOUND = "service.kubernetes.io/local-svc-only-bind-node-with-pod"
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
INGRESS_CLASS, RULE_MIX = "kubernetes.io/ingress.class", "kubernetes.io/ingress.rule-mix"
INGRESS_DIRECT = "ingress.cloud.tencent.com/direct-access"
LOCAL = {TKE_DIRECT: "false", TKE_WEIGHTED: "true", TKE_BOUND: "true"}
# what stands in every overlay, and where
BASE = {
    ("Namespace", "", "whofrom"),
    ("ConfigMap", "whofrom", "whofrom"),
    OURS,
    ("Deployment", "whofrom", "whofrom"),
    ("PodDisruptionBudget", "whofrom", "whofrom"),
    ("HorizontalPodAutoscaler", "whofrom", "whofrom"),
    ("NetworkPolicy", "whofrom", "whofrom"),
}
INGRESS = ("Ingress", "whofrom", "whofrom")
NGINX_CONFIG = ("ConfigMap", "ingress-nginx", "ingress-nginx-controller")


class Way(NamedTuple):
    """
    What an overlay's way of a request rests on.

    service      the Service that decides it, its type, its policy as the cluster knows it, and its annotations
    trusted      [trust] ranges: those that must be believed on this way, and no more
    beside       what it has beside the base
    ingress      the annotations of the Ingress, or its class
    vpc_cni      the pods ask for addresses of the VPC
    """

    service: tuple[str, str, str]
    type: str
    policy: str | None
    annotations: dict[str, str]
    trusted: list[str]
    beside: tuple[tuple[str, str, str], ...] = ()
    ingress: dict[str, str] | str | None = None
    vpc_cni: bool = False


QCLOUD = {INGRESS_CLASS: "qcloud", RULE_MIX: "false"}
BALANCER, FRONT = "LoadBalancer", ["load_balancers"]
# overlay -> its way; those of the article have the type, policy and annotations that the article shows
WAYS = {
    "cluster": Way(OURS, BALANCER, "Cluster", {}, []),
    "local": Way(OURS, BALANCER, "Local", LOCAL, []),
    "direct": Way(OURS, BALANCER, "Cluster", {TKE_DIRECT: "true"}, [], vpc_cni=True),
    "clb-ingress": Way(
        OURS, "NodePort", "Cluster", {}, [*FRONT, "nodes", "bridges"], (INGRESS,), QCLOUD | {INGRESS_DIRECT: "false"}
    ),
    "clb-ingress-local": Way(OURS, BALANCER, "Local", LOCAL, FRONT, (INGRESS,), QCLOUD),
    "clb-ingress-direct": Way(
        OURS, "NodePort", "Cluster", {}, FRONT, (INGRESS,), {INGRESS_CLASS: "qcloud", INGRESS_DIRECT: "true"}, True
    ),
    "ingress-nginx-cluster": Way(NGINX, BALANCER, "Cluster", {}, ["ingress"], (INGRESS, NGINX), "nginx"),
    "ingress-nginx-local": Way(
        NGINX, BALANCER, "Local", LOCAL | {TKE_WEIGHTED: "false"}, ["ingress"], (INGRESS, NGINX), "nginx"
    ),
    "ingress-nginx-direct": Way(
        NGINX, BALANCER, "Cluster", {TKE_DIRECT: "true"}, ["ingress"], (INGRESS, NGINX, NGINX_CONFIG), "nginx"
    ),
    "proxy-protocol": Way(OURS, BALANCER, "Cluster", {}, [*FRONT, "nodes", "bridges"]),
    "k3s": Way(OURS, BALANCER, "Local", {}, []),
    "kind": Way(OURS, "NodePort", "Local", {}, []),
    "aws-nlb": Way(
        OURS,
        BALANCER,
        None,
        {
            f"{AWS}scheme": "internet-facing",
            f"{AWS}nlb-target-type": "ip",
            f"{AWS}target-group-attributes": "preserve_client_ip.enabled=true",
            f"{AWS}healthcheck-protocol": "http",
            f"{AWS}healthcheck-port": "traffic-port",
            f"{AWS}healthcheck-path": "/readyz",
        },
        [],
    ),
    "gke": Way(
        OURS,
        "ClusterIP",
        None,
        {"cloud.google.com/neg": '{"ingress": true}'},
        FRONT,
        (INGRESS,),
        {INGRESS_CLASS: "gce"},
    ),
    "metallb": Way(OURS, BALANCER, "Local", {}, []),
}
FOLDERS = ["base", *(f"overlays/{name}" for name in WAYS)]


def toml(overlay):
    return tomllib.loads((DEPLOY / "overlays" / overlay / "whofrom.toml").read_text("utf-8"))


def server(folder):
    pod = only(rendered(folder), "Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    return pod, container


def without_hash(found):
    kind, namespace, name = found
    return kind, namespace, re.sub(r"^whofrom-[a-z0-9]{10}$", "whofrom", name)


def test_every_overlay_is_known_here():
    assert {path.name for path in (DEPLOY / "overlays").iterdir()} == WAYS.keys()


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_holds_what_the_way_needs(folder):
    beside = WAYS[folder.removeprefix("overlays/")].beside if folder != "base" else ()
    assert {without_hash(found) for found in rendered(folder)} == BASE | set(beside)


@pytest.mark.parametrize("folder", FOLDERS)
def test_all_of_it_is_valid_and_no_beta(folder):
    for document in rendered(folder).values():
        assert "beta" not in document["apiVersion"]
        check_valid(document)


@pytest.mark.parametrize("folder", FOLDERS)
def test_pods_meet_the_restricted_pod_security_standard(folder):
    check_restricted(server(folder)[0])
    labels = only(rendered(folder), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_ours_bears_the_label_by_which_it_is_taken_away(folder):
    """README: kubectl delete -l. The ConfigMap with the TOML goes with its namespace."""
    for found, document in rendered(folder).items():
        labelled = document["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "whofrom"
        assert labelled == (found[0] != "ConfigMap")


@pytest.mark.parametrize("overlay", WAYS)
def test_the_service_is_the_ways_own(overlay):
    way = WAYS[overlay]
    service = rendered(f"overlays/{overlay}")[way.service]
    assert service["spec"]["type"] == way.type
    assert service["spec"].get("externalTrafficPolicy") == way.policy
    assert service["metadata"].get("annotations", {}) == way.annotations
    assert not {"clusterIP", "healthCheckNodePort", "externalIPs", "loadBalancerIP"} & service["spec"].keys()


@pytest.mark.parametrize("overlay", [name for name, way in WAYS.items() if way.ingress is not None])
def test_the_ingress_leads_to_the_service(overlay):
    """The class stands in one place: the API server refuses an Ingress with both."""
    asked = WAYS[overlay].ingress
    ingress = rendered(f"overlays/{overlay}")[INGRESS]
    found = ingress["spec"].get("ingressClassName") or ingress["metadata"]["annotations"]
    assert found == asked
    assert not ({"ingressClassName"} & ingress["spec"].keys() and ingress["metadata"].get("annotations"))
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (path["path"], path["pathType"]) == ("/", "Prefix")
    (port,) = rendered(f"overlays/{overlay}")[OURS]["spec"]["ports"]
    assert path["backend"]["service"] == {"name": "whofrom", "port": {"name": port["name"]}}


# --- the parts fit each other -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_port_is_one_from_the_flag_to_the_network_policy(folder):
    _, container = server(folder)
    (port,) = container["ports"]
    assert f"--port={port['containerPort']}" in container["args"]
    (service_port,) = rendered(folder)[OURS]["spec"]["ports"]
    assert service_port["targetPort"] == port["name"]
    (rule,) = only(rendered(folder), "NetworkPolicy")["spec"]["ingress"]
    assert rule == {"ports": [{"protocol": "TCP", "port": port["name"]}]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_selectors_choose_the_pods(folder):
    documents = rendered(folder)
    labels = only(documents, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        only(documents, "Deployment")["spec"]["selector"]["matchLabels"],
        documents[OURS]["spec"]["selector"],
        only(documents, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        only(documents, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_server_reads_the_toml_of_the_folder(folder):
    pod, container = server(folder)
    (config,) = (document for found, document in rendered(folder).items() if found[:2] == ("ConfigMap", "whofrom"))
    assert config["data"] == {"whofrom.toml": (DEPLOY / folder / "whofrom.toml").read_text("utf-8")}
    assert pod["volumes"] == [{"name": "config", "configMap": {"name": config["metadata"]["name"]}}]
    (mount,) = container["volumeMounts"]
    assert (mount["name"], mount["readOnly"]) == ("config", True)
    assert f"--config={mount['mountPath']}/whofrom.toml" in container["args"]


def test_another_toml_starts_new_pods():
    """The name of the ConfigMap tells its content."""
    names = {server(folder)[0]["volumes"][0]["configMap"]["name"] for folder in FOLDERS}
    assert len(names) == len(FOLDERS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_probes_ask_what_the_server_has_and_fit_its_end(folder):
    pod, container = server(folder)
    for probe, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/livez")):
        assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        assert path.encode() in ROUTES
    check_drain(pod, container)
    check_pod_is_told_where_it_runs(container)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_autoscaler_has_the_number_of_pods_to_itself(folder):
    """replicas would set it back at every apply; and shares of CPU are of what is requested."""
    deployment = only(rendered(folder), "Deployment")
    scaler = only(rendered(folder), "HorizontalPodAutoscaler")["spec"]
    assert "replicas" not in deployment["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": deployment["apiVersion"], "kind": "Deployment", "name": "whofrom"}
    assert scaler["minReplicas"] > only(rendered(folder), "PodDisruptionBudget")["spec"]["maxUnavailable"]
    _, container = server(folder)
    assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_service_variables_meet_the_servers_settings(folder):
    """A Service named whofrom puts WHOFROM_PORT=tcp://… into every pod beside it."""
    assert server(folder)[0]["enableServiceLinks"] is False


@pytest.mark.parametrize("overlay", WAYS)
def test_pods_ask_for_vpc_addresses_where_the_balancer_connects_to_them(overlay):
    template = only(rendered(f"overlays/{overlay}"), "Deployment")["spec"]["template"]
    asks = {"tke.cloud.tencent.com/networks": "tke-route-eni"}
    assert (template["metadata"].get("annotations") == asks) == WAYS[overlay].vpc_cni
    resources = server(f"overlays/{overlay}")[1]["resources"]
    wanted = "1" if WAYS[overlay].vpc_cni else None
    assert [resources[kind].get("tke.cloud.tencent.com/eni-ip") for kind in ("requests", "limits")] == [wanted] * 2


# --- whofrom.toml -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_toml_parses(folder):
    load_config(str(DEPLOY / folder / "whofrom.toml"))


@pytest.mark.parametrize("overlay", WAYS)
def test_whom_it_trusts(overlay):
    assert toml(overlay)["trust"]["ranges"] == WAYS[overlay].trusted


@pytest.mark.parametrize("overlay", WAYS)
def test_it_says_of_services_what_they_are(overlay):
    """Direct is a matter of the balancer, and policy then of no effect."""
    (service,) = toml(overlay)["network"]["service"]
    namespace, _, name = service["name"].partition("/")
    assert ("Service", namespace, name) == WAYS[overlay].service
    spec = rendered(f"overlays/{overlay}")[WAYS[overlay].service]["spec"]
    assert service["policy"] in ("Direct", spec.get("externalTrafficPolicy"))
    direct = {TKE_DIRECT, f"{AWS}nlb-target-type", "cloud.google.com/neg"} & WAYS[overlay].annotations.keys()
    by_ingress = isinstance(WAYS[overlay].ingress, dict) and WAYS[overlay].ingress.get(INGRESS_DIRECT) == "true"
    is_direct = by_ingress or (direct and WAYS[overlay].annotations.get(TKE_DIRECT) != "false")
    assert (service["policy"] == "Direct") == bool(is_direct)


@pytest.mark.parametrize("overlay", [name for name in WAYS if name.startswith("ingress-nginx-")])
def test_it_says_of_ingress_nginx_what_its_configmap_does(overlay):
    said = toml(overlay)["network"]["ingress_nginx"]
    given = rendered(f"overlays/{overlay}").get(NGINX_CONFIG, {"data": {"use-forwarded-headers": "false"}})
    assert said == given["data"]


def test_the_articles_keys_of_ingress_nginx_come_with_the_one_they_lack():
    data = rendered("overlays/ingress-nginx-direct")[NGINX_CONFIG]["data"]
    article = {
        "compute-full-forwarded-for": "true",
        "forwarded-for-header": "X-Forwarded-For",
        "use-forwarded-headers": "true",
    }
    assert data == article | {"proxy-real-ip-cidr": toml("ingress-nginx-direct")["network"]["load_balancers"][0]}


def test_only_the_proxy_overlay_expects_proxy_headers_and_lets_probes_through():
    modes = {overlay: toml(overlay)["trust"].get("proxy_protocol") for overlay in WAYS}
    assert {overlay: mode for overlay, mode in modes.items() if mode} == {"proxy-protocol": "optional"}


# --- platforms --------------------------------------------------------------------------------------------------------


def test_kind_maps_the_port_of_the_service():
    config = yaml.safe_load((DEPLOY / "overlays" / "kind" / "kind.yaml").read_text("utf-8"))
    (port,) = rendered("overlays/kind")[OURS]["spec"]["ports"]
    mapped = [mapping["containerPort"] for node in config["nodes"] for mapping in node["extraPortMappings"]]
    assert (config["kind"], config["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    assert mapped == [port["nodePort"]]


def test_k3s_leaves_traefik_its_ports():
    (port,) = rendered("overlays/k3s")[OURS]["spec"]["ports"]
    assert port["port"] not in (80, 443)


def test_gke_counts_what_the_front_end_appends():
    assert toml("gke")["trust"]["strategy"] == "rightmost-count:2"
    assert toml("gke")["network"]["load_balancers"] == ["130.211.0.0/22", "35.191.0.0/16"]


# --- components, and the image ----------------------------------------------------------------------------------------


def test_the_service_monitor_finds_the_service_and_its_metrics(tmp_path):
    """No schema of Kubernetes describes it (CUSTOM says who does): what it names must be there."""
    document = {
        "resources": [os.path.relpath(DEPLOY / "overlays" / "local", tmp_path)],
        "components": [os.path.relpath(DEPLOY / "components" / "service-monitor", tmp_path)],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(document))
    documents = {identity(document): document for document in yaml.safe_load_all(kustomize(tmp_path))}
    monitor = documents.pop(("ServiceMonitor", "whofrom", "whofrom"))
    assert documents == rendered("overlays/local")
    assert CUSTOM.keys() == {monitor["kind"]}
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    assert monitor["spec"].keys() == {"selector", "endpoints"}
    service = documents[OURS]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint.keys() <= {"port", "path", "interval"}
    assert endpoint["port"] in [port["name"] for port in service["spec"]["ports"]]
    assert endpoint["path"].encode() in ROUTES


def test_the_one_command_of_the_readme_names_the_image():
    (line,) = re.findall(r"^\$ (kubectl kustomize .*) \| kubectl apply -f -$", readme(), re.MULTILINE)
    done = subprocess.run(line, shell=True, cwd=DEPLOY.parent, capture_output=True, text=True, check=True)
    before = kustomize(DEPLOY / "overlays" / "local")
    assert done.stdout == before.replace("image: whofrom:latest", "image: YOUR/IMAGE:TAG")
    assert done.stdout != before


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_image_is_the_one_that_make_image_builds(folder):
    _, container = server(folder)
    assert (container["image"], container["imagePullPolicy"]) == ("whofrom:latest", "IfNotPresent")


def readme():
    return (DEPLOY / "README.md").read_text("utf-8")


@pytest.mark.parametrize("breakage", [{"ports": "http"}, {"externalTraficPolicy": "Local"}], ids=dumped)
def test_the_validator_would_notice(breakage):
    service = rendered("overlays/local")[OURS]
    with pytest.raises(kubernetes_validate.ValidationError):
        check_valid(service | {"spec": service["spec"] | breakage})
