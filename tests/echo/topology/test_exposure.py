"""[[network.service]] and [network.ingress_nginx], rule by rule."""

from __future__ import annotations

from typing import Any

import pytest

from echo.clientip.network import MAX_SERVICES
from tests.echo.topology.clusters import (
    NGINX_ARGS,
    NGINX_IMAGE,
    NGINX_LABELS,
    SECRET,
    Json,
    config_map,
    endpoints,
    ingress,
    node,
    pod,
    service,
)
from tests.echo.topology.written import of

SELECTOR = {"app": "web"}
WEB = pod("web", "d", ["10.0.0.9"], labels=SELECTOR | {"more": "labels"})
TKE_NODE = node("a", ["192.0.2.4"], None, None, "qcloud:///1/ins-1")
TKE = "service.cloud.tencent.com/direct-access"
NLB = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
NEG = "cloud.google.com/neg"

POLICIES = [
    # type, externalTrafficPolicy, annotations, policy; None where it is not told
    ("LoadBalancer", "Cluster", {}, "Cluster"),
    ("LoadBalancer", "Local", {}, "Local"),
    ("LoadBalancer", "local", {}, "Cluster"),
    ("LoadBalancer", None, {}, "Cluster"),
    ("NodePort", "Local", {}, "Local"),
    ("ClusterIP", None, {}, None),
    ("ExternalName", None, {}, None),
    ("LoadBalancer", "Cluster", {TKE: "true"}, "Direct"),
    ("LoadBalancer", "Local", {TKE: "true"}, "Direct"),
    ("LoadBalancer", "Local", {TKE: "false"}, "Local"),
    ("NodePort", "Cluster", {TKE: "true"}, "Cluster"),
    ("LoadBalancer", "Cluster", {NLB: "ip"}, "Direct"),
    ("LoadBalancer", "Cluster", {NLB: "instance"}, "Cluster"),
    ("LoadBalancer", "Cluster", {"service.beta.kubernetes.io/aws-load-balancer-type": "nlb-ip"}, "Direct"),
    ("LoadBalancer", "Cluster", {"service.beta.kubernetes.io/backend-type": "eni"}, "Direct"),
    ("NodePort", "Cluster", {NEG: '{"ingress": true}'}, "Direct"),
    ("NodePort", "Cluster", {NEG: '{"exposed_ports": {"80": {}}}'}, "Direct"),
    ("NodePort", "Cluster", {NEG: '{"ingress": false}'}, "Cluster"),
    ("NodePort", "Cluster", {NEG: '{"ingress": "yes"}'}, "Cluster"),
    ("NodePort", "Cluster", {NEG: "{" * 5000}, "Cluster"),
    ("NodePort", "Cluster", {NEG: "[" * 4000}, "Cluster"),
    ("LoadBalancer", "Cluster", {NEG: '{"ingress": true}'}, "Cluster"),
]


@pytest.mark.parametrize(("kind", "literal", "annotations", "policy"), POLICIES)
def test_policies(kind: str, literal: str | None, annotations: dict[str, str], policy: str | None) -> None:
    found = of(WEB, service("web", "d", ["10.96.0.9"], kind, literal, selector=SELECTOR, annotations=annotations))
    told = [one["policy"] for one in found.network.get("service", [])]
    assert told == ([policy] if policy else [])


ENDPOINTS = [
    ("by the selector", [WEB], ["10.0.0.9"]),
    ("by slices, which go first", [WEB, endpoints("web", "d", ["10.0.0.7", "10.0.0.8"])], ["10.0.0.7", "10.0.0.8"]),
    ("by slices of both IP versions", [endpoints("web", "d", ["10.0.0.7"]), endpoints("web", "d", ["fd00::7"], "IPv6")],
     ["10.0.0.7", "fd00::7"]),
    ("not by another namespace's", [endpoints("web", "e", ["10.0.0.7"]), WEB], ["10.0.0.9"]),
    ("not by names of hosts", [endpoints("web", "d", ["example.com"], "FQDN"), WEB], ["10.0.0.9"]),
    ("not by pods of another namespace", [pod("web", "e", ["10.0.0.9"], labels=SELECTOR)], None),
    ("not by half the selector", [pod("web", "d", ["10.0.0.9"], labels={"more": "labels"})], None),
    ("a slice without pods says there are none", [WEB, endpoints("web", "d", [])], None),
]  # fmt: skip


@pytest.mark.parametrize(("what", "objects", "expected"), ENDPOINTS, ids=[row[0] for row in ENDPOINTS])
def test_endpoints(what: str, objects: list[Json], expected: list[str] | None) -> None:
    found = of(service("web", "d", ["10.96.0.9"], "NodePort", selector=SELECTOR), *objects)
    assert [one["endpoints"] for one in found.network.get("service", [])] == ([expected] if expected else []), what
    assert ("no pods behind Service d/web: left out" in found.notes) == (expected is None)


def test_a_service_without_a_selector_is_not_everybodys() -> None:
    assert "service" not in of(WEB, service("web", "d", ["10.96.0.9"], "NodePort")).network


def test_addresses_are_where_clients_connect_to() -> None:
    found = of(
        WEB,
        service("web", "d", ["10.96.0.9", "fd00::9"], "LoadBalancer", selector=SELECTOR,
                balancers=[{"ip": "198.51.100.4"}, {"hostname": "x.example.com"}],
                external=["203.0.113.9", "198.51.100.4"]),
    )  # fmt: skip
    assert found.network["service"][0]["addresses"] == ["198.51.100.4", "203.0.113.9", "10.96.0.9", "fd00::9"]
    assert '"198.51.100.4",  # the balancer\'s, where clients connect to' in found.text


