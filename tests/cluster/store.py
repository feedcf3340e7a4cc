"""
The objects of the cluster, in memory; each is checked against the schemas of Kubernetes before it is kept.

Nothing runs in it. What a real cluster's controllers would add, and what pages and tests read, is added at once:
addresses of Services, and the status of workloads all of whose pods have become ready.
"""

import contextlib
import datetime
import threading
import uuid
from collections.abc import Callable
from typing import Any

import kubernetes_validate
from kubernetes_validate.utils import latest_version

from tests.cluster.kinds import BY_NAME, Kind
from tests.cluster.merge import merge

Object = dict[str, Any]
CLUSTER_IPS, BALANCERS, NODE_PORTS = "172.18.251.{}", "198.51.100.{}", 30080  # the article's ranges, or like them


class Refused(Exception):
    """As the API server says no: a code of HTTP, a reason of Kubernetes, and what kubectl prints."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
        self.status |= {"message": message, "details": details}


class Store:
    """All methods may be called by several threads."""

    def __init__(self) -> None:
        self.changed = threading.Condition(threading.RLock())
        self.objects: dict[tuple[Kind, str, str], Object] = {}
        self.events: list[tuple[int, Kind, str, Object]] = []
        self.closed = False

    def add(self, document: Object) -> None:
        """Keep what stands in the cluster before anybody applies anything: a node, a pod with its address."""
        kind = BY_NAME[document["apiVersion"], document["kind"]]
        namespace = document["metadata"].get("namespace", "")
        if namespace:
            with contextlib.suppress(Refused):
                self.add({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.create(kind, namespace, document, dry_run=False)

    def create(self, kind: Kind, namespace: str, document: Object, *, dry_run: bool) -> Object:
        """Keep a new object and return it."""
        metadata = document.setdefault("metadata", {})
        if "name" not in metadata and "generateName" in metadata:
            metadata["name"] = metadata["generateName"] + uuid.uuid4().hex[:5]
        name = metadata.get("name", "")
        with self.changed:
            if namespace and (BY_NAME["v1", "Namespace"], "", namespace) not in self.objects:
                raise Refused(404, "NotFound", f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")
            if (kind, namespace, name) in self.objects:
                message = f'{kind.qualified} "{name}" already exists'
                raise Refused(409, "AlreadyExists", message, name=name, kind=kind.plural)
            made = {"uid": str(uuid.uuid4()), "creationTimestamp": now()} | (
                {"namespace": namespace} if namespace else {}
            )
            return self._keep(kind, namespace, document | {"metadata": metadata | made}, "ADDED", dry_run=dry_run)

    def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """Return one object."""
        with self.changed:
            try:
                return self.objects[kind, namespace, name]
            except KeyError:
                message = f'{kind.qualified} "{name}" not found'
                raise Refused(404, "NotFound", message, name=name, group=kind.group, kind=kind.plural) from None

    def found(self, kind: Kind, namespace: str, wanted: Callable[[Object], bool]) -> tuple[list[Object], str]:
        """Return those of a kind, of all namespaces where none is given, and the state's version."""
        with self.changed:
            items = [
                document
                for (found, place, _), document in sorted(self.objects.items(), key=lambda item: item[0])
                if found == kind and namespace in ("", place) and wanted(document)
            ]
            return items, str(len(self.events))

    def change(
        self, kind: Kind, namespace: str, name: str, change: Callable[[Object], Object], *, dry_run: bool
    ) -> Object:
        """Keep what the function makes of an object, and return it."""
        with self.changed:
            old = self.get(kind, namespace, name)
            new = change(old)
            unchanging = {key: old["metadata"][key] for key in ("uid", "creationTimestamp", "resourceVersion")}
            new = new | {"metadata": new["metadata"] | unchanging}
            return old if new == old else self._keep(kind, namespace, new, "MODIFIED", dry_run=dry_run)

    def apply(self, kind: Kind, namespace: str, name: str, document: Object, *, dry_run: bool) -> tuple[int, Object]:
        """Make an object, or merge into the one that there is; return the code of the answer, too."""
        with self.changed:
            if (kind, namespace, name) not in self.objects:
                return 201, self.create(kind, namespace, document, dry_run=dry_run)
            return 200, self.change(kind, namespace, name, lambda old: merge(old, document), dry_run=dry_run)

    def delete(self, kind: Kind, namespace: str, name: str, *, dry_run: bool) -> Object:
        """Forget an object; with a namespace what is in it."""
        with self.changed:
            old = self.get(kind, namespace, name)
            if not dry_run:
                inside = [key for key in self.objects if kind.kind == "Namespace" and key[1] == name]
                for key in [*inside, (kind, namespace, name)]:
                    self._tell(key[0], "DELETED", self.objects.pop(key))
            return old

    def close(self) -> None:
        """End those who watch."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _keep(self, kind: Kind, namespace: str, document: Object, event: str, *, dry_run: bool) -> Object:
        document = {"apiVersion": kind.version, "kind": kind.kind} | document
        check(kind, document)
        settle(document, len(self.events))
        if not dry_run:
            document["metadata"] = document["metadata"] | {"resourceVersion": str(len(self.events) + 1)}
            self.objects[kind, namespace, document["metadata"]["name"]] = document
            self._tell(kind, event, document)
        return document

    def _tell(self, kind: Kind, event: str, document: Object) -> None:
        self.events.append((len(self.events) + 1, kind, event, document))
        self.changed.notify_all()

    def after(self, seen: int, seconds: float) -> list[tuple[int, Kind, str, Object]]:
        """Return what happened after a version of the state, having waited for it some time."""
        with self.changed:
            self.changed.wait_for(lambda: self.closed or len(self.events) > seen, seconds)
            return self.events[seen:]


def check(kind: Kind, document: Object) -> None:
    """Refuse what is no object of its kind in the newest version of Kubernetes."""
    name = document["metadata"].get("name", "")
    try:
        kubernetes_validate.validate(document, latest_version(), strict=True)
    except kubernetes_validate.ValidationError as fault:
        where = ".".join(map(str, fault.path)) or "(the object)"
        message = f'{kind.kind} "{name}" is invalid: {where}: {fault.message}'
        causes = [{"reason": "FieldValueInvalid", "field": where, "message": fault.message}]
        raise Refused(422, "Invalid", message, name=name, group=kind.group, kind=kind.kind, causes=causes) from None
    if not name:
        raise Refused(422, "Invalid", f"{kind.kind} is invalid: metadata.name: Required value", kind=kind.kind)


def settle(document: Object, number: int) -> None:
    """Add what controllers of a real cluster would; `number` makes addresses differ."""
    kind, spec = document["kind"], document.get("spec") or {}
    if kind == "Service":
        low = number % 200 + 20
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("clusterIP", CLUSTER_IPS.format(low))
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        if spec["type"] != "ClusterIP":
            for offset, port in enumerate(spec.get("ports", [])):
                port.setdefault("nodePort", NODE_PORTS + number + offset)
        if spec["type"] == "LoadBalancer":
            document.setdefault("status", {"loadBalancer": {"ingress": [{"ip": BALANCERS.format(low)}]}})
    elif kind in ("Deployment", "StatefulSet"):
        generation = document["metadata"].get("generation", 0) + 1
        document["metadata"]["generation"] = generation
        pods = spec.setdefault("replicas", 1)
        counted = ("replicas", "readyReplicas", "updatedReplicas", "availableReplicas")
        document["status"] = {"observedGeneration": generation} | dict.fromkeys(counted, pods)
    elif kind == "Job":
        condition = {"type": "Complete", "status": "True"}
        document["status"] = {"succeeded": 1, "completionTime": now(), "conditions": [condition]}


def now() -> str:
    """Return the time as Kubernetes writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
