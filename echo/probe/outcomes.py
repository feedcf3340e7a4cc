"""
The verdicts of a probe and what it remarks: tables, with codes that are stable.

Braces are filled in: {mine} the client's own address, {client} whom the server names, {peer} who connected to the
server, {header} and {headers} names of headers, {count} and {total} numbers of requests.
"""

from typing import NamedTuple

EXIT_PRESERVED, EXIT_FAILED, EXIT_FINDINGS = 0, 1, 4


class Outcome(NamedTuple):
    """
    One verdict.

    code  stable, for programs
    word  the verdict in capitals
    exit  of the command
    says  what it means
    todo  the next step, "" for none
    """

    code: str
    word: str
    exit: int
    says: str
    todo: str


_TRUST = (
    "Where {peer} is a proxy of yours, start the server with --trust {peer} (or add its range to [trust] ranges of "
    "whofrom.toml)."
)
_KEEP = (
    "Have whatever stands in between keep the address or write it down: a balancer that passes connections on must not "
    "replace their source (in Kubernetes: externalTrafficPolicy: Local, or a balancer that reaches the pods itself) or "
    "must speak the PROXY protocol; a proxy that speaks HTTP must write X-Forwarded-For. A whofrom's own explanation, "
    "below, may name the place."
)
_TABLE = (
    Outcome(
        "preserved",
        "PRESERVED",
        EXIT_PRESERVED,
        "Your address {client} arrives: the server takes it for the client's, and no forged header changed that.",
        "",
    ),
    Outcome(
        "preserved-behind-nat",
        "PRESERVED",
        EXIT_PRESERVED,
        "The server names {client}, as it should if that is your network's public address, and no forged header "
        "changed that. Your address as the internet sees it is not known here: this end of the connection has {mine}, "
        "which is of an inner network, and a router on your side puts a public address in its place.",
        "To be sure, look up your public address and give it: --my-address ADDRESS.",
    ),
    Outcome(
        "preserved-in-header",
        "PRESERVED",
        EXIT_PRESERVED,
        "Your address {mine} arrives in {headers}, at a place where no forged header changed it. This server names no "
        "client, so who reads it is another question.",
        "Have the program behind this path believe that header from {peer} alone. A whofrom in this server's place "
        "says more.",
    ),
    Outcome(
        "forgeable",
        "FORGEABLE",
        EXIT_FINDINGS,
        "Whoever sends {headers} chooses the address that the server believes: it took a forged one for yours.",
        "Have the outermost proxy overwrite these headers, or at least append to X-Forwarded-For, and the server "
        "believe them only from your own proxies ([trust] ranges), only those that they write, and never the leftmost "
        "entry.",
    ),
    Outcome(
        "forgeable-header",
        "FORGEABLE",
        EXIT_FINDINGS,
        "Your address {mine} arrives in {headers}, but a forged header took its place there.",
        "Have the outermost proxy overwrite these headers, or append to them, whatever the client sent.",
    ),
    Outcome(
        "forgeable-at-proxy",
        "FORGEABLE",
        EXIT_FINDINGS,
        "A proxy on the way takes a forged address for the client's: it wrote one into {headers}. Who reads that is "
        "fooled; this server was not.",
        "Have the proxy believe headers from the balancer before it alone: set_real_ip_from in nginx, "
        "proxy-real-ip-cidr in ingress-nginx. If you call from where that balancer stands, all is well.",
    ),
    Outcome(
        "hideable",
        "FORGEABLE",
        EXIT_FINDINGS,
        "Whoever sends {headers} hides from the server: it then names no client.",
        "Have the outermost proxy overwrite these headers.",
    ),
    Outcome(
        "several-paths",
        "LOST ON SOME PATHS",
        EXIT_FINDINGS,
        "Your address arrives with {count} of {total} requests, and with the others it does not: they went another "
        "way.",
        "Compare the ways below: balancers, nodes or servers that should be alike are configured differently.",
    ),
    Outcome(
        "lost",
        "LOST",
        EXIT_FINDINGS,
        "Your address {mine} does not arrive: what the server has is {client}, and no header holds yours.",
        _KEEP + " If a router on your own side changes your address, give the one it shows: --my-address ADDRESS.",
    ),
    Outcome(
        "lost-behind-proxy",
        "LOST",
        EXIT_FINDINGS,
        "The server names {client}, but that is the address of a proxy on the way, not yours: there is a proxy, and "
        "{client} is who connected to the server.",
        _TRUST + " If it writes no header, have it write X-Forwarded-For.",
    ),
    Outcome(
        "unbelieved",
        "LOST",
        EXIT_FINDINGS,
        "Your address {mine} arrives in {headers}, but the server does not believe it and names {client}.",
        _TRUST,
    ),
    Outcome(
        "passed-over",
        "LOST",
        EXIT_FINDINGS,
        "Your address {mine} arrives at the server's socket, but the server names {client}.",
        "The strategy of the server does not fit the way: without a proxy in between it is remote-addr; with --trust "
        "headers count from your proxies alone.",
    ),
    Outcome(
        "nobody",
        "LOST",
        EXIT_FINDINGS,
        "The server names no client: {why}",
        "Either a proxy must write the header that the server reads, or the server's trusted ranges or strategy are "
        "wrong: its own explanation is below.",
    ),
    Outcome(
        "unclear",
        "UNCLEAR",
        EXIT_FINDINGS,
        "The server names {client}, which is your address {mine}, but it may as well be the address of a program in "
        "between that runs where you do (a proxy, a tunnel, kubectl port-forward).",
        "Probe from another machine, or from another address of this one: --bind ADDRESS.",
    ),
    Outcome(
        "unclear-other",
        "UNCLEAR",
        EXIT_FINDINGS,
        "The server names {client}, which is an address of this machine, though not the one that its connection begins "
        "with ({mine}). It may be that, or the address of something else far from here: inner addresses are given "
        "out many times over (172.17.0.1 is Docker's bridge on many machines).",
        "Probe from another machine, or say whom the server should see: --my-address ADDRESS.",
    ),
    Outcome(
        "unclear-behind-nat",
        "UNCLEAR",
        EXIT_FINDINGS,
        "The server names {client}, and cannot tell whose address that is. Your address as the internet sees it is not "
        "known here: this end of the connection has {mine}, which is of an inner network.",
        "Look up your public address and give it: --my-address ADDRESS.",
    ),
    Outcome(
        "unsteady",
        "FAILED AT TIMES",
        EXIT_FAILED,
        "{count} of {total} requests got no answer. With the others your address arrived.",
        "See below why: a balancer may know machines that do not answer, or the rate may be limited (--interval).",
    ),
    Outcome(
        "failed",
        "FAILED",
        EXIT_FAILED,
        "No request got an answer that says anything: {why}",
        "",
    ),
)
OUTCOMES = {one.code: one for one in _TABLE}

