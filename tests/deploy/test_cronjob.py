"""
deploy/components/cronjob: what it adds to an overlay, and its very commands run, on a bucket and folders in place of
the volumes. No pod runs here: what the kubelet does with a job is not shown.
"""

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from pipeline.lake import Lake
from tests.cluster.server import cluster
from tests.deploy.rendered import DEPLOY, check_valid, identity, kustomize, needs_kubectl, only, rendered
from tests.pipeline.sources.servers import s3
from tests.pipeline.sources.wrappers.shipped import TOLD

COMPONENT = DEPLOY / "components" / "cronjob"
JOBS = ("whofrom-ingest", "whofrom-alerts", "whofrom-keep")
LABELS = {"app.kubernetes.io/name": "whofrom-pipeline"}
NOW = datetime.now(UTC)
SECONDS = 60


def overlaid(folder):
    """Return the kustomization.yaml of docs/how-to/cronjob.md: an overlay, the component, the name of the bucket."""
    return {
        "resources": [os.path.relpath(DEPLOY / "overlays" / "local", folder)],
        "components": [os.path.relpath(COMPONENT, folder)],
        "patches": [
            {
                "target": {"kind": "CronJob", "name": "whofrom-ingest"},
                "patch": json.dumps(
                    [
                        {
                            "op": "replace",
                            "path": "/spec/jobTemplate/spec/template/spec/containers/0/args/1",
                            "value": "s3://logs/requests/",
                        }
                    ]
                ),
            }
        ],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("overlay")
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlaid(folder)))
    return folder


@pytest.fixture(scope="module")
def documents(folder):
    return {identity(document): document for document in yaml.safe_load_all(kustomize(folder))}


