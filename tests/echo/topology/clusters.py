"""
Clusters as kubectl writes them: the objects with the fields that matter, and those beside them that must not.

Each function returns the List that `kubectl get … -A -o json` prints. Secrets in them are marked SECRET: no test may
find the word in what is written.
"""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]
SECRET = "hunter2-SECRET"


def listed(*items: Json) -> Json:
    return {"apiVersion": "v1", "items": list(items), "kind": "List", "metadata": {"resourceVersion": ""}}


def meta(name: str, namespace: str = "", **more: Any) -> Json:
    found = {
        "creationTimestamp": "2026-01-07T08:15:30Z",
        "name": name,
        "resourceVersion": "4711",
        "uid": "0b96f111-2c3d-4e5f-8a9b-0123456789ab",
    }
    if namespace:
        found["namespace"] = namespace
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"password": SECRET})}
    return {**found, **more, "annotations": annotations | more.get("annotations", {})}


def node(
    name: str,
    internal: list[str],
    external: list[str] | None = None,
    cidrs: list[str] | None = None,
    provider: str = "",
    annotations: dict[str, str] | None = None,
) -> Json:
    spec: Json = {"taints": [{"effect": "NoSchedule", "key": "node-role.kubernetes.io/control-plane"}]}
    if cidrs:
        spec |= {"podCIDR": cidrs[0], "podCIDRs": cidrs}
    if provider:
        spec["providerID"] = provider
    addresses = [{"address": one, "type": "InternalIP"} for one in internal]
    addresses += [{"address": one, "type": "ExternalIP"} for one in external or []]
    addresses += [{"address": name, "type": "Hostname"}, {"address": f"{name}.internal", "type": "InternalDNS"}]
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta(name, labels={"kubernetes.io/hostname": name}, annotations=annotations or {}),
        "spec": spec,
        "status": {
            "addresses": addresses,
            "allocatable": {"cpu": "2", "memory": "3670016Ki", "pods": "61"},
            "conditions": [{"status": "True", "type": "Ready"}],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "8d0a3c7e-6f0b-4d8e-9c1f-2b3a4c5d6e7f",
                "containerRuntimeVersion": "containerd://1.7.24",
                "kernelVersion": "5.4.119-19-0009.11",
                "kubeProxyVersion": "v1.32.2",
                "kubeletVersion": "v1.32.2",
                "machineID": "0123456789abcdef0123456789abcdef",
                "operatingSystem": "linux",
                "osImage": "TencentOS Server 3.1",
                "systemUUID": "4c4c4544-0039-4a10-8051-b7c04f563432",
            },
        },
    }


def pod(
    name: str,
    namespace: str,
    ips: list[str],
    *,
    host: bool = False,
    owner: str = "",
    labels: dict[str, str] | None = None,
    image: str = "example.com:5000/team/app:1.2",
    command: list[str] | None = None,
    args: list[str] | None = None,
    phase: str = "Running",
) -> Json:
    container: Json = {
        "env": [{"name": "DB_PASSWORD", "value": SECRET}],
        "image": image,
        "name": "main",
        "ports": [{"containerPort": 80, "protocol": "TCP"}],
    }
    if command:
        container["command"] = command
    container["args"] = [*(args or []), f"--password={SECRET}"]
    spec: Json = {"containers": [container], "nodeName": "n", "restartPolicy": "Always"}
    if host:
        spec["hostNetwork"] = True
    more: Json = {"labels": labels or {}}
    if owner:
        more["ownerReferences"] = [
            {"apiVersion": "apps/v1", "controller": True, "kind": "DaemonSet", "name": owner, "uid": "1-2-3"}
        ]
    status = {"hostIP": ips[0] if host and ips else "192.0.2.1", "phase": phase}
    if ips:
        status |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, namespace, **more),
        "spec": spec,
        "status": status,
    }


def agent(owner: str, ips: list[str], namespace: str = "kube-system") -> list[Json]:
    """A DaemonSet's pods on the host network."""
    return [pod(f"{owner}-{n}", namespace, [ip], host=True, owner=owner) for n, ip in enumerate(ips)]


def service(
    name: str,
    namespace: str,
    cluster_ips: list[str],
    kind: str = "ClusterIP",
    policy: str | None = None,
    *,
    selector: dict[str, str] | None = None,
    balancers: list[Json] | None = None,
    annotations: dict[str, str] | None = None,
    external: list[str] | None = None,
) -> Json:
    spec: Json = {
        "clusterIP": cluster_ips[0],
        "clusterIPs": cluster_ips,
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ports": [{"name": "http", "nodePort": 32197, "port": 80, "protocol": "TCP", "targetPort": 80}],
        "type": kind,
    }
    if policy or kind != "ClusterIP":
        spec["externalTrafficPolicy"] = policy or "Cluster"
    if selector:
        spec["selector"] = selector
    if external:
        spec["externalIPs"] = external
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, namespace, annotations=annotations or {}),
        "spec": spec,
        "status": {"loadBalancer": {"ingress": balancers} if balancers else {}},
    }


