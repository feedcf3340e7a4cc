"""From kubectl's JSON to a verdict: the file that is written makes the server call addresses what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from echo.clientip import Config, load_config, parse_address
from echo.clientip.dialects import Arrival
from echo.explain import Explainer
from echo.topology.command import topology
from tests.echo.topology import clusters
from tests.echo.topology.clusters import Json

CLIENT = "8.8.8.8"


def configured(folder: Path, cluster: Json) -> Config:
    """Return what the server reads of the file that the command writes."""
    (folder / "kubectl.json").write_text(json.dumps(cluster))
    done = CliRunner().invoke(topology, [str(folder / "kubectl.json")], catch_exceptions=False)
    assert done.exit_code == 0
    (folder / "whofrom.toml").write_text(done.stdout)
    return load_config(str(folder / "whofrom.toml"))


MEANINGS = [
    ("tke", "192.168.0.11", "node"),
    ("tke", "192.168.0.17", "node"),
    ("tke", "172.18.0.65", "bridge"),
    ("tke", "172.18.0.1", "bridge"),
    ("tke", "172.18.0.80", "pod"),
    ("tke", "172.18.0.2", "pod"),
    ("tke", "192.168.253.9", "pod"),
    ("tke", "192.168.253.10", "ingress"),
    ("tke", "100.64.0.5", "load-balancer"),
    ("tke", "198.51.100.111", "node-external"),
    ("tke", "172.18.251.84", "service"),
    ("tke", "172.18.253.247", "service"),
    ("tke", CLIENT, "public"),
    ("kind", "172.19.0.3", "node"),
    ("kind", "10.244.1.1", "bridge"),
    ("kind", "10.244.7.1", "bridge"),  # of a node that will join
    ("kind", "10.244.0.3", "pod"),
    ("kind", "10.244.0.5", "ingress"),
    ("kind", "10.96.31.8", "service"),
    ("k3s", "10.42.0.7", "service-lb"),
    ("k3s", "10.42.0.8", "ingress"),
    ("k3s", "10.42.0.1", "bridge"),
    ("k3s", "10.42.0.0", "bridge"),  # flannel.1
    ("k3s", "10.42.0.9", "pod"),
    ("gke", "35.191.12.4", "load-balancer"),
    ("gke", "10.4.1.1", "bridge"),
    ("eks", "10.0.1.77", "pod"),
    ("eks", "10.0.1.10", "node"),
    ("dual_stack", "fd00:10:244:1::1", "bridge"),
    ("dual_stack", "fd00:10:244:1::3", "pod"),
    ("dual_stack", "10.244.1.1", "bridge"),
    ("dual_stack", "2001:db8::5", "node"),
    ("dual_stack", "fd00:10:96::7b1", "service"),
    ("calico", "192.168.25.64", "bridge"),
    ("calico", "192.168.183.67", "pod"),
]


@pytest.mark.parametrize(("name", "address", "code"), MEANINGS)
def test_addresses_are_called_what_they_are(name: str, address: str, code: str, tmp_path: Path) -> None:
    explainer = Explainer(configured(tmp_path, clusters.CLUSTERS[name]()))
    assert explainer.topology.meaning(parse_address(address)).code == code


VERDICTS = [
    # the article's section, peer, X-Forwarded-For, client, verdict
    ("3.1.1", "192.168.253.10", CLIENT, CLIENT, "preserved-in-header"),
    ("1.5.2", CLIENT, None, CLIENT, "preserved-at-socket"),
    ("1.3.3", "172.18.0.10", None, "172.18.0.10", "preserved-at-socket"),
    ("a stranger's header", "9.9.9.9", CLIENT, "9.9.9.9", "untrusted-header"),
    ("a node is not trusted", "192.168.0.11", CLIENT, "192.168.0.11", "untrusted-header"),
]


@pytest.mark.parametrize(("section", "peer", "header", "client", "verdict"), VERDICTS, ids=[row[0] for row in VERDICTS])
def test_requests_are_judged(
    section: str, peer: str, header: str | None, client: str, verdict: str, tmp_path: Path
) -> None:
    explainer = Explainer(configured(tmp_path, clusters.tke()))
    fields = [("X-Forwarded-For", header)] if header else []
    found = explainer.explain("", Arrival(peer, fields, None), ())
    assert (str(found.resolution.client), found.finding.verdict) == (client, verdict), section


def test_google_walks_past_the_balancers_own_address(tmp_path: Path) -> None:
    """`client, balancer` is what Google's L7 balancer writes; the client is the first that is not trusted."""
    explainer = Explainer(configured(tmp_path, clusters.gke()))
    found = explainer.explain("", Arrival("35.191.12.4", [("X-Forwarded-For", f"{CLIENT}, 198.51.100.77")], None), ())
    assert str(found.resolution.client) == CLIENT
