"""
deploy/spark: what operators and spark-submit are told, and the entry point of the pods that Spark makes.

No operator is on any registry that tests may use, so none is run here: manifests are held to the fields that operators'
own schemas have (FIELDS says which schemas), and their pods to Kubernetes'. The entry point is run as Spark would.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.rendered import DEPLOY, check_valid, needs_kubectl, rendered

SPARK = DEPLOY / "spark"
ENTRYPOINT = SPARK / "entrypoint.py"
POD = "pod template"
# kubeflow/spark-operator at 38082f33 (2026-08-21): charts/spark-operator-chart/crds/
KUBEFLOW = {
    "type": ("Java", "Python", "Scala", "R"), "pythonVersion": ("2", "3"), "mode": ("cluster", "client"),
    "sparkVersion": str, "image": str, "imagePullPolicy": str, "mainApplicationFile": str, "arguments": [str],
    "restartPolicy": {"type": ("Never", "Always", "OnFailure")},
    "driver": {"cores": int, "memory": str, "memoryOverhead": str, "serviceAccount": str, "template": POD},
    "executor": {"instances": int, "cores": int, "memory": str, "memoryOverhead": str, "template": POD},
}  # fmt: skip
NEEDED = {"driver", "executor", "mainApplicationFile", "sparkVersion", "type"}
# file -> the apiVersion and kind of its schema, the fields that are used with their types or values, those it must have
FIELDS: dict[str, tuple[str, str, dict[str, Any], set[str]]] = {
    "kubeflow/ingest.yaml": (
        "sparkoperator.k8s.io/v1beta2", "ScheduledSparkApplication",
        {
            "schedule": str, "timeZone": str, "concurrencyPolicy": ("Allow", "Forbid", "Replace"),
            "successfulRunHistoryLimit": int, "failedRunHistoryLimit": int, "template": KUBEFLOW,
        },
        {"schedule", "template"},
    ),
    "kubeflow/attacks.yaml": ("sparkoperator.k8s.io/v1beta2", "SparkApplication", KUBEFLOW, NEEDED),
    # apache/spark-kubernetes-operator at d5acafd (2026-08-18): build-tools/helm/spark-kubernetes-operator/crds/
    "apache/ingest.yaml": (
        "spark.apache.org/v1", "SparkApplication",
        {
            "pyFiles": str, "driverArgs": [str], "runtimeVersions": {"sparkVersion": str}, "sparkConf": {"*": str},
            "applicationTolerations": {
                "restartConfig": {"restartPolicy": ("Always", "Never", "OnFailure", "OnInfrastructureFailure")}
            },
            "driverSpec": {"podTemplateSpec": POD}, "executorSpec": {"podTemplateSpec": POD},
        },
        {"runtimeVersions"},
    ),
}  # fmt: skip


def load(name: str) -> Any:
    return yaml.safe_load((SPARK / name).read_text("utf-8"))


def fault(value: Any, schema: Any, place: str = "spec") -> str | None:
    """Return the first place that is not as a schema says, None if all is."""
    if schema is POD:
        return None if isinstance(value, dict) else place
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return place
        unknown = [f"{place}.{key}" for key in value if key not in schema and "*" not in schema]
        inner = (fault(one, schema.get(key, schema.get("*")), f"{place}.{key}") for key, one in value.items())
        return unknown[0] if unknown else next(filter(None, inner), None)
    if isinstance(schema, list):
        good = isinstance(value, list) and not any(fault(one, schema[0]) for one in value)
    elif isinstance(schema, tuple):
        good = value in schema
    else:
        good = type(value) is schema  # True is an int elsewhere
    return None if good else place


def pods(value: Any) -> list[dict[str, Any]]:
    """Return the pod templates in a manifest, however deep."""
    if not isinstance(value, dict):
        return []
    if isinstance(value.get("spec"), dict) and "containers" in value["spec"]:
        return [value]
    return [pod for one in value.values() for pod in pods(one)]


@pytest.mark.parametrize("name", FIELDS)
def test_an_operator_knows_each_field(name: str) -> None:
    document = load(name)
    version, kind, schema, needed = FIELDS[name]
    assert (document["apiVersion"], document["kind"]) == (version, kind)
    assert fault(document["spec"], schema) is None
    assert needed <= document["spec"].keys()
    if kind == "ScheduledSparkApplication":
        assert document["spec"]["template"].keys() >= NEEDED


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.schedul", "x"),
        ("spec.template.driver.cores", "1"),
        ("spec.template.mode", "local"),
        ("spec.template", []),
    ],
)
def test_a_field_that_is_wrong_is_found(path: str, value: object) -> None:
    document = load("kubeflow/ingest.yaml")
    *parts, last = path.split(".")
    inner = document
    for part in parts:
        inner = inner[part]
    inner[last] = value
    assert fault(document["spec"], FIELDS["kubeflow/ingest.yaml"][2]) == path


def test_every_manifest_is_looked_at() -> None:
    found = {path.relative_to(SPARK).as_posix() for path in SPARK.rglob("*.yaml") if path.parent.name != "base"}
    assert found - {"kubeflow/kustomization.yaml", "apache/kustomization.yaml"} == FIELDS.keys()


@pytest.mark.parametrize("name", FIELDS)
def test_all_pods_are_the_one_that_spark_submit_is_given(name: str) -> None:
    own = load("base/pod.yaml")
    (container,) = own["spec"]["containers"]
    found = pods(load(name))
    roles = ("driver", "executor")
    assert len(found) == len(roles)
    for pod, role in zip(found, roles, strict=True):
        assert pod["metadata"] == own["metadata"]
        # the name by which Kubeflow's operator has Spark look for its container
        assert pod["spec"] == own["spec"] | {"containers": [container | {"name": f"spark-kubernetes-{role}"}]}


def test_the_pod_is_valid_and_restricted() -> None:
    """As https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted asks."""
    pod = load("base/pod.yaml")
    (container,) = pod["spec"]["containers"]
    assert "image" not in container  # which Spark writes
    check_valid(pod | {"metadata": {**pod["metadata"], "name": "x"}, "spec": pod["spec"] | {"containers": [
        container | {"image": "x"}
    ]}})  # fmt: skip
    assert (
        pod["spec"]["securityContext"].items() >= {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532}.items()
    )
    assert pod["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod["spec"].keys()
    assert {key for volume in pod["spec"]["volumes"] for key in volume} == {
        "name",
        "persistentVolumeClaim",
        "configMap",
    }


@needs_kubectl
@pytest.mark.parametrize("folder", ["kubeflow", "apache"])
def test_what_is_applied_has_all_that_its_pods_name(folder: str) -> None:
    documents = rendered(f"spark/{folder}")
    for (kind, _, _), document in documents.items():
        if kind not in {"SparkApplication", "ScheduledSparkApplication"}:
            check_valid(document)
    names = {(kind, name) for kind, space, name in documents if space in {"whofrom", ""}}
    assert len(names) == len(documents)
    assert ("Namespace", "whofrom") in names
    application = load(f"{folder}/ingest.yaml")
    account = {"driver": {}, "spec": {}} | application["spec"].get("template", {})
    said = (
        account["driver"].get("serviceAccount")
        or application["spec"]["sparkConf"]["spark.kubernetes.authenticate.driver.serviceAccountName"]
    )
    assert ("ServiceAccount", said) in names
    for pod in pods(application):
        for volume in pod["spec"]["volumes"]:
            claim, config = volume.get("persistentVolumeClaim"), volume.get("configMap")
            assert (("PersistentVolumeClaim", claim["claimName"]) if claim else ("ConfigMap", config["name"])) in names


def test_the_lake_is_mounted_by_many_nodes() -> None:
    assert load("base/persistentvolumeclaim.yaml")["spec"]["accessModes"] == ["ReadWriteMany"]


def test_who_is_trusted_is_as_beside_the_server() -> None:
    for name in ("namespace.yaml", "whofrom.toml"):
        assert (SPARK / "base" / name).read_text("utf-8") == (DEPLOY / "base" / name).read_text("utf-8")


def settings() -> dict[str, str]:
    """Return what spark-submit is told by the file."""
    lines = (SPARK / "submit.conf").read_text("utf-8").splitlines()
    pairs = (line.split(None, 1) for line in lines if line and not line.startswith("#"))
    return {name: value.strip() for name, value in pairs}


def test_spark_submit_is_told_what_operators_are() -> None:
    told, apache = settings(), load("apache/ingest.yaml")["spec"]["sparkConf"]
    assert apache.items() <= told.items()
    kubeflow = load("kubeflow/ingest.yaml")["spec"]["template"]
    for role in ("driver", "executor"):
        assert DEPLOY.parent / told[f"spark.kubernetes.{role}.podTemplateFile"] == SPARK / "base" / "pod.yaml"
        for name in ("cores", "memory", "memoryOverhead"):
            assert told[f"spark.{role}.{name}"] == str(kubeflow[role][name])
    assert told["spark.executor.instances"] == str(kubeflow["executor"]["instances"])
    assert told["spark.kubernetes.container.image"] == kubeflow["image"]


def entry() -> Any:
    spec = importlib.util.spec_from_file_location("entrypoint", ENTRYPOINT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# what Spark 4.3 sets in an executor's pod, as far as it is asked for
EXECUTOR = {
    "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@driver:7078", "SPARK_EXECUTOR_ID": "3",
    "SPARK_EXECUTOR_CORES": "2", "SPARK_APPLICATION_ID": "spark-1", "SPARK_EXECUTOR_POD_IP": "10.0.0.9",
    "SPARK_RESOURCE_PROFILE_ID": "0", "SPARK_EXECUTOR_POD_NAME": "x-exec-3", "SPARK_EXECUTOR_MEMORY": "2g",
    "SPARK_CONF_DIR": "/opt/spark/conf", "SPARK_JAVA_OPT_10": "-Dk", "SPARK_JAVA_OPT_2": "-Dc=a b",
}  # fmt: skip


def test_an_executor_gets_its_options_in_order() -> None:
    found = entry().command(["executor"], EXECUTOR)
    assert found[:5] == ["java", "-Dc=a b", "-Dk", "-Xms2g", "-Xmx2g"]
    classes = found[found.index("-cp") + 1].split(":")
    assert classes == ["/opt/spark/conf", "/opt/spark/jars/*", str(Path.cwd())]
    backend = found.index("org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend")
    assert dict(zip(found[backend + 1 :: 2], found[backend + 2 :: 2], strict=True)) == {
        "--driver-url": "spark://CoarseGrainedScheduler@driver:7078", "--executor-id": "3", "--cores": "2",
        "--app-id": "spark-1", "--hostname": "10.0.0.9", "--resourceProfileId": "0", "--podName": "x-exec-3",
    }  # fmt: skip


def test_a_driver_is_spark_submit_in_the_pod() -> None:
    words = ["driver", "--properties-file", "/opt/spark/conf/spark.properties", "local:///opt/spark/whofrom.py", "x y"]
    assert entry().command(words, {"SPARK_DRIVER_BIND_ADDRESS": "10.0.0.8"}) == [
        "/opt/spark/bin/spark-submit", "--conf", "spark.driver.bindAddress=10.0.0.8",
        "--conf", "spark.executorEnv.SPARK_DRIVER_POD_IP=10.0.0.8", "--deploy-mode", "client", *words[1:],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], ["whofrom", "--help"]),
        (["spark-submit", "--version"], ["spark-submit", "--version"]),
        (["driverx"], ["driverx"]),
    ],
)
def test_anything_else_is_a_command(words: list[str], found: list[str]) -> None:
    assert entry().command(words, {}) == found


@pytest.mark.parametrize("word", ["driver", "executor"])
def test_outside_of_a_pod_it_says_what_is_missing(word: str) -> None:
    done = subprocess.run([sys.executable, ENTRYPOINT, word], capture_output=True, text=True, env={}, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is not set: Spark sets it in the pods that it makes" in done.stderr


def test_a_command_takes_its_place(tmp_path: Path) -> None:
    program = tmp_path / "whofrom"
    program.write_text('#!/bin/sh\necho "$$ $*"\n')
    program.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    started = subprocess.Popen(
        [sys.executable, ENTRYPOINT, "whofrom", "regions", "a b"], stdout=subprocess.PIPE, text=True, env=environ
    )
    said, _ = started.communicate(timeout=30)
    assert said == f"{started.pid} regions a b\n"
