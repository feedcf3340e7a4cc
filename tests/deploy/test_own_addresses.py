"""README: asked in a cluster to which an overlay was applied, `whofrom topology` trusts whom the overlay trusts."""

import json
import tomllib

import pytest
from click.testing import CliRunner

from echo.topology.documents import KUBECTL
from pipeline.cli import whofrom
from tests.cluster.article import NODES, PROVIDER, ingress_class, node, pod, slice_of
from tests.deploy.rendered import DEPLOY, needs_kubectl, rendered

# what no object of the cluster tells: PROXY is switched on at the balancer
UNTOLD = {"proxy-protocol"}
OVERLAYS = sorted({path.name for path in (DEPLOY / "overlays").iterdir()} - UNTOLD)
# where the provider's name decides; the article's cluster elsewhere
PROVIDERS = {"aws-nlb": "aws:///eu-central-1a/i-0abc", "gke": "gce://project/europe-west3-a/node", "kind": "kind://x"}
CLUSTER_IP = "172.18.251.84"


def cluster(overlay):
    """Return what kubectl says of the article's cluster once the overlay is applied and has its addresses."""
    provider = PROVIDERS.get(overlay, PROVIDER)
    items = [node(address, block, provider) for address, block in NODES.items()]
    addresses = {"whofrom": "172.18.0.80", "ingress-nginx": "172.18.0.17"}
    for service in rendered(f"overlays/{overlay}").values():
        if service["kind"] != "Service":
            continue
        namespace, spec = service["metadata"]["namespace"], service["spec"]
        ports = [{**port, "nodePort": port.get("nodePort", 30080)} for port in spec["ports"]]
        filled = spec | {"clusterIP": CLUSTER_IP, "clusterIPs": [CLUSTER_IP], "ports": ports}
        items.append(service | {"spec": filled})
        items.append(slice_of(service, addresses[namespace]))
        items.append(pod(f"{namespace}-1", namespace, spec["selector"], namespace, addresses[namespace]))
    given = rendered(f"overlays/{overlay}").values()
    items += [document for document in given if document["kind"] in ("Ingress", "ConfigMap")]
    items.append(ingress_class())
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_overlay_and_the_command_trust_the_same(overlay):
    done = CliRunner().invoke(whofrom, ["topology"], input=cluster(overlay), catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    proposed = tomllib.loads(done.stdout)
    shipped = tomllib.loads((DEPLOY / "overlays" / overlay / "whofrom.toml").read_text("utf-8"))
    assert proposed["trust"]["ranges"] == shipped["trust"]["ranges"]


def test_the_readme_asks_kubectl_for_what_the_command_reads():
    readme = (DEPLOY / "README.md").read_text("utf-8").replace(" \\\n    ", " ")
    assert f"$ {KUBECTL} | whofrom topology > " in readme
