"""The words of the findings, in short ones, for who has never seen a cluster's network."""

import re
from typing import NamedTuple


class Word(NamedTuple):
    """A word, where a text uses it, and what it means."""

    word: str
    found: re.Pattern[str]
    meaning: str


def _word(word: str, pattern: str, meaning: str) -> Word:
    return Word(word, re.compile(rf"\b(?:{pattern})"), meaning)


SNAT = "NAT (SNAT, masquerading)"
GLOSSARY = (
    _word(
        SNAT,
        "SNAT|[Mm]asquerad|NAT\\b",
        "A machine that passes a connection on writes its own "
        "address where the client's stood, so that the answer comes back through it.",
    ),
    _word(
        "proxy, balancer",
        "prox(?:y|ies)\\b|balancers?\\b",
        "A program or machine that takes requests in and makes "
        "requests of its own to the servers behind it: whoever is behind it sees its address, not the client's.",
    ),
    _word(
        "L4, L7",
        "L[47]\\b",
        "An L4 balancer passes connections on and cannot read them; one of L7 reads HTTP and can write headers.",
    ),
    _word(
        "X-Forwarded-For",
        "X-Forwarded-For",
        "A header to which each proxy adds, on the right, the address that it "
        "got the request from. Anybody can send one, with anything in it.",
    ),
    _word(
        "trusted",
        "[Tt]rust",
        "This server was told ([trust] of its configuration) that a machine at that address is a "
        "proxy of yours, and that what it writes about others is true.",
    ),
    _word(
        "PROXY protocol",
        "PROXY (?:protocol|header)",
        "A line that a balancer writes in front of a connection, which says whose it is. It needs no HTTP.",
    ),
    _word("node", "nodes?\\b", "A machine of the Kubernetes cluster, on which pods run."),
    _word("pod", "pods?\\b", "One or a few programs in Kubernetes that share an address of their own."),
    _word("bridge", "bridges?\\b", "The node's own end of the network that its pods hang on."),
    _word(
        "Service",
        "Services?\\b",
        "An address that stands for a group of pods. Rules on each node lead it to one of them.",
    ),
    _word("kube-proxy", "kube-proxy", "What writes those rules on each node. It is no proxy: it reads no request."),
    _word(
        "externalTrafficPolicy",
        "externalTrafficPolicy",
        "A setting of a Service. Cluster: each node takes what comes "
        "from outside, and may pass it to another, with its own address on it (SNAT). Local: only nodes with a pod "
        "take it, and leave the address.",
    ),
    _word(
        "ingress",
        "[Ii]ngress",
        "A proxy inside the cluster (often nginx) that leads requests to Services by host and path.",
    ),
    _word("sidecar", "sidecar", "A proxy inside the pod itself, through which its connections go."),
    _word("CDN", "CDNs?\\b", "Machines of a provider, near the clients, that take requests and pass them on."),
    _word("claim", "claims?\\b", "Something that the client itself could have written, and that nobody vouches for."),
)


def words_in(text: str) -> list[Word]:
    """Return the words that a text uses."""
    return [word for word in GLOSSARY if word.found.search(text)]
