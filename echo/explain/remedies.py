"""
What to apply: the manifests and configuration files of the findings' remedies, each whole enough to be pasted.

`{peer}` is filled in as in the findings.
"""

LOCAL_OR_DIRECT = """\
# One of the two, on the Service that the balancer points at:
# 1. kubectl patch service NAME --patch-file FILE
#    Nodes without a pod then drop what reaches them: the balancer's health
#    check (healthCheckNodePort) keeps them out.
spec:
  externalTrafficPolicy: Local
# 2. or have the balancer connect to the pods, past kube-proxy:
# metadata:
#   annotations:
#     service.cloud.tencent.com/direct-access: "true"     # TKE, VPC-CNI
#     # AWS
#     service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip
#     cloud.google.com/neg: '{"ingress": true}'                    # GKE
"""
LOCAL_INGRESS = """\
# kubectl -n ingress-nginx patch service NAME --patch-file FILE
# (the Service of the ingress controller, not that of this server)
spec:
  externalTrafficPolicy: Local
"""
TRUST_PEER = """\
# whofrom.toml, if {peer} is a proxy of yours
[trust]
ranges = ["{peer}"]   # better: the range of your proxies' addresses
"""
TRUST_NODES = """\
# whofrom.toml, if no client can reach the node port past the balancer
[trust]
ranges = ["load_balancers", "nodes", "pods"]
"""
TRUST_CDN = """\
# whofrom.toml, if no client can reach this server past the CDN
[trust]
ranges = ["cloudflare"]   # or fastly, or file:PATH with your CDN's list
"""
APPEND_NGINX = """\
# nginx, in the location that passes requests on
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
"""
REAL_IP_CIDR = """\
# kubectl -n ingress-nginx patch configmap NAME --patch-file FILE
data:
  use-forwarded-headers: "true"   # only behind an L7 balancer; else "false"
  compute-full-forwarded-for: "true"
  proxy-real-ip-cidr: "100.64.0.0/10"   # what your balancer speaks from
"""
INGRESS_PROXY_PROTOCOL = """\
# kubectl -n ingress-nginx patch configmap NAME --patch-file FILE
# (and switch PROXY protocol on at the balancer, at the same time)
data:
  use-proxy-protocol: "true"
"""
PROXY_OPTIONAL = """\
# whofrom.toml
[trust]
ranges = ["load_balancers"]
proxy_protocol = "required"   # "optional" while the balancer is changed
"""
NETWORK = """\
# whofrom.toml, from what the cluster says of itself:
# kubectl get nodes,pods,svc,ingress,endpointslices,configmaps -A -o json |
#   whofrom topology
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16"]
node_pod_prefix = 26
services = ["172.18.240.0/20"]
load_balancers = ["100.64.0.0/10"]
"""
SERVICE_POLICY = """\
# whofrom.toml: what the proxy's own Service does with addresses
[[network.service]]
name = "ingress-nginx/ingress-nginx-controller"
policy = "Cluster"   # its externalTrafficPolicy: Cluster, Local; or Direct
endpoints = ["{peer}"]
"""
OTHER_HEADER = """\
# whofrom.toml, if the proxy overwrites that header on every request
[trust]
strategy = "single-header:x-real-ip"   # the name of the header that arrives
ranges = ["{peer}"]
"""
GUARD = """\
# whofrom.toml
[trust]
strategy = "rightmost-untrusted"
ranges = ["load_balancers", "ingress"]   # or the CIDRs of your proxies
"""
K3S = """\
# /etc/rancher/k3s/config.yaml: another balancer in its place, as MetalLB
disable: [servicelb]
# or keep it and let the ingress use the host's ports:
# kubectl -n kube-system patch service traefik --patch-file FILE
# spec:
#   externalTrafficPolicy: Local
"""
DOCKER = """\
# compose.yaml: without a bridge between
services:
  whofrom:
    network_mode: host
# or /etc/docker/daemon.json: published ports are the kernel's alone
# {"userland-proxy": false}
"""
SWARM = """\
# compose.yaml: publish on the node itself, past the routing mesh
services:
  whofrom:
    ports:
      - target: 80
        published: 80
        mode: host
    deploy:
      mode: global
"""
ISTIO = """\
# Istio: the gateway, so that the sidecar is told the client's address
apiVersion: v1
kind: Service
metadata:
  name: istio-ingressgateway
  namespace: istio-system
spec:
  externalTrafficPolicy: Local
---
# whofrom.toml
# [trust]
# ranges = ["127.0.0.6", "loopback"]
"""
TLS = """\
# whofrom serve
args: ["--port=443", "--cert=/tls/tls.crt", "--key=/tls/tls.key"]
"""
