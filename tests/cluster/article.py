"""The background article's cluster, as kubectl finds it: two nodes with their share of pods, and ingress-nginx."""

from typing import Any

Object = dict[str, Any]
NODES = {"192.168.0.11": "172.18.0.64/26", "192.168.0.17": "172.18.0.0/26"}
PROVIDER = "qcloud:///800002/ins-abc"
INGRESS_NGINX = {"app.kubernetes.io/component": "controller", "app.kubernetes.io/name": "ingress-nginx"}


def node(address: str, block: str, provider: str = PROVIDER) -> Object:
    """Return a node with its block of pod addresses."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": address},
        "spec": {"podCIDR": block, "podCIDRs": [block], "providerID": provider},
        "status": {"addresses": [{"type": "InternalIP", "address": address}]},
    }


def pod(name: str, namespace: str, labels: dict[str, str], image: str, address: str) -> Object:
    """Return a pod that runs, on the first node."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"nodeName": "192.168.0.11", "containers": [{"name": name, "image": image}]},
        "status": {"podIP": address, "podIPs": [{"ip": address}], "phase": "Running"},
    }


def slice_of(service: Object, address: str) -> Object:
    """Return the EndpointSlice of a Service with one pod."""
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-x", "namespace": namespace, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address]}],
        "ports": [{"port": 8080}],
    }


def ingress_class() -> Object:
    """Return the class `nginx`."""
    controller = {"controller": "k8s.io/ingress-nginx"}
    named = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}}
    return named | {"spec": controller}


def documents() -> list[Object]:
    """Return all of it, before anything of deploy/ is applied."""
    config = {"name": "ingress-nginx-controller", "namespace": "ingress-nginx"}
    return [
        *(node(address, block) for address, block in NODES.items()),
        pod("ingress-nginx-controller-x", "ingress-nginx", INGRESS_NGINX, "ingress-nginx/controller", "172.18.0.17"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": config, "data": {}},
        ingress_class(),
    ]
