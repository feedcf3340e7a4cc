"""
ip-masq-agent's rules, as text for `iptables-restore`: pods leave the cluster under their node's address.

Between the VPC, the pods and the balancers addresses stay as they are (nonMasqueradeCIDRs); this is why a pod's address
is seen by other pods, and its node's everywhere else.
"""

from collections.abc import Sequence


def ip_masq_agent(kept: Sequence[str]) -> str:
    """The rules of a node; kept are nonMasqueradeCIDRs."""
    rules = [
        "*nat",
        ":IP-MASQ-AGENT - [0:0]",
        '-A POSTROUTING -m comment --comment "ip-masq-agent" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT',
        *(f"-A IP-MASQ-AGENT -d {cidr} -j RETURN" for cidr in kept),
        "-A IP-MASQ-AGENT -j MASQUERADE --random-fully",
        "COMMIT",
        "",
    ]
    return "\n".join(rules)
