"""
What is known of the programs and clouds that shape a cluster's network. Tables; `rules` and `trust` read them.

A CNI's agent is known by the name of its DaemonSet, a cloud by the scheme of spec.providerID, an ingress controller by
a label or by its image's name, without registry and tag.
"""

import re
from typing import NamedTuple

BLOCKS, OWN, VPC = "blocks", "own", "vpc"
# where a CNI takes pods' addresses from
ADDRESSES = {
    BLOCKS: "of the node's spec.podCIDRs",
    OWN: "of ranges of its own",
    VPC: "of the VPC",
}


class Cni(NamedTuple):
    """
    agents     names of its DaemonSets
    addresses  of pods, a key of ADDRESSES
    first      whether the node itself holds the first address of its block, towards its own pods
    why        what holds it, or what pods see instead
    ask        what says under which address among the pods' a node speaks, where the API does not; else ""
    """

    name: str
    agents: tuple[str, ...]
    addresses: str
    first: bool
    why: str
    ask: str = ""


CNIS = (
    Cni("TKE's GlobalRouter", ("tke-bridge-agent",), BLOCKS, True, "cbr0 holds it"),
    Cni("TKE's VPC-CNI", ("tke-eni-agent",), VPC, False, "a pod sees its own node by the node's own address"),
    Cni("flannel", ("kube-flannel-ds", "kube-flannel", "canal"), BLOCKS, True,
        "cni0 holds it, and flannel.1 the one before it"),
    Cni("kindnet", ("kindnet",), BLOCKS, True, "the node's end of each pod's veth holds it"),
    Cni("kube-router", ("kube-router",), BLOCKS, True, "kube-bridge holds it"),
    Cni("Antrea", ("antrea-agent",), BLOCKS, True, "antrea-gw0 holds it"),
    Cni("Cilium", ("cilium", "anetd"), OWN, False, "cilium_host holds another",
        "kubectl get ciliumnodes -o yaml"),
    Cni("Calico", ("calico-node",), OWN, False, "a pod sees its own node by the node's or its tunnel's address"),
    Cni("Weave Net", ("weave-net",), OWN, False, "the bridge weave holds another",
        "ip addr show weave"),
    Cni("OVN-Kubernetes", ("ovnkube-node",), OWN, False, "ovn-k8s-mp0 holds another",
        "ip addr show ovn-k8s-mp0"),
    Cni("AWS's VPC CNI", ("aws-node",), VPC, False, "a pod sees its own node by the node's own address"),
    Cni("Azure CNI", ("azure-cns", "azure-ipam"), VPC, False, "a pod sees its own node by the node's own address"),
    Cni("Terway", ("terway", "terway-eniip"), VPC, False, "a pod sees its own node by the node's own address"),
)  # fmt: skip
# k3s runs flannel in itself, without a DaemonSet: its nodes carry this annotation
FLANNEL_ANNOTATION = "flannel.alpha.coreos.com/backend-type"
# annotations of a node that hold an address of its own in the pods' network
TUNNEL_ANNOTATIONS = (
    "projectcalico.org/IPv4IPIPTunnelAddr",
    "projectcalico.org/IPv4VXLANTunnelAddr",
    "projectcalico.org/IPv6VXLANTunnelAddr",
    "projectcalico.org/IPv4WireguardInterfaceAddr",
    "projectcalico.org/IPv6WireguardInterfaceAddr",
    "network.cilium.io/ipv4-cilium-host",
    "network.cilium.io/ipv6-cilium-host",
    "io.cilium.network.ipv4-cilium-host",
    "io.cilium.network.ipv6-cilium-host",
)


class Cloud(NamedTuple):
    """
    ranges   that its balancers speak from, wherever the cluster is
    writes   whether what speaks from them writes X-Forwarded-For
    appends  whether it writes its own address behind the client's, so that the walk meets that one first
    source   who says so
    add      what else they speak from, which kubectl does not know
    classes  of Ingresses that its L7 balancer serves; "" for those without a class
    """

    name: str
    ranges: tuple[str, ...]
    writes: bool
    appends: bool
    source: str
    add: str
    classes: tuple[str, ...]


# scheme of spec.providerID -> the cloud
CLOUDS = {
    "qcloud": Cloud(
        "Tencent Cloud",
        ("100.64.0.0/10",),
        True,
        False,
        "what CLBs speak from, L7 listeners and health checks",
        "an L7 CLB may also speak from an address of the VPC, or pass the client's own through",
        ("qcloud", ""),
    ),
    "gce": Cloud(
        "Google Cloud",
        ("130.211.0.0/22", "35.191.0.0/16"),
        True,
        True,
        "Google Front Ends, external Application Load Balancers and health checks",
        "regional and internal ones speak from the VPC's proxy-only subnet, which kubectl does not know",
        ("gce", "gce-internal", ""),
    ),
    "aws": Cloud(
        "AWS",
        (),
        False,
        False,
        "",
        "balancers speak from the subnets they stand in: aws ec2 describe-subnets --query Subnets[].CidrBlock",
        ("alb", "ingress.k8s.aws/alb"),
    ),
    "azure": Cloud(
        "Azure",
        ("168.63.129.16",),
        False,
        False,
        "health probes of Azure's balancer, which passes clients through",
        "an Application Gateway speaks from its own subnet, which kubectl does not know",
        ("azure-application-gateway", "azure/application-gateway"),
    ),
}