def endpoints(service_name: str, namespace: str, ips: list[str], family: str = "IPv4") -> Json:
    return {
        "addressType": family,
        "apiVersion": "discovery.k8s.io/v1",
        "endpoints": [{"addresses": [ip], "conditions": {"ready": True}, "nodeName": "n"} for ip in ips],
        "kind": "EndpointSlice",
        "metadata": meta(
            f"{service_name}-{family.lower()}-x7k2p",
            namespace,
            labels={"kubernetes.io/service-name": service_name},
            annotations={},
        ),
        "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }


def ingress(
    name: str,
    namespace: str,
    backend: str,
    *,
    class_name: str = "",
    annotations: dict[str, str] | None = None,
    ips: list[str] | None = None,
) -> Json:
    spec: Json = {
        "rules": [
            {
                "host": "whoami.example.com",
                "http": {
                    "paths": [
                        {
                            "backend": {"service": {"name": backend, "port": {"number": 80}}},
                            "path": "/",
                            "pathType": "Prefix",
                        }
                    ]
                },
            }
        ]
    }
    if class_name:
        spec["ingressClassName"] = class_name
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": meta(name, namespace, annotations=annotations or {}),
        "spec": spec,
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]} if ips else {}},
    }


def config_map(name: str, namespace: str, data: dict[str, str]) -> Json:
    return {
        "apiVersion": "v1",
        "data": {**data, "password": SECRET},
        "kind": "ConfigMap",
        "metadata": meta(name, namespace),
    }


def ingress_class(name: str, controller: str) -> Json:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": meta(name),
        "spec": {"controller": controller},
    }


NGINX_LABELS = {
    "app.kubernetes.io/component": "controller",
    "app.kubernetes.io/instance": "ingress-nginx",
    "app.kubernetes.io/name": "ingress-nginx",
}
NGINX_ARGS = [
    "/nginx-ingress-controller",
    "--controller-class=k8s.io/ingress-nginx",
    "--configmap=$(POD_NAMESPACE)/ingress-nginx-controller",
]
NGINX_IMAGE = f"registry.k8s.io/ingress-nginx/controller:v1.11.3@sha256:{'0123456789abcdef' * 4}"
KUBEADM = """apiServer: {}
kind: ClusterConfiguration
networking:
  dnsDomain: cluster.local
  podSubnet: %s
  serviceSubnet: %s
"""


def tke(*, direct: bool = True, policy: str = "Cluster", nginx: dict[str, str] | None = None) -> Json:
    """The article's: GlobalRouter with VPC-CNI beside it, ingress-nginx with an address of the VPC."""
    nodes = ["192.168.0.11", "192.168.0.17"]
    return listed(
        node("192.168.0.11", nodes[:1], ["198.51.100.111"], ["172.18.0.64/26"], "qcloud:///800003/ins-aaaa1111"),
        node("192.168.0.17", nodes[1:], ["198.51.100.117"], ["172.18.0.0/26"], "qcloud:///800003/ins-bbbb2222"),
        *agent("tke-bridge-agent", nodes),
        *agent("tke-cni-agent", nodes),
        *agent("tke-eni-agent", nodes),
        *agent("kube-proxy", nodes),
        pod("coredns-1", "kube-system", ["172.18.0.2"]),
        pod("nginx-56745866db-hcc55", "service", ["172.18.0.80"], labels={"k8s-app": "nginx"}, image="nginx:latest"),
        pod("whofrom-0", "service", ["172.18.0.81"], labels={"k8s-app": "whofrom"}, image="example.com/x/whofrom:1"),
        pod("nginx-eni-0", "service", ["192.168.253.9"], labels={"k8s-app": "nginx-eni"}),
        pod("job-1", "service", ["172.18.0.83"], phase="Succeeded"),
        pod("ingress-nginx-controller-0", "ingress-nginx", ["192.168.253.10"], labels=NGINX_LABELS,
            image=NGINX_IMAGE, args=NGINX_ARGS),
        service("kubernetes", "default", ["172.18.240.1"]),
        service("nginx", "service", ["172.18.251.84"], "LoadBalancer", selector={"k8s-app": "nginx"},
                balancers=[{"ip": "198.51.100.20"}], annotations={"service.cloud.tencent.com/direct-access": "false"}),
        service("whofrom", "service", ["172.18.250.7"], selector={"k8s-app": "whofrom"}),
        service("ingress-nginx-controller", "ingress-nginx", ["172.18.253.247"], "LoadBalancer", policy,
                balancers=[{"ip": "198.51.100.10"}], selector=NGINX_LABELS,
                annotations={"service.cloud.tencent.com/direct-access": "true"} if direct else {}),
        endpoints("nginx", "service", ["172.18.0.80"]),
        endpoints("ingress-nginx-controller", "ingress-nginx", ["192.168.253.10"]),
        ingress("whofrom", "service", "whofrom", class_name="nginx"),
        ingress_class("nginx", "k8s.io/ingress-nginx"),
        config_map("ingress-nginx-controller", "ingress-nginx", nginx or {}),
    )  # fmt: skip


