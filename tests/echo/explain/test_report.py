"""/explain as text and as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import Config, parse_config
from echo.clientip.dialects import DIALECTS, Arrival
from echo.clientip.dialects.names import parse_names
from echo.explain import Explainer, explain_json, explain_text
from echo.explain.report import JSON_KEYS
from echo.handshake import LINK_GATEWAY, Handshake

TRUSTING = parse_config('[network]\ningress = ["10.0.0.9"]\n[trust]\nranges = ["ingress"]\n', "whofrom.toml")
HOSTILE = "\x1b[31mred\x07 \u202eevil <script>alert(1)</script> " + "A" * 8000


def explained(config: Config, peer: str, *fields: str, target: str = "/explain", names: str = ""):
    """Return the explanation of a request from peer with X-Forwarded-For fields."""
    arrival = Arrival(f"{peer}:40000", [("X-Forwarded-For", field) for field in fields])
    return Explainer(config).explain(f"GET {target}", arrival, parse_names(names, DIALECTS) if names else ())


EXPECTED = """\
Client:  81.2.69.142, a public address
Verdict: PRESERVED in a header (header-trusted-claims-ignored)

The client's address arrived in the X-Forwarded-For header; what the client
itself claimed was ignored.

Why:     The entries left of 81.2.69.142, or another header that no proxy
         overwrites, were sent by 81.2.69.142 itself: forged, or written by an
         outer proxy that is not trusted.
To do:   If 81.2.69.142 is your outer proxy, add it to [trust] ranges. If not,
         nothing to do: the claims decide nothing. Make sure that no other
         program takes the leftmost entry.
See: https://www.rfc-editor.org/rfc/rfc7239#section-8

The way of the request, from the far end to this server:
   1. 1.2.3.4  [claim, ignored]
      a public address (in no special-purpose range); not trusted; read from
      X-Forwarded-For
   2. 81.2.69.142  [the client]
      a public address (in no special-purpose range); not trusted; read from
      X-Forwarded-For
   3. 10.0.0.9  [trusted proxy]
      an ingress controller ([network] ingress of 'whofrom.toml'); trusted; read
      from the connection
   4. this server

Policy:  rightmost-untrusted:x-forwarded-for. The rightmost hop that is in no
         trusted range, the peer included. Trusted: 10.0.0.9; read from
         X-Forwarded-For (from whofrom.toml).
Asked:   GET /explain
"""
LOST = """\
Client:  unknown; in its place stands 192.168.0.17, a cluster node
Verdict: LOST at 192.168.0.17, a cluster node (snat-at-node)

The client's address was lost at the node 192.168.0.17, which put its own in its
place.

Why:     The connection was forwarded by that node, and the node's kube-proxy
         masqueraded it (SNAT), as it does for a Service with
         externalTrafficPolicy: Cluster: the answer must come back through the
         node.
Who:     It may be
         1. a client outside the cluster, whose address the node replaced by its
            own
         2. a pod, masqueraded by its node since it called an address outside
            the cluster's own
Seen:    Its first packet came with TTL 61: 3 routers between; more than its own
         connections would meet: it was forwarded for somebody else. Its frame
         was sent by this pod's node. The answer to ours took 23.4 ms. It takes
         segments of 1460 bytes (1460 on plain Ethernet, less in tunnels).
To do:   Set externalTrafficPolicy: Local on the Service, have the load balancer
         connect to the pods directly, or have it speak HTTP or PROXY protocol
         and say who the client is.

    # One of the two, on the Service that the balancer points at:
    # 1. kubectl patch service NAME --patch-file FILE
    #    Nodes without a pod then drop what reaches them: the balancer's health
    #    check (healthCheckNodePort) keeps them out.
    spec:
      externalTrafficPolicy: Local
    # 2. or have the balancer connect to the pods, past kube-proxy:
    # metadata:
    #   annotations:
    #     service.cloud.tencent.com/direct-access: "true"     # TKE, VPC-CNI
    #     # AWS
    #     service.beta.kubernetes.io/aws-load-balancer-nlb-target-type: ip
    #     cloud.google.com/neg: '{"ingress": true}'                    # GKE

See: docs/how-to/topologies.md, section 1.4.1, 2.4
     https://kubernetes.io/docs/tutorials/services/source-ip/