# code -> what the path does, seen by what it did to the headers
PRACTICES = {
    "appends": "A proxy appends the address it sees to X-Forwarded-For.",
    "adds-field": "A proxy adds an X-Forwarded-For field of its own behind the client's: who reads the first field "
    "alone reads what the client wrote.",
    "replaces": "A proxy writes X-Forwarded-For anew, whatever the client sent.",
    "strips": "A proxy removes X-Forwarded-For and writes none.",
    "passes": "Nothing on the way touches X-Forwarded-For: what a client writes there arrives.",
    "over-trusting": "A proxy on the way takes a forged header for the truth: it wrote the forged address where it "
    "writes its client ({headers}). In nginx its set_real_ip_from is too wide, in ingress-nginx proxy-real-ip-cidr "
    "beside use-forwarded-headers: name the balancer's range alone.",
    "keeps-original": "A proxy keeps what the client sent in {headers}: a record, not to be believed.",
}

# code -> a remark on what may mislead
NOTES = {
    "mine-trusted": "Your address lies in a range that the server trusts: it takes you for one of its own proxies and "
    "believes you. From outside the answer may be another.",
    "bearer-steady": "No forged header changed your address where it stands in {headers}: who believes that header "
    "from {peer} alone, and reads it from the right, has it.",
    "bearer-forged": "A forged header took the place of your address in {headers}: nobody should believe it before the "
    "proxy is mended.",
    "other-address": "The server names {client}: an address of this machine, but not the one that its connection "
    "begins with ({mine}). The kernel may choose another for the way it takes, as a node does towards its own pods.",
    "target-changed": "The path changes the request line: the server saw {target}",
    "fields-dropped": "The path removes headers it does not know: the one the probe marks its requests with is gone.",
    "host-changed": "The path changes the Host header: the server saw {host}",
    "whoami": "This is a whoami: it shows what arrives and judges nothing.",
    "unanswered": "{count} of {total} requests got no answer: {why}",
    "canaries-unanswered": "{count} forged requests got no answer; a firewall for web applications may refuse them.",
    "paths-many": "The forged headers were sent {count} times over, since there are several ways; what is listed is "
    "the worst that happened to each.",
}