def kind() -> Json:
    """kind: kubeadm, kindnet, ingress-nginx by host port."""
    nodes = ["172.19.0.2", "172.19.0.3"]
    control = ["kube-controller-manager", "--cluster-cidr=10.244.0.0/16", "--service-cluster-ip-range=10.96.0.0/16"]
    return listed(
        node("kind-control-plane", nodes[:1], None, ["10.244.0.0/24"], "kind://docker/kind/kind-control-plane"),
        node("kind-worker", nodes[1:], None, ["10.244.1.0/24"], "kind://docker/kind/kind-worker"),
        *agent("kindnet", nodes),
        pod("kube-controller-manager-kind-control-plane", "kube-system", nodes[:1], host=True, command=control),
        pod("kube-apiserver-kind-control-plane", "kube-system", nodes[:1], host=True,
            command=["kube-apiserver", "--service-cluster-ip-range", "10.96.0.0/16"]),
        pod("coredns-1", "kube-system", ["10.244.0.3"]),
        pod("ingress-nginx-controller-0", "ingress-nginx", ["10.244.0.5"], labels=NGINX_LABELS, image=NGINX_IMAGE,
            args=NGINX_ARGS),
        pod("ingress-nginx-admission-create-1", "ingress-nginx", ["10.244.0.6"],
            labels=NGINX_LABELS | {"app.kubernetes.io/component": "admission-webhook"}),
        service("kubernetes", "default", ["10.96.0.1"]),
        service("ingress-nginx-controller", "ingress-nginx", ["10.96.31.8"], "NodePort", selector=NGINX_LABELS),
        endpoints("ingress-nginx-controller", "ingress-nginx", ["10.244.0.5"]),
        ingress("whoami", "default", "whoami", class_name="nginx"),
        ingress_class("nginx", "k8s.io/ingress-nginx"),
        config_map("kubeadm-config", "kube-system", {
            "ClusterConfiguration": KUBEADM % ("10.244.0.0/16", "10.96.0.0/16"),
        }),
        config_map("ingress-nginx-controller", "ingress-nginx", {"use-forwarded-headers": "true"}),
    )  # fmt: skip


def k3s() -> Json:
    """k3s: flannel inside, ServiceLB, Traefik."""
    notes = {"flannel.alpha.coreos.com/backend-type": "vxlan", "flannel.alpha.coreos.com/public-ip": "192.0.2.10"}
    traefik = {"app.kubernetes.io/instance": "traefik-kube-system", "app.kubernetes.io/name": "traefik"}
    svclb = {"app": "svclb-traefik-0f3d2f4e", "svccontroller.k3s.cattle.io/svcname": "traefik"}
    return listed(
        node("k3s-1", ["192.0.2.10"], None, ["10.42.0.0/24"], "k3s://k3s-1", notes),
        pod("svclb-traefik-0f3d2f4e-7m2vd", "kube-system", ["10.42.0.7"], labels=svclb, owner="svclb-traefik-0f3d2f4e",
            image="rancher/klipper-lb:v0.4.9"),
        pod("traefik-5d45fc8cc9-h8vmt", "kube-system", ["10.42.0.8"], labels=traefik,
            image="rancher/mirrored-library-traefik:2.11.20"),
        pod("whoami-1", "default", ["10.42.0.9"], labels={"app": "whoami"}, image="traefik/whoami:v1.11"),
        service("kubernetes", "default", ["10.43.0.1"]),
        service("kube-dns", "kube-system", ["10.43.0.10"]),
        service("traefik", "kube-system", ["10.43.181.12"], "LoadBalancer", selector=traefik,
                balancers=[{"ip": "192.0.2.10", "ipMode": "VIP"}]),
        endpoints("traefik", "kube-system", ["10.42.0.8"]),
        ingress("whoami", "default", "whoami", class_name="traefik"),
        ingress_class("traefik", "traefik.io/ingress-controller"),
        config_map("kube-root-ca.crt", "default", {"ca.crt": "-----BEGIN CERTIFICATE-----"}),
    )  # fmt: skip


