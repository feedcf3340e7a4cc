"""The findings: topologies of the background article and what they must be called."""

import string

import pytest

from echo.clientip import REASONS, parse_config
from echo.explain import FINDINGS, Explainer
from echo.explain.findings import choose
from echo.explain.report import VERDICTS

NETWORK = """
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16"]
node_pod_prefix = 26
services = ["172.18.240.0/20"]
load_balancers = ["100.64.0.0/10"]
ingress = ["172.18.0.17"]
"""
TRUST = '[trust]\nranges = ["load_balancers", "ingress"]\n'
CLIENT = "81.2.69.142"

# (article's section, peer, X-Forwarded-For fields, code of the finding under TRUST)
ROWS = [
    ("1.5.2 Local", CLIENT, [], "socket-public"),
    ("1.4.1 Cluster, another node", "192.168.0.17", [], "snat-suspected"),
    ("1.4.1 Cluster, the pod's node", "172.18.0.65", [], "snat-suspected"),
    ("1.3.3 pod to pod", "172.18.0.10", [], "socket-pod"),
    ("1.6.1 L7 balancer", "100.64.0.5", [CLIENT], "header-trusted"),
    ("L7 balancer that passes the source", CLIENT, [CLIENT], "socket-public-header-agrees"),
    ("3.3 ingress, Local", "172.18.0.17", [CLIENT], "header-trusted"),
    ("3.4 ingress, Cluster, node", "172.18.0.17", ["192.168.0.11"], "snat-before-proxy"),
    ("3.4 ingress, Cluster, bridge", "172.18.0.17", ["172.18.0.1"], "snat-before-proxy"),
    ("4.4 forged entry", "172.18.0.17", [f"1.2.3.4, {CLIENT}"], "header-trusted-claims-ignored"),
    ("forged entry, own field", "172.18.0.17", ["1.2.3.4", CLIENT], "header-trusted-claims-ignored"),
    ("pod through the ingress", "172.18.0.17", ["172.18.0.80"], "header-internal-client"),
    ("inside client through the ingress", "172.18.0.17", ["10.9.9.9"], "header-private-client"),
    ("2.6 L7, then Cluster: nodes not trusted", "192.168.0.17", [CLIENT], "header-from-untrusted-proxy"),
    ("balancer without a header", "100.64.0.5", [], "proxy-without-header"),
    ("stranger with a header", CLIENT, ["1.2.3.4"], "header-from-stranger"),
    ("stranger repeats itself behind a forged entry", CLIENT, [f"1.2.3.4, {CLIENT}"], "header-from-stranger"),
    ("port-forward", "127.0.0.1", [], "socket-loopback"),
    ("private, unknown", "10.9.9.9", [], "socket-private"),
    ("entry is no address", "172.18.0.17", ["unknown"], "hop-invalid"),
    ("all hops trusted", "172.18.0.17", ["100.64.0.5"], "all-trusted"),
    ("Service address as the source", "172.18.251.84", [], "address-impossible"),
    ("Service address in the header", "172.18.0.17", ["172.18.251.84"], "address-impossible"),
    ("UNIX socket", None, [], "peer-no-address"),
]


def judged(toml: str, peer: str | None, values: list[str]) -> str:
    """Return the code of the finding on a request."""
    headers = {"x-forwarded-for": values}
    explainer = Explainer(parse_config(toml, ""))
    return explainer.judge(explainer.peer(peer), headers)[1].code


@pytest.mark.parametrize(("peer", "values", "code"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_topologies(peer, values, code):
    """Each way of the article has its finding."""
    assert judged(NETWORK + TRUST, peer, values) == code


@pytest.mark.parametrize(
    ("toml", "peer", "values", "code"),
    [
        (NETWORK, "100.64.0.5", [CLIENT], "header-from-untrusted-proxy"),
        (NETWORK, "100.64.0.5", [], "proxy-without-header"),
        (NETWORK.replace("node_pod_prefix = 26", ""), "172.18.0.65", [], "socket-pod"),
        ("", "10.9.9.9", [CLIENT], "header-from-untrusted-proxy"),
        ("", "100.64.0.5", [], "socket-private"),
        ('[trust]\nranges = ["10.0.0.0/8"]\n', "10.9.9.9", [], "trusted-without-header"),
        ('[trust]\nstrategy = "rightmost-count:1"\n', "10.9.9.9", [CLIENT], "header-unguarded"),
        ('[trust]\nstrategy = "rightmost-count:1"\nranges = ["10.0.0.0/8"]\n', "10.9.9.9", [CLIENT], "header-trusted"),
        ('[trust]\nstrategy = "rightmost-count:3"\n', "10.9.9.9", [CLIENT], "too-few-hops"),
        ('[trust]\nstrategy = "leftmost-nonprivate"\n', "10.9.9.9", ["8.8.8.8"], "leftmost-believed"),
        ('[trust]\nstrategy = "rightmost-nonprivate"\n', "10.9.9.9", ["10.1.1.1"], "none-public"),
        ('[trust]\nstrategy = "chain(single-header:x-real-ip)"\n', "10.9.9.9", [CLIENT], "chain-exhausted"),
        (NETWORK + '[trust]\nranges = ["ingress"]\n', "172.18.0.17", ["100.64.0.5"], "proxy-not-trusted"),
    ],
)
def test_other_policies(toml, peer, values, code):
    """What the policy does not trust is told apart from what it does."""
    assert judged(toml, peer, values) == code


@pytest.mark.parametrize(("peer", "values"), [row[1:3] for row in ROWS], ids=[row[0] for row in ROWS])
def test_one_judge_says_of_each_request_what_a_new_one_says(peer, values):
    """What a judge has seen before changes no answer, nor does a peer that was judged once for many requests."""
    config = parse_config(NETWORK + TRUST, "")
    explainer = Explainer(config)
    known = explainer.peer(peer)
    for given in ([], values, [*values, "9.9.9.9"], [*values, *[""] * 50], values):
        headers = {"x-forwarded-for": given}
        fresh = Explainer(config)
        assert explainer.judge(known, headers) == fresh.judge(fresh.peer(peer), headers)
        assert explainer.judge(known, headers)[0] == config.policy.resolve(peer, headers)


def test_a_lost_address_may_be_a_program_on_the_node():
    """A node behind a trusted proxy is no proof of NAT: title and cause say what else it may be."""
    finding = FINDINGS["snat-before-proxy"]
    assert finding.verdict == "lost"
    assert "unless a program on that node" in finding.title
    assert "a program on that node called" in finding.cause


def test_every_finding_is_complete():
    """Codes are kebab-case and verdicts known; the placeholders are those that get filled in."""
    for code, finding in FINDINGS.items():
        assert code == finding.code
        assert not code.strip(string.ascii_lowercase + "-")
        assert finding.verdict in VERDICTS
        for part in finding[2:]:
            assert part
            names = {name for _, name, _, _ in string.Formatter().parse(part) if name}
            assert names <= {"peer", "client", "hop", "header"}


def test_every_combination_has_a_finding():
    """No combination of reason and meanings is without a finding."""
    topology = Explainer(parse_config(NETWORK, "")).topology
    codes = {meaning.code for _, meaning in topology._known} | {"public", "bridge", "invalid"}
    for reason in REASONS:
        for peer in codes:
            for client in codes:
                for entries, claims, guarded in ((0, 0, True), (1, 0, False), (3, 2, True)):
                    assert choose(
                        reason, peer, client, entries=entries, claims=claims, last_is_peer=False, guarded=guarded
                    )
