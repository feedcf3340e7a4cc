"""[trust]: who is proposed, who is left to the reader, and why."""

from __future__ import annotations

import pytest

from echo.clientip import parse_config
from tests.echo.topology.clusters import NGINX_LABELS, Json, agent, ingress, node, pod, service
from tests.echo.topology.written import Read, of

SELECTOR = {"app": "web"}
QCLOUD = {"kubernetes.io/ingress.class": "qcloud"}
DIRECT = {**QCLOUD, "ingress.cloud.tencent.com/direct-access": "true"}


def tke(annotations: dict[str, str], policy: str = "Cluster", image: str = "nginx") -> Read:
    """A Service behind an L7 CLB, as in the article's 1.6, 2.5 and 2.6."""
    return of(
        node("a", ["192.168.0.11"], None, ["172.18.0.64/26"], "qcloud:///1/ins-1"),
        node("b", ["192.168.0.17"], None, ["172.18.0.0/26"], "qcloud:///1/ins-2"),
        *agent("tke-bridge-agent", ["192.168.0.11", "192.168.0.17"]),
        pod("web", "d", ["172.18.0.80"], labels=SELECTOR, image=image),
        service("web", "d", ["172.18.251.84"], "NodePort", policy, selector=SELECTOR),
        ingress("i", "d", "web", annotations=annotations, ips=["198.51.100.20"]),
    )


def test_nobody() -> None:
    found = of(node("a", ["192.0.2.4"]))
    assert found.tables["trust"] == {"ranges": []}
    assert not found.config.policy.trusted
    assert "# Nobody: no proxy was found that writes X-Forwarded-For" in found.text


@pytest.mark.parametrize("policy", ["Local", "Cluster"])
def test_the_balancer_whose_ingress_it_is(policy: str) -> None:
    found = tke(QCLOUD, policy)
    assert found.trusted == ["load_balancers"]
    assert "Tencent Cloud's L7 balancer of Ingress d/i writes the header" in found.text


def test_nodes_are_left_to_the_reader_with_the_price() -> None:
    """The article's 2.6: without nodes the walk ends at the node; with them whoever reaches the NodePort can forge."""
    found = tke(QCLOUD)
    assert '  # "nodes",' in found.text
    assert '  # "bridges",' in found.text
    assert "can forge the header" in found.text
    assert found.network["bridges"] == ["172.18.0.1", "172.18.0.65"]
    assert "nodes stand as comments in [trust] ranges" in found.notes


@pytest.mark.parametrize("image", ["traefik/whoami", "example.com/team/whofrom:1", "whofrom:latest"])
def test_nodes_are_chosen_where_our_own_pods_stand_behind_them(image: str) -> None:
    found = tke(QCLOUD, image=image)
    assert found.trusted == ["load_balancers", "nodes", "bridges"]
    assert "are trusted, because whofrom stands behind it" in found.notes


def test_what_is_left_to_the_reader_can_be_taken() -> None:
    """The commented lines, uncommented, are accepted."""
    text = tke(QCLOUD).text.replace('  # "', '  "')
    assert len(parse_config(text, "").policy.trusted.texts) == 1 + 2 + 2


@pytest.mark.parametrize(("annotations", "policy"), [(DIRECT, "Cluster"), (QCLOUD, "Local")])
def test_nodes_are_no_question_where_kube_proxy_hides_nobody(annotations: dict[str, str], policy: str) -> None:
    found = tke(annotations, policy)
    assert "bridges" not in found.network
    assert "nodes" not in found.text.partition("\n[trust]\n")[2]


@pytest.mark.parametrize("class_name", ["nginx", "traefik"])
def test_the_balancer_of_no_ingress_is_not_trusted(class_name: str) -> None:
    assert tke({"kubernetes.io/ingress.class": class_name}).trusted == []


def test_google_writes_its_own_address_behind_the_clients() -> None:
    found = of(node("a", ["10.0.0.4"], None, None, "gce://x"), ingress("i", "d", "web", ips=["198.51.100.7"]))
    assert found.trusted == ["load_balancers", "198.51.100.7"]


