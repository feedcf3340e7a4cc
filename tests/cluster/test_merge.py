"""Strategic merge patches on the schemas of Kubernetes, and the merge patches of RFC 7386."""

import pytest

from tests.cluster.merge import merge, schema_of, strategic


def pod(**spec):
    return {"spec": spec}


def named(*names):
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("old", "patch", "new"),
    [
        (pod(hostname="a"), pod(hostname="b"), pod(hostname="b")),
        (pod(hostname="a", nodeName="n"), pod(hostname=None), pod(nodeName="n")),
        # containers are merged by name
        (
            pod(containers=[{"name": "a", "image": "x", "stdin": True}, {"name": "b"}]),
            pod(containers=[{"name": "a", "image": "y"}]),
            pod(containers=[{"name": "a", "image": "y", "stdin": True}, {"name": "b"}]),
        ),
        (
            pod(containers=named("a", "b")),
            pod(containers=[{"$patch": "delete", "name": "a"}]),
            pod(containers=named("b")),
        ),
        (
            pod(containers=named("a", "b")),
            {"spec": {"$setElementOrder/containers": named("c", "b", "a"), "containers": named("c")}},
            pod(containers=named("c", "b", "a")),
        ),
        # tolerations are one value
        (pod(tolerations=[{"key": "a"}]), pod(tolerations=[{"key": "b"}]), pod(tolerations=[{"key": "b"}])),
        # finalizers are merged, and have no key
        (
            {"metadata": {"finalizers": ["a", "b"]}},
            {"metadata": {"finalizers": ["c", "a"], "$deleteFromPrimitiveList/finalizers": ["b"]}},
            {"metadata": {"finalizers": ["a", "c"]}},
        ),
        (
            pod(volumes=[{"name": "v", "emptyDir": {}}]),
            pod(volumes=[{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]),
            pod(volumes=[{"name": "v", "configMap": {"name": "c"}}]),
        ),
        (
            pod(securityContext={"runAsUser": 1}),
            pod(securityContext={"$patch": "replace", "runAsGroup": 2}),
            pod(securityContext={"runAsGroup": 2}),
        ),
        (
            {"metadata": {"labels": {"a": "1"}}},
            {"metadata": {"labels": {"b": "2", "a": None}}},
            {"metadata": {"labels": {"b": "2"}}},
        ),
    ],
)
def test_strategic_merge(old, patch, new):
    assert strategic(old, patch, schema_of("v1", "Pod")) == new


@pytest.mark.parametrize(
    ("old", "patch", "new"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": [1]}}, {"a": {"c": 2, "d": [1]}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": "x"}, {"a": {"b": None}}, {"a": {}}),
    ],
)
def test_merge(old, patch, new):
    assert merge(old, patch) == new
