"""The kinds that the server knows, and how it tells kubectl of them: discovery, and OpenAPI as far as kubectl asks."""

from typing import Any, NamedTuple

ALL = {"Pod", "Service", "DaemonSet", "Deployment", "StatefulSet", "HorizontalPodAutoscaler", "CronJob", "Job"}
VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


class Kind(NamedTuple):
    """
    version     as in apiVersion: v1, apps/v1
    plural      as in paths
    short       what kubectl get takes for it beside its names
    """

    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short: tuple[str, ...] = ()

    @property
    def root(self) -> str:
        return f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"

    @property
    def group(self) -> str:
        return self.version.partition("/")[0] if "/" in self.version else ""

    @property
    def qualified(self) -> str:
        """As errors name it: deployments.apps."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


KINDS = [
    Kind("v1", "namespaces", "Namespace", False, ("ns",)),
    Kind("v1", "nodes", "Node", False, ("no",)),
    Kind("v1", "persistentvolumes", "PersistentVolume", False, ("pv",)),
    Kind("v1", "configmaps", "ConfigMap", short=("cm",)),
    Kind("v1", "persistentvolumeclaims", "PersistentVolumeClaim", short=("pvc",)),
    Kind("v1", "pods", "Pod", short=("po",)),
    Kind("v1", "secrets", "Secret"),
    Kind("v1", "serviceaccounts", "ServiceAccount", short=("sa",)),
    Kind("v1", "services", "Service", short=("svc",)),
    Kind("apps/v1", "daemonsets", "DaemonSet", short=("ds",)),
    Kind("apps/v1", "deployments", "Deployment", short=("deploy",)),
    Kind("apps/v1", "statefulsets", "StatefulSet", short=("sts",)),
    Kind("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", short=("hpa",)),
    Kind("batch/v1", "cronjobs", "CronJob", short=("cj",)),
    Kind("batch/v1", "jobs", "Job"),
    Kind("discovery.k8s.io/v1", "endpointslices", "EndpointSlice"),
    Kind("networking.k8s.io/v1", "ingressclasses", "IngressClass", False),
    Kind("networking.k8s.io/v1", "ingresses", "Ingress", short=("ing",)),
    Kind("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", short=("netpol",)),
    Kind("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget", short=("pdb",)),
    Kind("rbac.authorization.k8s.io/v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Kind("rbac.authorization.k8s.io/v1", "clusterroles", "ClusterRole", False),
    Kind("rbac.authorization.k8s.io/v1", "rolebindings", "RoleBinding"),
    Kind("rbac.authorization.k8s.io/v1", "roles", "Role"),
    Kind("storage.k8s.io/v1", "storageclasses", "StorageClass", False, ("sc",)),
]
BY_PATH = {(kind.root, kind.plural): kind for kind in KINDS}
BY_NAME = {(kind.version, kind.kind): kind for kind in KINDS}
ROOTS = {kind.root: [other for other in KINDS if other.root == kind.root] for kind in KINDS}


def discovery(path: str) -> dict[str, Any] | None:
    """Return what stands at a path of discovery, None if nothing does."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [_group(kinds[0]) for kinds in ROOTS.values() if kinds[0].group]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    if path == "/openapi/v3":
        return {"paths": {root[1:]: {"serverRelativeURL": f"/openapi/v3{root}"} for root in ROOTS}}
    if path in ROOTS:
        resources = [_resource(kind) for kind in ROOTS[path]]
        version = ROOTS[path][0].version
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}
    kinds = ROOTS.get(path.removeprefix("/openapi/v3"), [])
    return {"openapi": "3.0.0", "info": {}, "paths": dict(map(_openapi, kinds))} if kinds else None


def _group(kind: Kind) -> dict[str, Any]:
    version = {"groupVersion": kind.version, "version": kind.version.partition("/")[2]}
    return {"name": kind.group, "versions": [version], "preferredVersion": version}


def _resource(kind: Kind) -> dict[str, Any]:
    names = {"name": kind.plural, "singularName": kind.kind.lower(), "shortNames": list(kind.short)}
    categories = ["all"] if kind.kind in ALL else []  # kubectl get all
    return names | {"namespaced": kind.namespaced, "kind": kind.kind, "verbs": VERBS, "categories": categories}


def _openapi(kind: Kind) -> tuple[str, dict[str, Any]]:
    """kubectl looks here whether the server itself refuses unknown fields; if so, it leaves that to it."""
    version = kind.version.rpartition("/")[2]
    patch = {
        "parameters": [{"name": "fieldValidation", "in": "query"}],
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": version, "kind": kind.kind},
    }
    between = "/namespaces/{namespace}" if kind.namespaced else ""
    return f"{kind.root}{between}/{kind.plural}/{{name}}", {"patch": patch}