@pytest.mark.parametrize(
    ("provider", "class_name", "said"),
    [
        ("aws://x", "alb", "ranges lacks AWS's L7 balancer of Ingress d/i, which writes the header"),
        ("azure://x", "azure-application-gateway", "ranges lacks Azure's L7 balancer of Ingress d/i"),
    ],
)
def test_what_a_balancer_speaks_from_is_asked_for_where_it_is_not_known(
    provider: str, class_name: str, said: str
) -> None:
    found = of(node("a", ["10.0.0.4"], None, None, provider), ingress("i", "d", "web", class_name=class_name))
    assert found.trusted == []
    assert f"# {said}" in found.text
    assert said in found.notes


def test_a_class_is_known_by_its_controller_too() -> None:
    class_ = {"kind": "IngressClass", "metadata": {"name": "mine"}, "spec": {"controller": "ingress.k8s.aws/alb"}}
    found = of(node("a", ["10.0.0.4"], None, None, "aws://x"), class_, ingress("i", "d", "web", class_name="mine"))
    assert "ranges lacks AWS's L7 balancer of Ingress d/i" in found.notes


def test_a_balancer_whose_ranges_are_all_the_clusters_is_not_named() -> None:
    found = of(
        node("a", ["10.0.0.4"], None, ["100.64.0.0/10"], "qcloud://x"),
        pod("x", "d", ["100.64.0.9"]),
        ingress("i", "d", "web", annotations=QCLOUD),
    )
    assert "load_balancers" not in found.network
    assert found.trusted == []


def test_controllers_on_the_host_network_are_left_to_the_reader() -> None:
    found = of(node("a", ["192.0.2.4"]), pod("c", "edge", ["192.0.2.4"], host=True, labels=NGINX_LABELS))
    assert found.trusted == []
    assert '  # "192.0.2.4",' in found.text
    assert "has its node's address" in found.text
    assert "ingress" not in found.network


def test_controllers_in_several_namespaces_are_asked_about() -> None:
    """A label is put on by whoever makes the pod."""
    pods: list[Json] = [
        pod("c", name, [f"10.0.0.{n}"], labels=NGINX_LABELS) for n, name in enumerate(("edge", "mine"), 5)
    ]
    assert "ingress controllers' pods are in namespaces edge, mine: are they all yours?" in of(*pods).notes
    assert "are they all yours" not in of(pods[0]).notes


@pytest.mark.parametrize(
    ("argument", "warns"),
    [
        ("--entryPoints.web.forwardedHeaders.insecure", True),
        ("--entrypoints.web.forwardedheaders.insecure=true", True),
        ("--entryPoints.web.forwardedHeaders.insecure=false", False),
        ("--entryPoints.web.forwardedHeaders.trustedIPs=10.0.0.0/8", False),
    ],
)
def test_a_traefik_that_believes_everybody_is_warned_of(argument: str, warns: bool) -> None:
    notes = of(pod("t", "edge", ["10.0.0.9"], image="traefik:v3", args=[argument])).notes
    assert ("pod edge/t runs with forwardedHeaders.insecure" in notes) == warns
    assert "insecure" not in of(pod("t", "edge", ["10.0.0.9"], args=[argument])).notes


@pytest.mark.parametrize(
    ("annotations", "asked"),
    [
        ({"service.beta.kubernetes.io/aws-load-balancer-proxy-protocol": "*"}, True),
        ({"service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol": "true"}, True),
        ({"service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol": "false"}, False),
        ({}, False),
    ],
)
def test_balancers_that_send_proxy_headers_are_said(annotations: dict[str, str], asked: bool) -> None:
    found = of(service("web", "d", ["10.96.0.9"], "LoadBalancer", selector=SELECTOR, annotations=annotations))
    assert ("the balancer of Service d/web sends PROXY headers" in found.notes) == asked
    assert found.config.proxy_protocol == "off"
