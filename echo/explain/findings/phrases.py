"""What several findings say alike."""

TRUST = "start the server with --trust {peer} (or add its range to [trust] ranges)"
KEEP = (
    "Set externalTrafficPolicy: Local on the Service, have the load balancer connect to the pods directly, or have it "
    "speak HTTP or PROXY protocol and say who the client is."
)
IN_CLUSTER = (
    "Nothing to do. Inside the cluster use the Service's cluster address: the detour through the "
    "balancer's costs a hop."
)
UNKNOWN_NODE = ("outside-client", "node-process", "pod-masqueraded")
BEHIND_NODE = ("outside-client", "pod-masqueraded")
