"""The command as a user meets it; and any JSON at all, which must never be a traceback."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from echo.clientip import Fault, load_config, parse_config
from echo.topology import command
from echo.topology.cluster import READERS, Cluster
from echo.topology.documents import documents
from echo.topology.known import CNIS, CONTROLLERS
from echo.topology.proposal import propose
from echo.topology.view import Complaints
from tests.echo.topology import clusters
from tests.echo.topology.clusters import Json, listed

WHOFROM = str(Path(sys.executable).parent / "whofrom")


def whofrom(*args: str | Path, stdin: bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [WHOFROM, "topology", *map(str, args)], cwd=cwd, input=stdin, capture_output=True, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_one_list_from_standard_input_by_either_name() -> None:
    data = json.dumps(clusters.tke()).encode()
    first, second = whofrom(stdin=data), whofrom("-", stdin=data)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == second.stdout
    assert tomllib.loads(first.stdout)["network"]["services"] == ["172.18.240.0/20"]


def test_several_files_say_what_one_does(tmp_path: Path) -> None:
    items = clusters.tke()["items"]
    (tmp_path / "a.json").write_text(json.dumps(listed(*items[:9])))
    (tmp_path / "b.json").write_text("".join(json.dumps(item) for item in items[7:]))  # two of them in both
    apart = whofrom("a.json", "b.json", cwd=tmp_path)
    assert apart.returncode == 0
    assert apart.stdout == whofrom(stdin=json.dumps(clusters.tke()).encode()).stdout


def test_remarks_go_to_standard_error() -> None:
    done = whofrom(stdin=json.dumps(clusters.kind()).encode())
    assert done.returncode == 0
    assert done.stderr.startswith("ConfigMap ingress-nginx/ingress-nginx-controller has nginx believe everybody's")
    assert "believe" not in done.stdout


BAD = [
    (
        b"NAME STATUS\n",
        "whofrom: error: standard input line 1 column 1: no JSON: Expecting value; write it with -o json: ",
    ),
    (
        b"",
        "whofrom: error: no node, pod or Service with an address in the input; make it with: kubectl",
    ),
    (b'{"kind": "List", "items": []}', "whofrom: error: no node, pod or Service with an address in the input"),
    (b'{"kind": "Service", "spec": {"type": "NodePort"}}', "whofrom: error: no node, pod or Service with an address"),
    (b'{"kind": "Secret", "data": {"a": "hunter2-SECRET"}}', "whofrom: error: no node, pod or"),
    (b"[" * 100_000, "whofrom: error: standard input: nested deeper"),
]


@pytest.mark.parametrize(("data", "said"), BAD, ids=[str(row[0][:20]) for row in BAD])
def test_bad_input_is_one_line_and_exit_code_1(data: bytes, said: str) -> None:
    done = whofrom(stdin=data)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert "hunter2" not in done.stderr


def test_what_was_passed_over_is_said_before_the_end() -> None:
    done = whofrom(stdin=b'[{"kind": "Node"}]')
    assert (done.returncode, done.stdout) == (1, "")
    first, second = done.stderr.splitlines()
    assert first == "standard input: a list where an object of Kubernetes was expected; passed over"
    assert second.startswith("whofrom: error: no node")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    missing = whofrom("no\x1b[31m.json", cwd=tmp_path)
    assert missing.returncode == 1
    assert missing.stderr == (
        "whofrom: error: no\\x1b[31m.json: cannot read it: No such file or directory; name a file of kubectl's JSON\n"
    )
    assert whofrom(".", cwd=tmp_path).returncode == 1
    assert whofrom("--nonsense").returncode == 2


def test_more_input_than_we_take_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps(clusters.kind()).encode()
    (tmp_path / "a.json").write_bytes(data)
    assert command.read(str(tmp_path / "a.json"), "a.json", len(data)) == data
    with pytest.raises(Fault) as fault:
        command.read(str(tmp_path / "a.json"), "a.json", len(data) - 1)
    assert str(fault.value) == "a.json: more than 256 MiB of input; give it fewer namespaces, or leave configmaps out"
    monkeypatch.setattr(command, "MAX_CONFIG_BYTES", 100)
    with pytest.raises(Fault, match="more than the 100 bytes that whofrom reads"):
        command.topology.callback((str(tmp_path / "a.json"),))  # type: ignore[misc]


def test_toml_is_utf_8_whatever_the_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    cluster = listed(
        clusters.pod("é漢", "d", ["10.0.0.9"], labels={"app": "x"}),
        clusters.service("é漢", "d", ["10.96.0.9"], "NodePort", selector={"app": "x"}),
    )
    done = whofrom(stdin=json.dumps(cluster).encode())
    assert tomllib.loads(done.stdout)["network"]["service"][0]["name"] == "d/é漢"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command_line = f"{shlex.quote(str(WHOFROM))} topology | head -n 1"
    data = json.dumps(clusters.tke()).encode()
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command_line}"], input=data, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_written_is_a_file_for_the_server(tmp_path: Path) -> None:
    done = whofrom(stdin=json.dumps(clusters.dual_stack()).encode())
    (tmp_path / "whofrom.toml").write_text(done.stdout)
    config = load_config(str(tmp_path / "whofrom.toml"))
    assert config.node_pod_prefix == 24
    assert config.services[0].policy == "Local"


# what may stand anywhere: any text, and the texts that the rules look for
KNOWN = [
    "List", "NodeList", "InternalIP", "ExternalIP", "LoadBalancer", "NodePort", "Local", "Cluster", "true", "ip",
    "qcloud://x", "gce://x", "aws://x", "qcloud", "gce", "alb", "a", "b", "kube-system", "edge", "IPv6", "None",
    "k8s.io/ingress-nginx", '{"ingress":true}', "--cluster-cidr=10.244.0.0/16", "--configmap=$(POD_NAMESPACE)/a",
    "192.0.2.4", "10.244.0.1", "10.244.0.9", "100.64.0.9", "0.0.0.0", "0.0.0.0/32", "::1", "fd00::9",
    "::ffff:10.0.0.1", "10.244.0.0/24", "10.244.1.0/24", "0.0.0.0/0", "10.0.0.0/8", "100.64.0.0/10", "fd00::/64",
    "2001:db8::/32",
]  # fmt: skip
AGENTS = [agent for cni in CNIS for agent in cni.agents]
IMAGES = [image for one in CONTROLLERS for image in one.images]
TEXTS = st.one_of(
    st.text(st.characters(), max_size=12),  # half a surrogate pair included, as JSON's escapes allow
    st.sampled_from([*KNOWN, *READERS, *AGENTS, *IMAGES]),
)
ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def check(data: bytes) -> None:
    """Read, propose, and read what came out; nothing but a Fault may be raised."""
    cluster, say = Cluster(), Complaints()
    try:
        cluster.add(documents(data, "x"), "x", say)
    except Fault:
        return
    made = propose(cluster)
    parse_config(made.toml, "")
    assert all(line.isprintable() for line in made.toml.splitlines())
    assert clusters.SECRET not in made.toml + "".join(made.notes) + "".join(say.lines())


@given(ANY)
def test_any_json(document: Any) -> None:
    check(json.dumps(document).encode())


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    check(data)


@st.composite
def broken_clusters(draw: st.DrawFn) -> Json:
    """A real cluster in which some values are something else."""
    cluster = json.loads(json.dumps(clusters.CLUSTERS[draw(st.sampled_from(list(clusters.CLUSTERS)))]()))
    for _ in range(draw(st.integers(1, 12))):
        at: Any = cluster
        while True:
            key = draw(st.sampled_from(list(at) if isinstance(at, dict) else range(len(at))))
            inner = at[key]
            if not isinstance(inner, (dict, list)) or not inner or draw(st.integers(0, 9)) == 0:
                at[key] = draw(st.one_of(TEXTS, TEXTS, TEXTS, ANY))
                break
            at = inner
        if not isinstance(cluster.get("items"), list) or not cluster["items"]:
            break
    found: Json = cluster
    return found


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(broken_clusters())
def test_any_cluster(cluster: Json) -> None:
    check(json.dumps(cluster).encode())
