"""Whole clusters: everything that is written of each."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

from echo.clientip import parse_config
from tests.echo.topology import clusters
from tests.echo.topology.written import of, written

# cluster -> what tomllib reads of the TOML
EXPECTED: dict[str, dict[str, Any]] = {
    "tke": {
        "network": {
            "nodes": ["192.168.0.11", "192.168.0.17"],
            "node_external": ["198.51.100.111", "198.51.100.117"],
            "pods": ["172.18.0.0/25"],
            "node_pod_prefix": 26,
            "vpc_pods": ["192.168.253.9", "192.168.253.10"],
            "services": ["172.18.240.0/20"],
            "load_balancers": ["100.64.0.0/10"],
            "ingress": ["192.168.253.10"],
            "service": [
                {
                    "name": "service/nginx",
                    "policy": "Cluster",
                    "endpoints": ["172.18.0.80"],
                    "addresses": ["198.51.100.20", "172.18.251.84"],
                },
                {
                    "name": "ingress-nginx/ingress-nginx-controller",
                    "policy": "Direct",
                    "endpoints": ["ingress"],
                    "addresses": ["198.51.100.10", "172.18.253.247"],
                },
            ],
            "ingress_nginx": {},
        },
        "trust": {"strategy": "rightmost-untrusted", "headers": ["X-Forwarded-For"], "ranges": ["ingress"]},
    },
    "kind": {
        "network": {
            "nodes": ["172.19.0.2", "172.19.0.3"],
            "pods": ["10.244.0.0/16"],
            "node_pod_prefix": 24,
            "services": ["10.96.0.0/16"],
            "ingress": ["10.244.0.5"],
            "service": [
                {
                    "name": "ingress-nginx/ingress-nginx-controller",
                    "policy": "Cluster",
                    "endpoints": ["ingress"],
                    "addresses": ["10.96.31.8"],
                }
            ],
            "ingress_nginx": {"use-forwarded-headers": "true"},
        },
        "trust": {"strategy": "rightmost-untrusted", "headers": ["X-Forwarded-For"], "ranges": ["ingress"]},
    },
    "k3s": {
        "network": {
            "nodes": ["192.0.2.10"],
            "pods": ["10.42.0.0/24"],
            "node_pod_prefix": 24,
            "services": ["10.43.0.0/16"],
            "ingress": ["10.42.0.8"],
            "service_lb": ["10.42.0.7"],
            "service": [
                {
                    "name": "kube-system/traefik",
                    "policy": "Cluster",
                    "endpoints": ["ingress"],
                    "addresses": ["192.0.2.10", "10.43.181.12"],
                }
            ],
        },
        "trust": {"strategy": "rightmost-untrusted", "headers": ["X-Forwarded-For"], "ranges": ["ingress"]},
    },
    "gke": {
        "network": {
            "nodes": ["10.128.0.5", "10.128.0.6"],
            "node_external": ["203.0.113.5", "203.0.113.6"],
            "pods": ["10.4.0.0/23"],
            "node_pod_prefix": 24,
            "bridges": ["10.4.0.1", "10.4.1.1"],
            "services": ["34.118.224.0/21"],
            "load_balancers": ["130.211.0.0/22", "35.191.0.0/16"],
            "service": [
                {
                    "name": "default/web",
                    "policy": "Direct",
                    "endpoints": ["10.4.0.9"],
                    "addresses": ["34.118.230.9"],
                },
                {
                    "name": "default/old",
                    "policy": "Cluster",
                    "endpoints": ["10.4.1.7"],
                    "addresses": ["34.118.231.2"],
                },
            ],
        },
        "trust": {
            "strategy": "rightmost-untrusted",
            "headers": ["X-Forwarded-For"],
            "ranges": ["load_balancers", "198.51.100.77", "198.51.100.78"],
        },
    },
    "eks": {
        "network": {
            "nodes": ["10.0.1.10", "10.0.2.20"],
            "vpc_pods": ["10.0.1.77", "10.0.2.88"],
            "services": ["172.20.0.0/18"],
            "service": [
                {
                    "name": "default/web",
                    "policy": "Direct",
                    "endpoints": ["10.0.1.77", "10.0.2.88"],
                    "addresses": ["172.20.41.2"],
                }
            ],
        },
        "trust": {"ranges": []},
    },
    "dual_stack": {
        "network": {
            "nodes": ["192.0.2.4", "192.0.2.5", "2001:db8::4", "2001:db8::5"],
            "pods": ["10.244.0.0/23", "fd00:10:244::/63"],
            "node_pod_prefix": 24,
            "bridges": ["fd00:10:244::1", "fd00:10:244:1::1"],
            "services": ["10.96.0.0/21", "fd00:10:96::7b1"],
            "service": [
                {
                    "name": "default/web",
                    "policy": "Local",
                    "endpoints": ["10.244.1.3", "fd00:10:244:1::3"],
                    "addresses": ["198.51.100.9", "2001:db8:5::9", "10.96.7.7", "fd00:10:96::7b1"],
                }
            ],
        },
        "trust": {"ranges": []},
    },
    "calico": {
        "network": {
            "nodes": ["192.0.2.4", "192.0.2.5"],
            "pods": ["192.168.0.0/16"],
            "bridges": ["192.168.25.64", "192.168.183.64"],
            "services": ["10.96.0.1"],
        },
        "trust": {"ranges": []},
    },
}


@pytest.mark.parametrize("name", clusters.CLUSTERS)
def test_the_api_could_hold_the_cluster(name: str) -> None:
    """No field is invented: the schemas of Kubernetes know all of them."""
    for item in clusters.CLUSTERS[name]()["items"]:
        kubernetes_validate.validate(item, kubernetes_validate.latest_version(), strict=True)


@pytest.mark.parametrize("name", clusters.CLUSTERS)
def test_what_is_written_of_a_cluster(name: str) -> None:
    found = written(clusters.CLUSTERS[name]())
    assert found.tables == EXPECTED[name]


@pytest.mark.parametrize("name", clusters.CLUSTERS)
def test_every_value_has_its_reason(name: str) -> None:
    """A comment above each key of [network], or behind each of its items; names of Services are the cluster's."""
    above = ""
    for line in written(clusters.CLUSTERS[name]()).text.splitlines():
        if line.startswith(
            ("nodes", "node_", "pods", "vpc", "services", "load", "ingress", "bridges", "policy", "endp")
        ):
            assert above.startswith("# "), line
        elif line.startswith('  "'):
            assert "  # " in line or above.startswith("  #"), line
        above = line


