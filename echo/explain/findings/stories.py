"""Who may be behind a finding, where that is not certain."""

from typing import NamedTuple


class Story(NamedTuple):
    """
    One of several things that may have happened, and whose address is then the client's: that which is "shown" in its
    place, that which a header "told", this server's "own", or none ("").
    """

    words: str
    client: str = ""


STORIES = {
    "trusted-caller": Story("the caller itself, whom the policy passes over since it is trusted", "shown"),
    "outside-client": Story("a client outside the cluster, whose address the node replaced by its own"),
    "behind-proxy": Story("a client of that proxy, which did not pass its address on"),
    "node-process": Story("a program on that node: a health check, a pod with the host's network, a person", "shown"),
    "pod-masqueraded": Story("a pod, masqueraded by its node since it called an address outside the cluster's own"),
    "self": Story("this pod, which called its own Service and was balanced back to itself", "own"),
    "inside-client": Story("a client inside this network", "shown"),
    "address-replaced": Story("a NAT or balancer on the way that put its own address there"),
    "carrier-nat": Story("a client behind its provider's NAT", "shown"),
    "cloud-balancer": Story("a cloud's load balancer, which opened a connection of its own"),
    "unknown-proxy": Story("a proxy of yours that the configuration does not name"),
    "local-program": Story("a program on this machine", "shown"),
    "local-proxy": Story("a port-forward, sidecar or proxy on this machine that connects in the client's place"),
    "host-process": Story("a program on the container's host", "shown"),
    "userland-proxy": Story("Docker's userland proxy or a rootless engine, which connects in the client's place"),
    "health-check": Story("a health check, by the node or the balancer itself", "shown"),
    "forger": Story("a client that wrote the header itself, and may name anybody"),
    "balancer-told": Story("a balancer or proxy on the way, which wrote the header truthfully", "told"),
    "believing-proxy": Story("a proxy on the way that took the client's word for its address"),
    "real-pod": Story("a pod on another node, several routers away", "shown"),
    "forwarding-pod": Story("a pod that forwards for others, as k3s's ServiceLB does"),
}