def pod(documents, name):
    return documents["CronJob", "whofrom", name]["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(documents, name):
    """Return a job's containers in the order in which they run."""
    spec = pod(documents, name)
    return [*spec.get("initContainers", []), *spec["containers"]]


# --- what it adds -----------------------------------------------------------------------------------------------------


@needs_kubectl
def test_it_adds_to_the_overlay_and_changes_nothing_of_it(documents):
    before = rendered("overlays/local")
    assert before.items() <= documents.items()
    added = sorted((kind, namespace, name) for kind, namespace, name in documents.keys() - before.keys())
    assert added == [
        *(("CronJob", "whofrom", name) for name in sorted(JOBS)),
        ("NetworkPolicy", "whofrom", "whofrom-pipeline"),
        ("PersistentVolumeClaim", "whofrom", "whofrom-lake"),
    ]
    for document in documents.values():
        check_valid(document)


@needs_kubectl
@pytest.mark.parametrize("name", JOBS)
def test_a_job_meets_the_restricted_pod_security_standard_of_its_namespace(documents, name):
    """As check_restricted asks of the server, but that a lake needs volumes."""
    spec = pod(documents, name)
    assert {key: spec["securityContext"][key] for key in ("runAsNonRoot", "runAsUser", "seccompProfile")} == {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert spec["automountServiceAccountToken"] is False
    kinds = {"configMap", "emptyDir", "persistentVolumeClaim"}
    assert all((volume.keys() - {"name"}) <= kinds for volume in spec["volumes"])
    for container in containers(documents, name):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


@needs_kubectl
@pytest.mark.parametrize("name", JOBS)
def test_a_job_runs_alone_fails_with_its_command_and_hangs_for_an_hour_at_most(documents, name):
    spec = documents["CronJob", "whofrom", name]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (0, 3600)
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    for container in containers(documents, name):  # nothing between the command's exit code and the job
        assert container.keys().isdisjoint({"command", "lifecycle"})


@needs_kubectl
def test_jobs_do_not_begin_at_the_same_minute(documents):
    minutes = [documents["CronJob", "whofrom", name]["spec"]["schedule"].split()[0] for name in JOBS]
    first = [int(re.match(r"\d+", text)[0]) % 15 for text in minutes]
    assert len(set(first)) == len(JOBS)


@needs_kubectl
@pytest.mark.parametrize("name", JOBS)
def test_a_jobs_pods_are_not_the_servers(documents, name):
    template = documents["CronJob", "whofrom", name]["spec"]["jobTemplate"]["spec"]["template"]
    assert template["metadata"]["labels"] == LABELS
    term = template["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][0]
    assert term["labelSelector"]["matchLabels"] == LABELS  # all of them: a lake's volume is at one node at a time
    service = only(rendered("overlays/local"), "Service")
    assert not service["spec"]["selector"].items() <= LABELS.items()


@needs_kubectl
@pytest.mark.parametrize("name", JOBS)
def test_it_reads_the_servers_own_configuration(documents, name):
    (server,) = (one for kind, _, one in documents if kind == "ConfigMap")
    volumes = {volume["name"]: volume for volume in pod(documents, name)["volumes"]}
    assert volumes["config"]["configMap"]["name"] == server
    assert volumes["lake"]["persistentVolumeClaim"]["claimName"] == "whofrom-lake"


@needs_kubectl
def test_a_cluster_takes_it_and_runs_a_job_by_hand(folder, tmp_path):
    with cluster(tmp_path, []) as running:
        assert "cronjob.batch/whofrom-ingest created" in running.kubectl("apply", "-k", str(folder)).stdout
        again = running.kubectl("apply", "-k", str(folder)).stdout
        assert "cronjob.batch/whofrom-ingest unchanged" in again
        # what kubectl makes, as JSON: it would send its own binary form, which this server does not read
        job = running.kubectl(
            "create", "job", "-n", "whofrom", "--from=cronjob/whofrom-ingest", "now", "--dry-run=client", "-o", "json"
        )
        assert running.kubectl("apply", "-f", "-", stdin=job.stdout).stdout == "job.batch/now created\n"


# --- its commands -----------------------------------------------------------------------------------------------------


def record(number, target="/", status=200):
    at = NOW - timedelta(minutes=5) + timedelta(milliseconds=number)
    told = {"ts": f"{at:%Y-%m-%dT%H:%M:%S.%f}Z", "connection_id": str(number), "target": target, "status": status}
    return json.dumps(TOLD | told, separators=(",", ":")) + "\n"


def uploaded(store, key, first, count, **more):
    lines = "".join(record(number, f"/{number}.php", **more) for number in range(first, first + count))
    store.put(f"requests/{key}", gzip.compress(lines.encode()))


@pytest.fixture
def mounted(documents, tmp_path):
    """The volumes: mountPath → folder."""
    found = {"/var/lib/whofrom": tmp_path / "lake", "/etc/whofrom": tmp_path / "etc", "/tmp": tmp_path / "tmp"}
    for folder in found.values():
        folder.mkdir()
    (server,) = (document for (kind, _, _), document in documents.items() if kind == "ConfigMap")
    (found["/etc/whofrom"] / "whofrom.toml").write_text(server["data"]["whofrom.toml"])
    return found


def started(container, mounted, store):
    """Start a container's command with its arguments and its environment, and nothing of this machine's."""
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == mounted.keys()
    paths = re.compile("|".join(f"^{path}(?=/)" for path in mounted))
    said = {entry["name"]: paths.sub(lambda at: str(mounted[at[0]]), entry["value"]) for entry in container["env"]}
    environment = {**said, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(mounted["/tmp"]), "HOME": "/"}
    if "envFrom" in container:
        environment |= store.environ
    command = [sys.executable, "-m", "pipeline.cli", *container["args"]]
    return subprocess.Popen(
        command, env=environment, cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def ran(documents, name, mounted, store):
    """Run a job as the kubelet does, container by container until one fails; return its exit code and all it said."""
    code, said = 0, ""
    for container in containers(documents, name):
        process = started(container, mounted, store)
        out, err = process.communicate(timeout=SECONDS)
        code, said = process.returncode, said + out + err
        if code:
            break
    return code, said


def rows(mounted):
    from pipeline.engine.duckdb import Engine

    sql = "SELECT count(*) AS n, count(DISTINCT connection_id) AS d FROM requests"
    (found,) = Engine(Lake(str(mounted["/var/lib/whofrom"] / "lake"))).query(sql).to_pylist()
    return found["n"], found["d"]


@needs_kubectl
def test_the_jobs_do_what_they_are_for_and_again_nothing(documents, mounted):
    with s3() as store:
        uploaded(store, "2026/1.log.gz", 0, 130, status=404)
        uploaded(store, "2026/2.log.gz", 130, 10)
        code, said = ran(documents, "whofrom-ingest", mounted, store)
        assert (code, rows(mounted)) == (0, (140, 140)), said
        code, said = ran(documents, "whofrom-ingest", mounted, store)
        assert (code, rows(mounted)) == (0, (140, 140)), said
        assert said.count("nothing new") == 2
        uploaded(store, "2026/3.log.gz", 140, 5)
        code, said = ran(documents, "whofrom-ingest", mounted, store)
        assert (code, rows(mounted)) == (0, (145, 145)), said
    code, said = ran(documents, "whofrom-alerts", mounted, store)
    assert code == 0, said
    assert [json.loads(line)["rule"] for line in said.splitlines() if line.startswith("{")] == ["probing", "crawling"]
    code, said = ran(documents, "whofrom-alerts", mounted, store)
    assert (code, "{" in said) == (0, False), said
    code, said = ran(documents, "whofrom-keep", mounted, store)
    assert (code, rows(mounted)) == (0, (145, 145)), said
    assert '"files_before":3,"files_after":1' in said


@needs_kubectl
def test_a_job_that_was_killed_is_gone_on_with(documents, mounted):
    """At any instant: here as soon as something is committed, with more to come."""
    with s3() as store:
        for number in range(12):
            uploaded(store, f"{number:02}.log.gz", number * 2000, 2000)
        (container,) = containers(documents, "whofrom-ingest")
        process = started(container, mounted, store)
        log = mounted["/var/lib/whofrom"] / "lake" / "requests" / "_delta_log"
        end = time.monotonic() + SECONDS
        while len(list(log.glob("*.json"))) < 3 and time.monotonic() < end:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert 0 < rows(mounted)[0] < 24_000
        assert ran(documents, "whofrom-ingest", mounted, store)[0] == 0
        assert rows(mounted) == (24_000, 24_000)


@needs_kubectl
def test_a_job_fails_where_its_command_does(documents, mounted):
    """What could be read is in the lake all the same."""
    with s3() as store:
        code, said = ran(documents, "whofrom-ingest", mounted, store)
        assert (code, "no such object" in said) == (1, True), said
        uploaded(store, "good.log.gz", 0, 3)
        store.put("requests/bad.log.gz", gzip.compress(record(1).encode() * 100)[:-20])
        code, said = ran(documents, "whofrom-ingest", mounted, store)
        assert (code, rows(mounted)) == (1, (3, 3)), said
