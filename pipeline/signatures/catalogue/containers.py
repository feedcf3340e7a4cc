"""Interfaces that run containers, which no web site answers: who asks for them looks for a machine to take over."""

from pipeline.signatures.signature import Signature

CONTAINERS = (
    Signature(
        id="admin-docker-api",
        family="admin",
        title="The API of Docker, which runs what it is sent",
        severity="medium",
        confidence="high",
        techniques=("T1595.002", "T1610", "T1613"),
        where=("path",),
        pattern=(
            r"^/v1\.\d\d/+(?:containers|images|info|version|_ping|networks|volumes|exec|services|swarm|nodes|tasks|"
            r"secrets|configs|plugins|system|events|build|auth|commit)\b|"
            r"^/(?:containers/(?:json|create|[0-9a-f]{12,64}/(?:json|start|attach|exec|logs|stop))|images/json|_ping)$"
        ),
        plain=True,
        positive=(
            "/v1.16/version",
            "/v1.24/containers/json?all=1",
            "/v1.24/containers//attach?stream=1",
            "/containers/json",
            "/images/json",
            "/_ping",
        ),
        negative=("/v1/containers", "/v1.5/users", "/api/v1.24/version", "/containers", "/version", "/info"),
        false_positives="tools of your own that ask a Docker that is published under this name",
        references=("https://docs.docker.com/reference/api/engine/",),
    ),
    Signature(
        id="admin-kubernetes-api",
        family="admin",
        title="The API of Kubernetes, of its nodes or of etcd",
        severity="medium",
        confidence="medium",
        techniques=("T1595.002", "T1609", "T1613"),
        where=("path",),
        pattern=(
            r"^/api/v1/(?:namespaces|pods|secrets|nodes|serviceaccounts|configmaps)\b|"
            r"^/apis/(?:apps|batch|rbac\.authorization\.k8s\.io)/v1\b|^/(?:runningpods|pods)/?$|"
            r"^/(?:exec|run|containerlogs)/kube-system/|^/v2/keys/?$|^/v3/kv/range$"
        ),
        plain=True,
        positive=("/api/v1/namespaces/kube-system/secrets", "/apis/apps/v1/deployments", "/runningpods/", "/v2/keys/"),
        negative=("/api/v1/users", "/podcasts", "/apis", "/v2/keysets", "/run/kube"),
        false_positives="an API of your own with resources of these names",
        references=("https://kubernetes.io/docs/reference/using-api/",),
    ),
)
