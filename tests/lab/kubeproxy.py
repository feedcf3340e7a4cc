"""
kube-proxy's own rules for Services, as text for `iptables-restore` or `nft`: a pure function of Services and node.

The chains and their order are those of pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go:

    PREROUTING, OUTPUT -> KUBE-SERVICES: cluster addresses -> KUBE-SVC-*, balancers' addresses -> KUBE-EXT-*,
                                         last, what is for this machine itself -> KUBE-NODEPORTS -> KUBE-EXT-*
    KUBE-EXT-*   Cluster: mark for masquerading, KUBE-SVC-*
                 Local: pods of the cluster -> KUBE-SVC-*; the node itself -> marked, KUBE-SVC-*; the rest -> KUBE-SVL-*
    KUBE-SVC-*   marks what comes from no pod to the cluster address; one of all endpoints -> KUBE-SEP-*
    KUBE-SVL-*   one of this node's endpoints -> KUBE-SEP-*
    KUBE-SEP-*   marks the endpoint's own packets (hairpin); DNAT
    POSTROUTING -> KUBE-POSTROUTING: MASQUERADE what is marked
    filter       what is for a Local Service, on a node without a pod of it, is dropped
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

CLUSTER, LOCAL = "Cluster", "Local"
MARK = "0x4000"


@dataclass(frozen=True, slots=True)
class Service:
    """
    name        namespace/name
    address     its cluster address
    endpoints   addresses of the pods behind it, all on port 80
    node_port   the port on every node
    policy      externalTrafficPolicy
    balancers   status.loadBalancer.ingress: addresses that kube-proxy answers for itself
    """

    name: str
    address: str
    endpoints: tuple[str, ...]
    node_port: int
    policy: str = CLUSTER
    balancers: tuple[str, ...] = ()
    port: int = 80


def iptables(services: Sequence[Service], pods_here: Sequence[str], pod_cidr: str) -> str:
    """The tables nat and filter of a node on which the pods with these addresses run."""
    nat = [
        "*nat",
        ":KUBE-SERVICES - [0:0]",
        ":KUBE-NODEPORTS - [0:0]",
        ":KUBE-POSTROUTING - [0:0]",
        ":KUBE-MARK-MASQ - [0:0]",
        '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
        f"-A KUBE-MARK-MASQ -j MARK --or-mark {MARK}",
        f"-A KUBE-POSTROUTING -m mark ! --mark {MARK}/{MARK} -j RETURN",
        f"-A KUBE-POSTROUTING -j MARK --xor-mark {MARK}",
        "-A KUBE-POSTROUTING -j MASQUERADE --random-fully",
    ]
    dropped = []
    for service in services:
        nat += _service(service, pods_here, pod_cidr)
        if service.policy == LOCAL and not set(service.endpoints) & set(pods_here):
            note = f'-m comment --comment "{service.name} has no local endpoints"'
            dropped += [
                f"-A KUBE-EXTERNAL-SERVICES -d {address}/32 -p tcp {note} -m tcp --dport {service.port} -j DROP"
                for address in service.balancers
            ]
            dropped.append(
                f"-A KUBE-EXTERNAL-SERVICES -p tcp {note} -m addrtype --dst-type LOCAL -m tcp"
                f" --dport {service.node_port} -j DROP"
            )
    nat.append("-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS")
    filtered = [
        "*filter",
        ":KUBE-EXTERNAL-SERVICES - [0:0]",
        "-A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES",
        "-A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES",
        *dropped,
    ]
    return "\n".join([*nat, "COMMIT", *filtered, "COMMIT", ""])


def _service(service: Service, pods_here: Sequence[str], pod_cidr: str) -> list[str]:
    svc, svl, ext = (f"KUBE-{kind}-{_hashed(service.name)}" for kind in ("SVC", "SVL", "EXT"))
    here = [endpoint for endpoint in service.endpoints if endpoint in pods_here]
    to_address = f"-d {service.address}/32 -p tcp -m tcp --dport {service.port}"

    endpoints = [_endpoint_chain(service, endpoint) for endpoint in service.endpoints]
    rules = [f":{chain} - [0:0]" for chain in (svc, svl, ext, *endpoints)]
    rules.append(f"-A KUBE-SERVICES {to_address} -j {svc}")
    rules += [
        f"-A KUBE-SERVICES -d {vip}/32 -p tcp -m tcp --dport {service.port} -j {ext}" for vip in service.balancers
    ]
    rules.append(f"-A KUBE-NODEPORTS -p tcp -m tcp --dport {service.node_port} -j {ext}")
    if service.policy == LOCAL:
        rules += [
            f"-A {ext} -s {pod_cidr} -j {svc}",
            f"-A {ext} -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ",
            f"-A {ext} -m addrtype --src-type LOCAL -j {svc}",
            f"-A {ext} -j {svl}",
        ]
    else:
        rules += [f"-A {ext} -j KUBE-MARK-MASQ", f"-A {ext} -j {svc}"]
    rules.append(f"-A {svc} ! -s {pod_cidr} {to_address} -j KUBE-MARK-MASQ")
    rules += _choice(svc, service.endpoints, lambda endpoint: _endpoint_chain(service, endpoint))
    rules += _choice(svl, here, lambda endpoint: _endpoint_chain(service, endpoint))
    for endpoint, sep in zip(service.endpoints, endpoints, strict=True):
        rules += [
            f"-A {sep} -s {endpoint}/32 -j KUBE-MARK-MASQ",
            f"-A {sep} -p tcp -m tcp -j DNAT --to-destination {endpoint}:80",
        ]
    return rules


def _choice(chain: str, endpoints: Sequence[str], target: Callable[[str], str]) -> list[str]:
    rules = []
    for index, endpoint in enumerate(endpoints):
        left = len(endpoints) - index
        chance = "" if left == 1 else f" -m statistic --mode random --probability {1 / left:.10f}"
        rules.append(f"-A {chain}{chance} -j {target(endpoint)}")
    return rules


def _endpoint_chain(service: Service, endpoint: str) -> str:
    return f"KUBE-SEP-{_hashed(service.name + endpoint)}"


def _hashed(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]


def nftables(services: Sequence[Service], pods_here: Sequence[str], pod_cidr: str) -> str:
    """The table of a node whose kube-proxy is in nftables mode."""
    addresses, ports, chains = [], [], []
    for service in services:
        tail = f"{_hashed(service.name)}-{service.name}"
        addresses.append(f"{service.address} . tcp . {service.port} : goto service-{tail}")
        addresses += [f"{vip} . tcp . {service.port} : goto external-{tail}" for vip in service.balancers]
        ports.append(f"tcp . {service.node_port} : goto external-{tail}")
        chains.append(_nft_service(service, tail, pods_here, pod_cidr))
    return f"""table ip kube-proxy {{
  chain mark-for-masquerade {{
    meta mark set meta mark or {MARK}
  }}
  chain masquerading {{
    meta mark and {MARK} == 0 return
    meta mark set meta mark xor {MARK}
    masquerade fully-random
  }}
{"".join(chains)}
  map service-ips {{
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = {{ {", ".join(addresses)} }}
  }}
  map service-nodeports {{
    type inet_proto . inet_service : verdict
    elements = {{ {", ".join(ports)} }}
  }}
  chain services {{
    ip daddr . meta l4proto . th dport vmap @service-ips
    fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports
  }}
  chain nat-prerouting {{
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }}
  chain nat-output {{
    type nat hook output priority -100; policy accept;
    jump services
  }}
  chain nat-postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    jump masquerading
  }}
}}
"""


def _nft_service(service: Service, tail: str, pods_here: Sequence[str], pod_cidr: str) -> str:
    here = [endpoint for endpoint in service.endpoints if endpoint in pods_here]
    external = ["jump mark-for-masquerade", f"goto service-{tail}"]
    if service.policy == LOCAL:
        external = [
            f"ip saddr {pod_cidr} goto service-{tail}",
            "fib saddr type local jump mark-for-masquerade",
            f"fib saddr type local goto service-{tail}",
            _nft_choice(service, here) if here else "drop",
        ]
    chains = {
        f"endpoint-{_hashed(service.name + endpoint)}": [
            f"ip saddr {endpoint} jump mark-for-masquerade",
            f"meta l4proto tcp dnat to {endpoint}:80",
        ]
        for endpoint in service.endpoints
    }
    chains[f"service-{tail}"] = [
        f"ip saddr != {pod_cidr} ip daddr {service.address} tcp dport {service.port} jump mark-for-masquerade",
        _nft_choice(service, service.endpoints),
    ]
    chains[f"external-{tail}"] = external
    return "".join(
        f"  chain {name} {{\n" + "".join(f"    {rule}\n" for rule in rules) + "  }\n" for name, rules in chains.items()
    )


def _nft_choice(service: Service, endpoints: Sequence[str]) -> str:
    ways = (f"{index} : goto endpoint-{_hashed(service.name + to)}" for index, to in enumerate(endpoints))
    return f"numgen random mod {len(endpoints)} vmap {{ {', '.join(ways)} }}"