The way of the request, from the far end to this server:
   1. 192.168.0.17  [the client's address was lost here]
      a cluster node ([network] nodes of 'whofrom.toml'); not trusted; read from
      the connection
   2. this server

Policy:  remote-addr. The peer, whatever the headers say. No range is trusted,
         so no header is believed (from whofrom.toml).
Asked:   GET /explain
"""


def test_text():
    """The text names client, verdict, reason, remedy, each hop and the policy in force."""
    assert explain_text(explained(TRUSTING, "10.0.0.9", "1.2.3.4, 81.2.69.142")).decode() == EXPECTED


def test_text_of_what_is_lost():
    """Of a lost address it names the hop, who may be behind it, what was seen, and the file to apply."""
    network = parse_config('[network]\nnodes = ["192.168.0.0/24"]\n', "whofrom.toml")
    arrival = Arrival("192.168.0.17:40000", [])
    handshake = Handshake(61, 1460, 23_400, LINK_GATEWAY)
    assert explain_text(Explainer(network).explain("GET /explain", arrival, handshake=handshake)).decode() == LOST


def paths(document, at=""):
    """Yield the keys of a JSON document as the table spells them."""
    for key, value in document.items():
        first = value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
        name = f"{at}{key}{'[]' if first is not value else ''}"
        if isinstance(first, dict) and at != "request." and name != "others[].sends":
            yield from paths(first, f"{name}.")
        else:
            yield name


def test_the_table_of_keys_is_what_the_json_has():
    """Every key is documented, in its order, and every documented key comes."""
    network = parse_config('[network]\nnodes = ["10.0.0.9"]\n', "")
    arrival = Arrival("10.0.0.9:1", [("User-Agent", "kube-probe/1")])
    spoken = parse_names("nginx-recursive-on", DIALECTS)
    lost = Explainer(network).explain("GET /", arrival, spoken, handshake=Handshake(61, 1460, 900))
    assert list(paths(json.loads(explain_json(lost)))) == list(JSON_KEYS)


def test_json():
    """The JSON is versioned and says the same."""
    document = json.loads(explain_json(explained(TRUSTING, "10.0.0.9", "1.2.3.4", "81.2.69.142")))
    assert document["v"] == 1
    assert document["client"]["ip"] == "81.2.69.142"
    assert [hop["role"] for hop in document["hops"]] == ["claim", "client", "trusted"]
    assert [hop["class"] for hop in document["hops"]] == ["public", "public", "ingress"]
    assert document["policy"]["trusted"] == ["10.0.0.9"]
    assert document["request"] == {
        "method": "GET",
        "target": "/explain",
        "host": None,
        "headers": [["X-Forwarded-For", "1.2.3.4"], ["X-Forwarded-For", "81.2.69.142"]],
        "peer": {"ip": "10.0.0.9", "port": 40000},
        "proxied": None,
        "connection": {"id": None, "request": None},
    }


def test_json_of_what_is_lost():
    """It names the hop, the stories with the address that would be the client's, and the evidence."""
    network = parse_config('[network]\nnodes = ["192.168.0.0/24"]\n', "")
    explainer = Explainer(network)
    handshake = Handshake(61, 1460, 23_400)
    document = json.loads(explain_json(explainer.explain("", Arrival("192.168.0.17", []), handshake=handshake)))
    assert document["lost_at"] == {"ip": "192.168.0.17", "class": "node", "class_source": "[network] nodes"}
    assert [one["story"] for one in document["candidates"]] == ["outside-client", "pod-masqueraded"]
    assert {one["code"]: one["forgeable"] for one in document["evidence"]} == {
        "syn-ttl": False,
        "round-trip": False,
        "mss": False,
    }
    suspected = json.loads(explain_json(explainer.explain("", Arrival("192.168.0.17", []))))
    assert [one["client"] for one in suspected["candidates"]] == [None, "192.168.0.17", None]


def test_trusting_nobody_is_said():
    """Without trust the text says that no header is believed, and how to change that."""
    text = explain_text(explained(parse_config("", ""), "10.0.0.9", "81.2.69.142")).decode()
    assert "No range is trusted, so no header is believed." in " ".join(text.split())
    assert "--trust 10.0.0.9" in " ".join(text.split())


@pytest.mark.parametrize("field", [HOSTILE, "1.2.3.4," + HOSTILE, "\r\nX: y", ",,,,", "\x9b31m", "\x00"])
def test_hostile_headers_are_harmless(field):
    """Header text cannot move the cursor, and cannot flood the page."""
    for config in (TRUSTING, parse_config("", "")):
        explanation = explained(config, "10.0.0.9", field)
        text = explain_text(explanation).decode()
        assert all(char == "\n" or char.isprintable() for char in text)
        assert len(text) < 4000
        assert json.loads(explain_json(explanation))["v"] == 1


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_header_fits_the_page(fields):
    """Whatever was sent, lines are printable and at most 80 columns, but for a hop's own text."""
    text = explain_text(explained(TRUSTING, "10.0.0.9", *[field.replace("\ud800", "") for field in fields])).decode()
    for line in text.splitlines():
        assert line.isprintable()
        assert len(line) <= 80


def test_long_chains_are_cut():
    """Of a long chain the right end is shown, and how much is hidden."""
    explanation = explained(TRUSTING, "10.0.0.9", ", ".join(["1.2.3.4"] * 1000))
    assert explanation.hidden == 950
    assert "  … 950 more, further left\n" in explain_text(explanation).decode()
