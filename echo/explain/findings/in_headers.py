"""Findings on requests whose headers name somebody."""

from echo.explain import remedies
from echo.explain.findings.finding import CLIENT, PEER, Finding
from echo.explain.findings.phrases import IN_CLUSTER, TRUST, UNKNOWN_NODE
from echo.explain.findings.references import (
    CDN,
    CLIENT_PAGE,
    FORWARDED,
    INGRESS_CM,
    INGRESS_SOURCE,
    MASQ,
    SOURCE_IP,
    VIPS,
)

IN_HEADERS = (
    Finding(
        "header-from-stranger",
        "untrusted-header",
        "The {header} header came from an untrusted public address; it was ignored.",
        "Anybody can write this header. Either {peer} is the client and forged or relayed it, or {peer} is a proxy of "
        "yours that this server was not told about.",
        "If {peer} is your proxy, " + TRUST + ". If not, nothing to do: the client is {peer}.",
        remedies.TRUST_PEER,
        reference=FORWARDED,
        stories=("forger", "unknown-proxy"),
    ),
    Finding(
        "header-from-untrusted-proxy",
        "untrusted-header",
        "The {header} header came from inside, but its sender is not trusted; it was ignored.",
        "The connection comes from {peer}, an internal address, most likely a proxy of yours; this server was not told "
        "to believe it, so it names the proxy as the client.",
        "If {peer} is your proxy, " + TRUST + ".",
        remedies.TRUST_PEER,
        reference=FORWARDED,
        stories=("unknown-proxy", "forger"),
    ),
    Finding(
        "header-behind-snat",
        "untrusted-header",
        "A {header} header came from the node {peer}, or from somebody behind it; it was ignored.",
        "Most likely the node masqueraded the connection, and its sender cannot be seen any more. That may be an L7 "
        "balancer that wrote the header truthfully (balancer, node port, Cluster policy), "
        "or a client that wrote it itself: after the NAT both look the same.",
        "Best: have the balancer reach the pods directly, or set externalTrafficPolicy: Local; then trust the balancer "
        "alone. If nobody but the balancer can reach the node port, trust the nodes as well.",
        remedies.TRUST_NODES,
        "2.6",
        SOURCE_IP,
        ("balancer-told", "forger"),
    ),
    Finding(
        "header-trusted",
        "preserved-in-header",
        "The client's address arrived in the {header} header, through trusted proxies only.",
        "Each proxy appended the address it saw; every hop right of the client is in a trusted range.",
        "Nothing to do.",
        section="1.6.1, 2.5.1, 3.1, 3.2, 3.3, 4.2, 4.3",
        reference=INGRESS_SOURCE,
    ),
    Finding(
        "header-trusted-claims-ignored",
        "preserved-in-header",
        "The client's address arrived in the {header} header; what the client itself claimed was ignored.",
        "The entries left of {client}, or another header that no proxy overwrites, were sent by {client} itself: "
        "forged, or written by an outer proxy that is not trusted.",
        "If {client} is your outer proxy, add it to [trust] ranges. If not, nothing to do: the claims decide nothing. "
        "Make sure that no other program takes the leftmost entry.",
        reference=FORWARDED,
    ),
    Finding(
        "header-past-snat",
        "preserved-in-header",
        "The client's address arrived in the {header} header; at the socket a node stands in its place.",
        "A balancer wrote the header before the node {peer} masqueraded the connection (node port, Cluster "
        "policy): the "
        "header is good, the socket is not. It rests on the nodes being trusted: a client that reaches the node port "
        "past the balancer writes the header itself.",
        "To be safe have the balancer reach the pods directly or set externalTrafficPolicy: Local, and trust the "
        "balancer alone.",
        remedies.LOCAL_OR_DIRECT,
        "2.6",
        SOURCE_IP,
    ),
    Finding(
        "header-node-external",
        "preserved-in-header",
        "A machine of the cluster called, through the Internet and back.",
        "{client} is an address that the cluster shows to the Internet. An ingress's address has no rule on the "
        "nodes, so "
        "a node, or a pod behind it, really went out, was given the public address, and came back in.",
        "Nothing to do. Inside the cluster use the Service's cluster address, or a private balancer.",
        section="1.6.2, 2.5.2",
        reference=MASQ,
    ),
    Finding(
        "header-node-called",
        "preserved-in-header",
        "The node {client} called, or a pod that it masqueraded, through trusted proxies; no client outside.",
        "The first proxy saw the node's own address, and kube-proxy would not have put it there in a client's place: "
        "the proxy is a balancer outside the cluster, or its Service keeps addresses (Local, or direct to the pods).",
        IN_CLUSTER,
        section="3.1.2, 3.2",
        reference=SOURCE_IP,
        stories=("node-process", "pod-masqueraded"),
    ),
    Finding(
        "header-internal-client",
        "preserved-in-header",
        "A pod called, through trusted proxies.",
        "The hop before the trusted proxies is a pod. Where [network] has no node_pod_prefix, a node's pod bridge "
        "counts as a pod too.",
        "Nothing to do. If {client} may be a node's bridge, set node_pod_prefix in [network] of whofrom.toml.",
        section="3",
        reference=VIPS,
    ),
    Finding(
        "header-private-client",
        "ambiguous",
        "The proxies saw an internal address: an inside client, or an address replaced before the first proxy.",
        "The hop before the trusted proxies, {client}, is internal. Either the client is inside, or a NAT or balancer "
        "in front of the first trusted proxy put its own address there.",
        "Say in [network] of whofrom.toml what {client} is; if it is a proxy of yours, add it to [trust] ranges.",
        remedies.NETWORK,
        reference=SOURCE_IP,
        stories=("inside-client", "address-replaced", "unknown-proxy"),
    ),
    Finding(
        "snat-before-proxy",
        "lost",
        "The client's address was lost before the first proxy, at the node {client}.",
        "The proxy saw {client}, a node or its pod bridge, and wrote that into {header}: kube-proxy replaced the "
        "client's address in front of the proxy, whose own Service has externalTrafficPolicy: Cluster.",
        "Set externalTrafficPolicy: Local on the proxy's own Service, or let the balancer reach the proxy's pods "
        "directly. No setting of the proxy brings the address back.",
        remedies.LOCAL_INGRESS,
        "3.4, 4.1",
        INGRESS_SOURCE,
        UNKNOWN_NODE,
        CLIENT,
    ),
    Finding(
        "snat-before-proxy-suspected",
        "ambiguous",
        "A node's address stands in {header}: it was replaced before the first proxy, or the node itself called.",
        "The proxy saw {client}, a node or its pod bridge. Most likely kube-proxy replaced the client's address in "
        "front of the proxy (its Service has externalTrafficPolicy: Cluster). The same is seen where a program on that "
        "node called the proxy. This server sees only what the proxy wrote.",
        "Look at externalTrafficPolicy of the proxy's own Service, and say it in whofrom.toml. If it is Cluster and "
        "clients outside call: set it to Local, or let the balancer reach the proxy's pods directly.",
        remedies.SERVICE_POLICY,
        "3.4, 4.1",
        INGRESS_SOURCE,
        UNKNOWN_NODE,
    ),
    Finding(
        "proxy-not-trusted",
        "untrusted-header",
        "The walk stopped at your own proxy {client}, which is not trusted.",
        "[network] calls {client} a load balancer or ingress, but [trust] ranges do not contain it. The entries "
        "left of "
        "it were not believed.",
        'Add "load_balancers" and "ingress" to [trust] ranges.',
        remedies.GUARD,
        reference=FORWARDED,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "original-forwarded-for",
        "untrusted-header",
        "The ingress overwrote {header} with its own peer, the balancer {client}; the client is in "
        "X-Original-Forwarded-For.",
        "An L7 balancer stands before ingress-nginx and wrote who the client is; without use-forwarded-headers the "
        "ingress replaces that by the address it sees, and keeps the old value in X-Original-Forwarded-For.",
        "Set use-forwarded-headers and compute-full-forwarded-for in the ingress's ConfigMap, and "
        "proxy-real-ip-cidr to "
        "the balancer's addresses, never to everybody's.",
        remedies.REAL_IP_CIDR,
        "4",
        INGRESS_CM,
        ("balancer-told", "forger"),
    ),
    Finding(
        "proxy-ends-chain",
        "lost",
        "The chain ends at the balancer {client}, which did not say who connected to it.",
        "The first entry of {header} is the balancer's own address: it put that in the client's place (an L4 balancer "
        "with source NAT), or the proxy behind it overwrote what the balancer had written.",
        "Have the balancer pass the source address, speak PROXY protocol, or write {header} and the proxy append "
        "to it.",
        remedies.INGRESS_PROXY_PROTOCOL,
        "4",
        INGRESS_CM,
        ("behind-proxy", "health-check"),
        CLIENT,
    ),
    Finding(
        "over-trusting-proxy",
        "forged",
        "A proxy on the way believed what the client wrote: X-Real-IP is {other}, the chain says {client}.",
        "{other} stands left of {client} in the chain, where the client itself writes. A proxy took it for the client: "
        "nginx does so where set_real_ip_from (ingress-nginx: proxy-real-ip-cidr, whose default is everybody) trusts "
        "every hop. Whatever reads X-Real-IP can be told any address. If {client} is an outer proxy of yours, the "
        "chain is right and our trusted ranges are too narrow.",
        "Set proxy-real-ip-cidr to the balancer's addresses; use use-forwarded-headers only behind an L7 balancer.",
        remedies.REAL_IP_CIDR,
        "4.4",
        INGRESS_CM,
        ("forger", "unknown-proxy"),
    ),
    Finding(
        "real-ip-disputed",
        "ambiguous",
        "X-Real-IP is {other}, which the client claimed in {header} as well; the chain says {client}.",
        "{other} stands left of {client} in the chain, where the client itself writes. Either the client wrote both "
        "headers and no proxy overwrites X-Real-IP, or a proxy on the way believed the client and wrote it there "
        "(nginx's "
        "set_real_ip_from for everybody).",
        "Have the proxy overwrite X-Real-IP with the address it sees, or take it away, and let nobody read it.",
        remedies.REAL_IP_CIDR,
        "4.4",
        INGRESS_CM,
        ("forger", "believing-proxy"),
    ),
    Finding(
        "proxy-believes-header",
        "ambiguous",
        "The ingress took {client} from the header it received: a balancer wrote it there, or the client did.",
        "{header} and X-Original-Forwarded-For hold the same address: the ingress believed what arrived "
        "(use-forwarded-headers) and did not append whom it saw. Behind an L7 balancer that is right; without one, or "
        "past it, every client names its own address.",
        "Set proxy-real-ip-cidr to the balancer's addresses and compute-full-forwarded-for to true, and say so in "
        "[network.ingress_nginx] of whofrom.toml.",
        remedies.REAL_IP_CIDR,
        "4.4",
        INGRESS_CM,
        ("balancer-told", "forger"),
    ),
    Finding(
        "cdn-not-trusted",
        "untrusted-header",
        "The request came through the CDN's edge {client}, which is not trusted; what it says of the client was "
        "ignored.",
        "A CDN writes who the client is into {header} and into headers of its own; this server was not told to believe "
        "its addresses.",
        "Trust the CDN's ranges by name, and see that nobody can reach this server past the CDN.",
        remedies.TRUST_CDN,
        reference=CDN,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "other-header",
        "untrusted-header",
        "{header} did not come, but another header names the client: {other}.",
        "The trusted peer {peer} says who the client is in a header that the policy does not read.",
        "If {peer} overwrites that header on every request, read it; better, have it append to {header}.",
        remedies.OTHER_HEADER,
        reference=CLIENT_PAGE,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "hop-passed-over",
        "untrusted-header",
        "The strategy passed over hops that are in no trusted range, and took {client}.",
        "{header} holds hops nearer than {client} that no trusted range contains: by the ranges one of them is the "
        "client, and what stands left of it is its claim.",
        "Name your proxies in [trust] ranges and use rightmost-untrusted; or correct the number in rightmost-count.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
        stories=("inside-client", "address-replaced", "forger"),
    ),
    Finding(
        "headers-disagree",
        "ambiguous",
        "{header} names {client}, and X-Forwarded-For another client.",
        "The proxies appended to X-Forwarded-For, and by the trusted ranges it names somebody else. Either a proxy "
        "wrote {header} truthfully, or none overwrites it and the client wrote it.",
        "Have the outermost proxy overwrite {header} on every request; or read X-Forwarded-For with "
        "rightmost-untrusted.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
        stories=("balancer-told", "forger"),
    ),
    Finding(
        "header-unguarded",
        "untrusted-header",
        "The {header} header named the client, but nothing was asked of who sent it.",
        "The policy believes the header of whoever connects: it has no trusted ranges. A caller that reaches this "
        "server past the proxies writes the header itself.",
        "Put the proxies' addresses into [trust] ranges: the header of a peer outside them is then ignored.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
    ),
    Finding(
        "leftmost-believed",
        "untrusted-header",
        "The leftmost public address of {header} was taken, which the client itself can write.",
        "Proxies append on the right; what stands furthest left is what the client sent, if it sent anything.",
        "Use rightmost-untrusted with your proxies in [trust] ranges for whatever denies, limits, bills or accuses.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
    ),
    Finding(
        "too-few-hops",
        "ambiguous",
        "The {header} header has fewer entries than the policy counts proxies.",
        "The request came past one of the proxies, or there are fewer of them than the number in [trust] strategy.",
        "Count the proxies that append to {header}, or use rightmost-untrusted, which needs no number.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
        stories=("forger", "balancer-told"),
    ),
    Finding(
        "none-public",
        "ambiguous",
        "No entry of the {header} header is a public address.",
        "The client is inside the network, or every address on the way was replaced by an internal one.",
        "Use rightmost-untrusted with your proxies in [trust] ranges: it names internal clients too.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
        stories=("inside-client", "address-replaced"),
    ),
    Finding(
        "chain-exhausted",
        "lost",
        "No strategy of the chain finds a client.",
        "None of the headers that the strategies read holds an address they take.",
        "Let the chain end with remote-addr, or have {peer} write {header}.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
        stories=("behind-proxy",),
        lost_at=PEER,
    ),
    Finding(
        "all-trusted",
        "ambiguous",
        "Every hop is trusted, so none of them can be told to be the client.",
        "The trusted ranges contain all of the chain: they are too wide, or the caller is one of your own machines.",
        "Narrow [trust] ranges to the addresses of proxies.",
        remedies.GUARD,
        reference=CLIENT_PAGE,
        stories=("inside-client", "unknown-proxy"),
    ),
    Finding(
        "hop-invalid",
        "lost",
        "The hop that would name the client is not an address: {hop}.",
        "A trusted proxy passed on, or wrote, an entry that is no IP address (`unknown`, a host name, garbage).",
        "Have the proxy write the address of its own peer; never let it pass a client's header on unread.",
        remedies.APPEND_NGINX,
        reference=FORWARDED,
        stories=("behind-proxy",),
        lost_at=PEER,
    ),
    Finding(
        "peer-no-address",
        "lost",
        "The connection has no IP address.",
        "It came through a UNIX socket.",
        "Trust and read a header of the program at its other end.",
        remedies.OTHER_HEADER,
        reference=CLIENT_PAGE,
        stories=("local-program", "local-proxy"),
        lost_at=PEER,
    ),
)