@pytest.mark.parametrize("name", clusters.CLUSTERS)
def test_secrets_stay_where_they_are(name: str) -> None:
    found = written(clusters.CLUSTERS[name]())
    assert clusters.SECRET in str(clusters.CLUSTERS[name]())
    assert clusters.SECRET not in found.text + found.notes


@pytest.mark.parametrize("name", clusters.CLUSTERS)
def test_lines_fit_a_page(name: str) -> None:
    assert max(map(len, written(clusters.CLUSTERS[name]()).text.splitlines())) <= 120


def test_an_empty_cluster_has_a_table_of_each_kind_and_nothing_in_it() -> None:
    """Nothing usable ends the command (test_command); what would be written parses all the same."""
    found = of()
    assert found.tables == {"network": {}, "trust": {"ranges": []}}


def test_what_is_missing_is_said_with_its_price_and_the_command() -> None:
    lines = of(clusters.node("a", ["192.0.2.4"])).notes.splitlines()
    assert [line.split(" ")[1] for line in lines] == ["Pod", "Service", "Ingress", "EndpointSlice", "ConfigMap"]
    assert lines[1] == (
        "no Service in the input, so not known: the range of ClusterIPs, and how Services pass requests on; "
        "kubectl get svc -A -o json brings them"
    )


def test_an_empty_list_of_a_kind_is_not_missing() -> None:
    document = {"kind": "IngressList", "apiVersion": "networking.k8s.io/v1", "items": []}
    assert "no Ingress" not in of(document).notes
    assert "no Pod" in of(document).notes


def test_names_are_quoted_and_cut() -> None:
    name = 'a"]\n[trust]\nranges=["0.0.0.0/0"]\x1b[31m' + "x" * 999
    found = of(
        clusters.node("n", ["192.0.2.4"]),
        clusters.pod(name, name, ["10.0.0.9"], labels={"app.kubernetes.io/name": "traefik"}),
        clusters.service(name, name, ["10.1.0.9"], "LoadBalancer", balancers=[{"ip": "198.51.100.4"}]),
        clusters.endpoints(name, name, ["10.0.0.9"]),
    )
    assert found.trusted == ["ingress"]
    assert all(line.isprintable() for line in found.text.splitlines())
    assert len(found.network["service"][0]["name"]) < 330
    assert parse_config(found.text, "").network["ingress"].texts == ("10.0.0.9",)
