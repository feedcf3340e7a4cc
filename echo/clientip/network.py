"""
What the table [network] may say: what addresses mean, and how Services and ingress-nginx pass requests on.

    [[network.service]]
    name = "ingress-nginx/ingress-nginx-controller"
    policy = "Cluster"
    endpoints = ["ingress"]
    addresses = ["198.51.100.10", "172.18.253.247"]
    [network.ingress_nginx]
    use-forwarded-headers = "true"

`whofrom topology` writes it from what kubectl says.
"""

from typing import NamedTuple

from echo.clientip.ranges import Ranges

MAX_SERVICES = 1000  # asked one after another, once an address; a cluster that exposes more names those that matter

# key of [network] that holds ranges -> what they are
NETWORK_RANGES = {
    "ingress": "Addresses of the ingress controller's pods.",
    "service_lb": "Addresses of pods that forward to a Service and masquerade: k3s's ServiceLB (svclb-*).",
    "load_balancers": "Addresses that load balancers speak from.",
    "node_external": (
        "Addresses that the cluster shows to the Internet: ExternalIPs and EIPs of nodes, its NAT gateway."
    ),
    "bridges": "Addresses of nodes' pod bridges, where `node_pod_prefix` does not tell them.",
    "nodes": "Addresses of the cluster's nodes.",
    "services": "ClusterIP range; never a source address.",
    "pods": "Pod addresses.",
    "vpc_pods": "Pod addresses that are addresses of the VPC (VPC-CNI, ENI): no node has a bridge before them.",
    "cdn": "Addresses that a CDN's edges speak from; the shipped lists of providers are known without.",
}
NODE_POD_PREFIX = "node_pod_prefix"
MIN_NODE_POD_PREFIX, MAX_NODE_POD_PREFIX = 8, 128
SERVICE, INGRESS_NGINX = "service", "ingress_nginx"
# key of [network] -> what it holds
NETWORK_KEYS = NETWORK_RANGES | {
    NODE_POD_PREFIX: (
        "Prefix length of each node's block of `pods`, for example 26; up to 32 of IPv4, beyond of IPv6. With it the "
        "first address of a block is known to be the node's bridge; without it every address in `pods` is a pod."
    ),
    SERVICE: "Tables `[[network.service]]`: how a Service passes on what comes from outside the cluster.",
    INGRESS_NGINX: "Table `[network.ingress_nginx]`: what the ConfigMap of ingress-nginx says.",
}
# key of [[network.service]] -> what it holds
SERVICE_KEYS = {
    "name": "Namespace and name, for people.",
    "policy": "How it passes requests on: Cluster, Local or Direct.",
    "endpoints": "The pods behind it: names of [network], CIDRs, addresses.",
    "addresses": "Addresses that clients connect to: the balancer's, external and cluster addresses.",
}
CLUSTER, LOCAL, DIRECT = "Cluster", "Local", "Direct"
# policy -> what it does to a client's address (kubernetes.io/docs/tutorials/services/source-ip/)
POLICIES = {
    CLUSTER: "externalTrafficPolicy: Cluster. The node that a request reaches puts its own address in its place.",
    LOCAL: "externalTrafficPolicy: Local. The address stays; nodes without a pod drop the request.",
    DIRECT: "The balancer connects to the pods themselves, past kube-proxy: the address is what the balancer sends.",
}
# key of [network.ingress_nginx] -> what it decides (ingress-nginx, user guide, ConfigMaps)
INGRESS_NGINX_KEYS = {
    "use-forwarded-headers": '"true": X-Forwarded-For of whoever is in proxy-real-ip-cidr is believed.',
    "enable-real-ip": '"true": likewise, and only that.',
    "proxy-real-ip-cidr": "Whose header is believed, separated by commas; everybody's (0.0.0.0/0) if not given.",
    "compute-full-forwarded-for": '"true": it appends to X-Forwarded-For; else it replaces it.',
    "forwarded-for-header": "The header that it believes; X-Forwarded-For if not given.",
    "use-proxy-protocol": '"true": each connection begins with a PROXY header.',
}
EVERYBODY = ("0.0.0.0/0", "::/0")


class Service(NamedTuple):
    """How a Service passes on what comes from outside: a key of POLICIES, for the pods behind it."""

    name: str
    policy: str
    endpoints: Ranges
    addresses: Ranges
