"""
deploy/shipping: what a cluster is told, and what the shippers are.

Neither Fluent Bit nor Vector is on any registry that tests may use, so neither is run here: their options are compared
with the names in their documentation (Fluent Bit 4.2: inputs/tail, outputs/s3, filters/grep; Vector 0.49: sources
kubernetes_logs, sinks aws_s3, transforms filter), and what they write with the samples in
tests/pipeline/sources/wrappers/shipped.py. rsyslog is run, by the page docs/how-to/ship-records.md.
"""

import fnmatch

import pytest
import yaml

from tests.deploy.rendered import DEPLOY, check_valid, needs_kubectl, only, rendered

SHIPPERS = ("fluent-bit", "vector")
HOST_PATHS = {"/var/log": True, "/var/lib/whofrom-shipper": False}  # whether it is mounted to be read alone
# as the kubelet names the link to a container's log: POD_NAMESPACE_CONTAINER-ID
LOG = "/var/log/containers/{}-" + "0" * 64 + ".log"
OURS = LOG.format("whofrom-6d4cf56db6-x7k2p_whofrom_whofrom")
OTHERS = [
    LOG.format("whofrom-ingest-29401-abcde_whofrom_ingest"),  # the pipeline's jobs
    LOG.format("whofrom-6d4cf56db6-x7k2p_whofrom_istio-proxy"),
    LOG.format("whofrom-6d4cf56db6-x7k2p_tenant_whofrom"),
]
OPTIONS = {
    "tail": "name tag path multiline.parser read_from_head db mem_buf_limit buffer_max_size skip_long_lines",
    "grep": "name match regex exclude",
    "s3": "name match bucket region endpoint s3_key_format compression use_put_object total_file_size upload_timeout"
    " store_dir store_dir_limit_size retry_limit log_key json_date_key",
    "kubernetes_logs": "type extra_namespace_label_selector extra_label_selector self_node_name data_dir",
    "filter": "type inputs condition",
    "aws_s3": "type inputs bucket region endpoint key_prefix filename_extension compression encoding batch buffer",
}


def config(name):
    return yaml.safe_load((DEPLOY / "shipping" / name / f"{name}.yaml").read_text("utf-8"))


def parts(name):
    """Yield each part of a configuration with what it is."""
    told = config(name)
    if name == "vector":
        assert told.keys() == {"data_dir", "sources", "transforms", "sinks"}
        for kind in ("sources", "transforms", "sinks"):
            yield from ((one["type"], one) for one in told[kind].values())
    else:
        assert told.keys() == {"service", "pipeline"}
        for kind in ("inputs", "filters", "outputs"):
            yield from ((one["name"], one) for one in told["pipeline"][kind])


@needs_kubectl
@pytest.mark.parametrize("name", SHIPPERS)
def test_manifests_are_valid(name):
    for document in rendered(f"shipping/{name}").values():
        check_valid(document)


@needs_kubectl
@pytest.mark.parametrize("name", SHIPPERS)
def test_nodes_folders_are_mounted_in_a_namespace_that_allows_it(name):
    documents = rendered(f"shipping/{name}")
    namespace = only(documents, "Namespace")["metadata"]
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    pod = only(documents, "DaemonSet")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {one["name"]: one["hostPath"]["path"] for one in pod["volumes"] if "hostPath" in one}
    mounts = {one["mountPath"]: one for one in container["volumeMounts"]}
    assert {path: mounts[path].get("readOnly", False) for path in volumes.values()} == HOST_PATHS
    assert all(mounts[path]["name"] == volume for volume, path in volumes.items())
    assert container["args"][-1].rpartition("=")[2] == f"/etc/whofrom-shipper/{name}.yaml"
    assert f"{name}.yaml" in only(documents, "ConfigMap")["data"]


@needs_kubectl
def test_vector_may_ask_what_it_asks():
    (rule,) = only(rendered("shipping/vector"), "ClusterRole")["rules"]
    assert rule == {"apiGroups": [""], "resources": ["namespaces", "nodes", "pods"], "verbs": ["list", "watch"]}
    (subject,) = only(rendered("shipping/vector"), "ClusterRoleBinding")["subjects"]
    account = only(rendered("shipping/vector"), "ServiceAccount")["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert "ClusterRole" not in {kind for kind, _, _ in rendered("shipping/fluent-bit")}


@pytest.mark.parametrize("name", SHIPPERS)
def test_options_are_those_of_the_documentation(name):
    kinds = dict(parts(name))
    assert len(kinds) == 3
    for kind, options in kinds.items():
        assert options.keys() <= set(OPTIONS[kind].split())


def test_fluent_bit_reads_the_servers_containers_alone():
    pattern = dict(parts("fluent-bit"))["tail"]["path"]
    assert fnmatch.fnmatchcase(OURS, pattern)
    assert [other for other in OTHERS if fnmatch.fnmatchcase(other, pattern)] == []


@needs_kubectl
def test_vector_reads_the_servers_pods_alone():
    source = dict(parts("vector"))["kubernetes_logs"]
    pod = only(rendered("overlays/local"), "Deployment")["spec"]["template"]
    assert source["extra_label_selector"].split("=") in [list(one) for one in pod["metadata"]["labels"].items()]
    namespace = only(rendered("overlays/local"), "Namespace")["metadata"]["name"]
    assert source["extra_namespace_label_selector"] == f"kubernetes.io/metadata.name={namespace}"
    assert f'"{pod["spec"]["containers"][0]["name"]}"' in dict(parts("vector"))["filter"]["condition"]


def test_both_write_where_the_jobs_read():
    assert dict(parts("fluent-bit"))["s3"]["s3_key_format"].startswith("/requests/")
    assert dict(parts("vector"))["aws_s3"]["key_prefix"].startswith("requests/")
    (job,) = yaml.safe_load_all((DEPLOY / "components" / "cronjob" / "ingest.yaml").read_text("utf-8"))
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["ingest", "s3://BUCKET/requests/"]