# annotation of a Service -> value with which its balancer reaches the pods past kube-proxy, and whose it is
DIRECT_SERVICES = {
    "service.cloud.tencent.com/direct-access": ("true", "a CLB that reaches pods"),
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": (
        "ip",
        "an NLB with IP targets, which keeps the client's address only with preserve_client_ip.enabled=true",
    ),
    "service.beta.kubernetes.io/aws-load-balancer-type": (
        "nlb-ip",
        "an NLB with IP targets, which keeps the client's address only with preserve_client_ip.enabled=true",
    ),
    "service.beta.kubernetes.io/backend-type": ("eni", "Alibaba's balancer that reaches pods"),
}
# annotation of an Ingress -> the same
DIRECT_INGRESSES = {
    "ingress.cloud.tencent.com/direct-access": "true",
    "alb.ingress.kubernetes.io/target-type": "ip",
}
# annotation of a Service whose JSON says that Google's L7 balancers reach its pods: network endpoint groups
NEG_ANNOTATION = "cloud.google.com/neg"
# annotation of a Service -> value with which its balancer sends a PROXY header; "" for any
PROXY_SERVICES = {
    "service.beta.kubernetes.io/aws-load-balancer-proxy-protocol": "",
    "service.beta.kubernetes.io/do-loadbalancer-enable-proxy-protocol": "true",
    "load-balancer.hetzner.cloud/uses-proxyprotocol": "true",
    "loadbalancer.openstack.org/proxy-protocol": "true",
}
INGRESS_CLASS_ANNOTATION = "kubernetes.io/ingress.class"


class Controller(NamedTuple):
    """
    labels  of its pods that proxy, any of which tells; components in Controller.only, if it is not empty
    images  names of its image
    only    values of app.kubernetes.io/component of the pods that proxy, where others carry the same label
    """

    name: str
    labels: tuple[tuple[str, str], ...]
    images: tuple[str, ...]
    only: tuple[str, ...] = ()


NAME_LABEL, COMPONENT_LABEL = "app.kubernetes.io/name", "app.kubernetes.io/component"
CONTROLLERS = (
    Controller(
        "ingress-nginx",
        ((NAME_LABEL, "ingress-nginx"),),
        ("ingress-nginx/controller", "nginx-ingress-controller"),
        ("controller",),
    ),
    Controller("NGINX Ingress Controller", ((NAME_LABEL, "nginx-ingress"),), ("nginx/nginx-ingress",)),
    Controller(
        "Traefik",
        ((NAME_LABEL, "traefik"),),
        ("library/traefik", "traefik/traefik", "mirrored-library-traefik"),
    ),
    Controller(
        "HAProxy",
        ((NAME_LABEL, "haproxy-ingress"), (NAME_LABEL, "kubernetes-ingress")),
        ("haproxytech/kubernetes-ingress", "haproxy-ingress"),
    ),
    Controller("Contour", ((NAME_LABEL, "contour"),), (), ("envoy",)),
    Controller("Envoy Gateway", (("app.kubernetes.io/managed-by", "envoy-gateway"),), (), ("proxy",)),
    Controller("Istio", (("istio", "ingressgateway"),), ()),
    Controller("Kong", ((NAME_LABEL, "kong"),), ("kong/kong-gateway", "library/kong"), ("app", "proxy")),
    Controller("APISIX", ((NAME_LABEL, "apisix"),), ("apache/apisix",)),
    Controller("Caddy", ((NAME_LABEL, "caddy-ingress-controller"),), ("caddy/ingress",)),
)  # fmt: skip
INGRESS_NGINX = CONTROLLERS[0].name
# names that ingress-nginx's ConfigMap goes by where its flag does not say
CONFIG_MAP_NAMES = ("ingress-nginx-controller", "nginx-ingress-controller", "nginx-configuration", "nginx-config")

# labels of k3s's ServiceLB: newer, and older with its value's beginning
SERVICE_LB_LABEL = "svccontroller.k3s.cattle.io/svcname"
SERVICE_LB_PREFIX = "svclb-"

# images of ours, and of the one we stand in for: the pods whose way is asked about
OURS = ("whofrom", "whoami")

# of ingress controllers' command lines, in lower case: with it the controller believes everybody's headers
BELIEVING_FLAG = re.compile(r"--entrypoints\.[a-z0-9_-]{1,64}\.forwardedheaders\.insecure(?:=true)?")  # Traefik

# flags that are read from containers' command lines; no other argument is kept
FLAGS = (
    "--service-cluster-ip-range",  # kube-apiserver, kube-controller-manager
    "--cluster-cidr",  # kube-controller-manager, kube-proxy
    "--configmap",  # ingress-nginx
    "--controller-class",  # ingress-nginx
)