def gke() -> Json:
    """GKE: Google's L7 balancer, one Service with network endpoint groups and one by the nodes' ports."""
    nodes = ["10.128.0.5", "10.128.0.6"]
    return listed(
        node("gke-a", nodes[:1], ["203.0.113.5"], ["10.4.0.0/24"], "gce://project/us-central1-a/gke-a"),
        node("gke-b", nodes[1:], ["203.0.113.6"], ["10.4.1.0/24"], "gce://project/us-central1-a/gke-b"),
        pod("web-1", "default", ["10.4.0.9"], labels={"app": "web"}),
        pod("old-1", "default", ["10.4.1.7"], labels={"app": "old"}),
        service("kubernetes", "default", ["34.118.224.1"]),
        service("web", "default", ["34.118.230.9"], selector={"app": "web"},
                annotations={"cloud.google.com/neg": '{"ingress":true}'}),
        service("old", "default", ["34.118.231.2"], "NodePort", selector={"app": "old"}),
        endpoints("web", "default", ["10.4.0.9"]),
        endpoints("old", "default", ["10.4.1.7"]),
        ingress("web", "default", "web", ips=["198.51.100.77"]),
        ingress("old", "default", "old", annotations={"kubernetes.io/ingress.class": "gce"}, ips=["198.51.100.78"]),
        config_map("x", "default", {}),
    )  # fmt: skip


def eks() -> Json:
    """EKS: pods with addresses of the VPC, an NLB with IP targets, an ALB."""
    nodes = ["10.0.1.10", "10.0.2.20"]
    hostname = [{"hostname": "k8s-web-0123456789.elb.eu-west-1.amazonaws.com"}]
    return listed(
        node("ip-10-0-1-10", nodes[:1], None, None, "aws:///eu-west-1a/i-0123456789abcdef0"),
        node("ip-10-0-2-20", nodes[1:], None, None, "aws:///eu-west-1b/i-0123456789abcdef1"),
        *agent("aws-node", nodes),
        *agent("kube-proxy", nodes),
        pod("web-1", "default", ["10.0.1.77"], labels={"app": "web"}),
        pod("web-2", "default", ["10.0.2.88"], labels={"app": "web"}),
        service("kubernetes", "default", ["172.20.0.1"]),
        service("web", "default", ["172.20.41.2"], "LoadBalancer", selector={"app": "web"}, balancers=hostname,
                annotations={"service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
                             "service.beta.kubernetes.io/aws-load-balancer-proxy-protocol": "*"}),
        endpoints("web", "default", ["10.0.1.77", "10.0.2.88"]),
        ingress("web", "default", "web", class_name="alb", annotations={"alb.ingress.kubernetes.io/target-type": "ip"}),
        ingress_class("alb", "ingress.k8s.aws/alb"),
        config_map("x", "default", {}),
    )  # fmt: skip


def dual_stack() -> Json:
    """IPv4 and IPv6, Calico's overlay off, flannel."""
    nodes = ["192.0.2.4", "192.0.2.5"]
    return listed(
        node("a", [nodes[0], "2001:db8::4"], None, ["10.244.0.0/24", "fd00:10:244::/64"]),
        node("b", [nodes[1], "2001:db8::5"], None, ["10.244.1.0/24", "fd00:10:244:1::/64"]),
        *agent("kube-flannel-ds", nodes, "kube-flannel"),
        pod("web-1", "default", ["10.244.1.3", "fd00:10:244:1::3"], labels={"app": "web"}),
        service("kubernetes", "default", ["10.96.0.1"]),
        service("web", "default", ["10.96.7.7", "fd00:10:96::7b1"], "LoadBalancer", "Local", selector={"app": "web"},
                balancers=[{"ip": "198.51.100.9"}, {"ip": "2001:db8:5::9"}]),
        endpoints("web", "default", ["10.244.1.3"]),
        endpoints("web", "default", ["fd00:10:244:1::3"], "IPv6"),
        ingress("web", "default", "web"),
        config_map("x", "default", {}),
    )  # fmt: skip


def calico() -> Json:
    """Calico with its own addresses: the nodes' blocks are handed out and not used."""
    nodes = ["192.0.2.4", "192.0.2.5"]
    tunnels = [{"projectcalico.org/IPv4VXLANTunnelAddr": ip} for ip in ("192.168.25.64", "192.168.183.64")]
    return listed(
        node("a", nodes[:1], None, ["10.10.0.0/24"], "", tunnels[0]),
        node("b", nodes[1:], None, ["10.10.1.0/24"], "", tunnels[1]),
        *agent("calico-node", nodes, "calico-system"),
        pod("web-1", "default", ["192.168.25.70"], labels={"app": "web"}),
        pod("web-2", "default", ["192.168.183.67"], labels={"app": "web"}),
        service("kubernetes", "default", ["10.96.0.1"]),
    )


CLUSTERS = {
    "tke": tke,
    "kind": kind,
    "k3s": k3s,
    "gke": gke,
    "eks": eks,
    "dual_stack": dual_stack,
    "calico": calico,
}
