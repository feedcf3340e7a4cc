"""
The three kinds of load balancer, before the cluster, and the two proxies that hide it inside.

    L4    passes packets on: only their destination changes, so the client's address arrives (until a node hides it)
    L7    a real nginx: a connection of its own, from its own address, and X-Forwarded-For
    PROXY a real HAProxy: a connection of its own, and the client's address in a PROXY header, version 2, before it

What the nodes send to the internet leaves under their public addresses, to the L7 balancer too.

    ServiceLB  k3s: a pod that forwards its node's port to a Service, under its own address
    sidecar    a service mesh: a proxy in the pod, which takes its connections first and connects from 127.0.0.6
"""

from collections.abc import Sequence

from tests.lab.network import BALANCER, L4_VIP, L7_VIP, NODES, TRANSPARENT_MARK
from tests.lab.nginx import PREAMBLE

Target = tuple[str, int]  # address and port: of a node's NodePort, or of a pod


def router(l4_targets: Sequence[Target], is_transparent: bool) -> str:
    """
    The balancer's tables, for `iptables-restore`: L4 forwarding, and the nodes' public addresses.

    is_transparent: the L7 balancer connects from its clients' addresses, so answers to them are taken in here.
    """
    rules = ["*nat"]
    for index, (address, port) in enumerate(l4_targets):
        left = len(l4_targets) - index
        chance = "" if left == 1 else f" -m statistic --mode random --probability {1 / left:.10f}"
        rules.append(
            f"-A PREROUTING -d {L4_VIP}/32 -p tcp -m tcp --dport 80{chance} -j DNAT --to-destination {address}:{port}"
        )
    for node in NODES:
        rules += [
            f"-A POSTROUTING -s {node.address}/32 -o outside -j SNAT --to-source {node.public}",
            # the L7 balancer is this machine: what is for it never leaves by an interface
            f"-A INPUT -s {node.address}/32 -d {L7_VIP}/32 -j SNAT --to-source {node.public}",
        ]
    taken = f"-A PREROUTING -i inside -p tcp -m socket --transparent -j MARK --set-mark {TRANSPARENT_MARK}"
    return "\n".join([*rules, "COMMIT", "*mangle", *([taken] if is_transparent else []), "COMMIT", ""])


def l7_nginx(targets: Sequence[Target], is_transparent: bool) -> str:
    """The L7 balancer's nginx.conf."""
    servers = "\n".join(f"        server {address}:{port};" for address, port in targets)
    return f"""{PREAMBLE}\
    upstream targets {{
        random;
{servers}
    }}
    server {{
        listen {L7_VIP}:80;
        location / {{
            proxy_pass http://targets;
            proxy_bind {"$remote_addr transparent" if is_transparent else BALANCER};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


def proxy_haproxy(targets: Sequence[Target]) -> str:
    """The PROXY balancer's haproxy.cfg."""
    servers = "\n".join(
        f"    server target{index} {address}:{port} send-proxy-v2" for index, (address, port) in enumerate(targets)
    )
    return f"""global
    maxconn 512
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen l4
    bind {L4_VIP}:80
    balance random
    source {BALANCER}
{servers}
"""


def service_lb_node(pod: str) -> str:
    """What the CNI adds to the table nat of a node whose port 8080 is the ServiceLB pod's."""
    rule = f"-A PREROUTING -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 8080 -j DNAT --to-destination {pod}:8080"
    return f"*nat\n{rule}\nCOMMIT\n"


def service_lb_pod(service: str) -> str:
    """The table nat of the ServiceLB pod, as klipper-lb writes it."""
    rules = [
        "*nat",
        f"-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination {service}:80",
        f"-A POSTROUTING -d {service}/32 -p tcp -j MASQUERADE",
        "COMMIT",
        "",
    ]
    return "\n".join(rules)


def sidecar_pod() -> str:
    """The table nat of a pod with a sidecar: what comes in goes to the proxy."""
    return "*nat\n-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 15006\nCOMMIT\n"


def sidecar_haproxy() -> str:
    """The sidecar: HAProxy, in Envoy's place."""
    return """global
    maxconn 512
defaults
    mode tcp
    timeout connect 5s
    timeout client 30s
    timeout server 30s
listen inbound
    bind :15006
    source 127.0.0.6
    server application 127.0.0.1:80
"""