def test_external_addresses_make_a_cluster_ip_reachable() -> None:
    found = of(WEB, service("web", "d", ["10.96.0.9"], selector=SELECTOR, external=["203.0.113.9"]))
    assert found.network["service"][0]["policy"] == "Cluster"


def test_a_service_behind_the_clouds_direct_ingress_is_told() -> None:
    direct = {"ingress.cloud.tencent.com/direct-access": "true", "kubernetes.io/ingress.class": "qcloud"}
    found = of(
        TKE_NODE,
        WEB,
        service("web", "d", ["10.96.0.9"], selector=SELECTOR),
        ingress("i", "d", "web", annotations=direct),
    )
    assert found.network["service"][0]["policy"] == "Direct"
    assert "by Ingress d/i, whose balancer reaches pods" in found.text


def test_balancers_services_stand_first_and_the_rest_is_counted() -> None:
    many = [service(f"n{n}", "d", [f"10.96.{n >> 8}.{n & 255}"], "NodePort", selector=SELECTOR) for n in range(1100)]
    found = of(WEB, *many, service("lb", "d", ["10.97.0.1"], "LoadBalancer", selector=SELECTOR))
    assert len(found.network["service"]) == MAX_SERVICES
    assert found.network["service"][0]["name"] == "d/lb"
    assert "1,101 Services let requests in, and whofrom.toml may hold 1000" in found.notes


def nginx(*more: Json, args: list[str] | None = None, namespace: str = "edge") -> Any:
    controller = pod("c", namespace, ["10.0.0.5"], labels=NGINX_LABELS, image=NGINX_IMAGE, args=args or [])
    return of(controller, *more)


def test_the_config_map_is_the_one_that_the_flag_names() -> None:
    named = config_map("mine", "edge", {"use-proxy-protocol": "true"})
    usual = config_map("ingress-nginx-controller", "edge", {"enable-real-ip": "true"})
    far = config_map("mine", "other", {"enable-real-ip": "true"})
    assert nginx(usual, far, named, args=["--configmap=$(POD_NAMESPACE)/mine"]).network["ingress_nginx"] == {
        "use-proxy-protocol": "true"
    }
    assert nginx(usual, far, named, args=["--configmap", "edge/mine"]).network["ingress_nginx"] == {
        "use-proxy-protocol": "true"
    }
    assert nginx(usual, far, named).network["ingress_nginx"] == {"enable-real-ip": "true"}
    assert "ingress_nginx" not in nginx(far).network
    assert "ingress_nginx" not in of(usual).network


VALUES = [
    ("use-forwarded-headers", "true", "true"),
    ("use-forwarded-headers", "True", "true"),
    ("use-forwarded-headers", "1", "true"),
    ("use-forwarded-headers", "false", "false"),
    ("use-forwarded-headers", SECRET, None),
    ("proxy-real-ip-cidr", "10.0.0.0/8, 2001:db8::/32", "10.0.0.0/8, 2001:db8::/32"),
    ("proxy-real-ip-cidr", "0.0.0.0/0", "0.0.0.0/0"),
    ("proxy-real-ip-cidr", SECRET, None),
    ("forwarded-for-header", "CF-Connecting-IP", "CF-Connecting-IP"),
    ("forwarded-for-header", 'X"\n[trust]', None),
    ("compute-full-forwarded-for", "true", "true"),
    ("enable-real-ip", "true", "true"),
    ("use-proxy-protocol", "true", "true"),
    ("ssl-ciphers", "true", None),
]


@pytest.mark.parametrize(("key", "value", "expected"), VALUES)
def test_values_of_the_config_map(key: str, value: str, expected: str | None) -> None:
    found = nginx(config_map("ingress-nginx-controller", "edge", {key: value}))
    assert found.network["ingress_nginx"] == ({key: expected} if expected else {})
    assert SECRET not in found.text + found.notes
    assert (f"{key} holds no value of that key" in found.notes) == (expected is None and key != "ssl-ciphers")


OVER_TRUSTING = [
    ({"use-forwarded-headers": "true"}, True),
    ({"enable-real-ip": "true"}, True),
    ({"use-forwarded-headers": "true", "proxy-real-ip-cidr": "0.0.0.0/0"}, True),
    ({"use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.0.0.0/8,::/0"}, True),
    ({"use-forwarded-headers": "true", "proxy-real-ip-cidr": "100.64.0.0/10"}, False),
    ({"use-forwarded-headers": "false"}, False),
    ({"compute-full-forwarded-for": "true"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("data", "warns"), OVER_TRUSTING)
def test_an_nginx_that_believes_everybody_is_warned_of(data: dict[str, str], warns: bool) -> None:
    notes = nginx(config_map("ingress-nginx-controller", "edge", data)).notes
    assert ("edge/ingress-nginx-controller has nginx believe everybody's X-Forwarded-For" in notes) == warns


def test_two_controllers_that_differ_are_said() -> None:
    other = pod("c2", "other", ["10.0.0.6"], labels=NGINX_LABELS, args=NGINX_ARGS)
    found = nginx(
        other,
        config_map("ingress-nginx-controller", "edge", {"enable-real-ip": "false"}),
        config_map("ingress-nginx-controller", "other", {"enable-real-ip": "true"}),
    )
    assert found.network["ingress_nginx"] == {"enable-real-ip": "false"}
    assert "ConfigMap other/ingress-nginx-controller of ingress-nginx says otherwise than edge/ingress" in found.notes
