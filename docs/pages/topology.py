"""docs/reference/topology.md: how a whofrom.toml is found in a cluster."""

from __future__ import annotations

from docs.pages.markdown import table
from echo.topology.addresses import RULES as TOPOLOGY_RULES
from echo.topology.documents import KUBECTL
from echo.topology.known import ADDRESSES, CLOUDS, CNIS, CONTROLLERS, DIRECT_INGRESSES, DIRECT_SERVICES, NEG_ANNOTATION
from echo.topology.proposal import MISSING


def page() -> str:
    """Return how whofrom topology finds what it writes, and what it knows."""
    direct = ((f"`{key}: {value}`", f"Service: {what}") for key, (value, what) in DIRECT_SERVICES.items())
    return (
        "# whofrom topology: a whofrom.toml from the cluster\n\n"
        "It reads what kubectl prints, all of it or a part:\n\n"
        f"```console\n$ {KUBECTL} | whofrom topology > whofrom.toml\n```\n\n"
        "What a missing part would have told it says on standard error. Secrets and environment variables are not\n"
        "looked at; of ConfigMaps those of ingress-nginx, kubeadm and kube-proxy are, for the keys that matter alone.\n"
        "What is written is a proposal: names and labels in a cluster are chosen by whoever may make pods.\n\n"
        "## `[network]`\n\n"
        + table(("key", "rule"), ((f"`{key}`", text) for key, text in TOPOLOGY_RULES.items()))
        + "\n## Missing kinds\n\n"
        + table(("kind", "not known without it"), ((f"`{kind}`", cost) for kind, (_, cost) in MISSING.items()))
        + "\n## CNIs\n\nKnown by the DaemonSet of their agent, on the host network.\n\n"
        + table(
            ("CNI", "DaemonSet", "pods' addresses", "the first address of a block is the node's", "why"),
            (
                (cni.name, ", ".join(f"`{agent}`" for agent in cni.agents), ADDRESSES[cni.addresses],
                 "yes" if cni.first else "no", cni.why)
                for cni in CNIS
            ),
        )
        + "\n## Clouds\n\nKnown by the scheme of spec.providerID.\n\n"
        + table(
            ("cloud", "scheme", "balancers speak from", "and", "classes of its L7 balancer's Ingresses"),
            (
                (one.name, f"`{scheme}`", f"{', '.join(one.ranges)}: {one.source}" if one.ranges else "–", one.add,
                 ", ".join(f"`{name}`" if name else "none" for name in one.classes))
                for scheme, one in CLOUDS.items()
            ),
        )
        + "\n## Ingress controllers\n\nKnown by a label or by the name of their image.\n\n"
        + table(
            ("controller", "labels", "images"),
            (
                (one.name, ", ".join(f"`{key}={value}`" for key, value in one.labels),
                 ", ".join(f"`{image}`" for image in one.images) or "–")
                for one in CONTROLLERS
            ),
        )
        + "\n## Balancers that reach pods past kube-proxy (`Direct`)\n\n"
        + table(
            ("annotation", "of"),
            [
                *direct,
                (f"`{NEG_ANNOTATION}`", "Service that is no LoadBalancer: Google's L7 balancers reach pods"),
                *((f"`{key}: {value}`", "Ingress") for key, value in DIRECT_INGRESSES.items()),
            ],
        )
    )  # fmt: skip
