"""
A Kubernetes API server on loopback, in memory, for the real kubectl in tests and pages.

It is a place where manifests are applied: kubectl discovers it, creates, gets, lists with labels, patches, watches and
deletes, and an object that the newest schemas of Kubernetes do not allow is refused (422). It is no cluster: nothing
is scheduled and no pod runs, so there is nothing to `exec` into, forward to or read the log of, unless kubelet.py runs
pods as processes of this machine; no admission, quota or access is checked; defaults are not filled in beyond what
store.settle says. Server-side apply makes an object or merges into it, and knows no owners of fields. JSON patches and
protobuf (`create job --from`) are answered with 415; there are no WebSockets; `kubectl get` prints names and ages
alone, and -o json, yaml, jsonpath and custom-columns whole.

    with cluster(tmp_path, [node, pod]) as running:
        running.kubectl("apply", "-k", "deploy/overlays/local")

`python -m tests.cluster` starts one to try things at.
"""

import contextlib
import json
import os
import re
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from kubernetes_validate.utils import latest_version

from tests.cluster.kinds import BY_PATH, Kind, discovery
from tests.cluster.merge import merge, schema_of, strategic
from tests.cluster.store import Object, Refused, Store

PATH = re.compile(r"(/api/v1|/apis/[^/]+/[^/]+)(?:/namespaces/([^/]+)(?=/[^/]))?/([^/]+)(?:/([^/]+))?")
WATCH_SECONDS = 0.5  # a watcher that has left is noticed after that
PATCHES: dict[str, Callable[[Object, Object, Kind], Object]] = {
    "application/merge-patch+json": lambda old, patch, _: merge(old, patch),
    "application/strategic-merge-patch+json": lambda old, patch, kind: strategic(
        old, patch, schema_of(kind.version, kind.kind)
    ),
}
APPLIED = "application/apply-patch+yaml"
Query = dict[str, str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def answer(self) -> None:
        """One request."""
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            if found := discovery(parts.path):
                self.send(200, found)
            elif parts.path == "/openapi/v2":
                self.send(200, None)  # an empty protobuf message: no kind of whose fields kubectl should be the judge
            elif parts.path == "/version":
                major, minor, _ = latest_version().split(".")
                self.send(200, {"major": major, "minor": minor, "gitVersion": f"v{latest_version()}"})
            elif self.headers.get("Upgrade"):
                self.send(200, None)  # no WebSocket: clients of Java's then watch as others do
            elif query.get("watch") in ("true", "1") and self.command == "GET":
                self.watch(*self.place(parts.path)[:2], query)
            else:
                self.send(*self.result(*self.place(parts.path), query, body))
        except Refused as refusal:
            self.send(refusal.code, refusal.status)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def place(self, path: str) -> tuple[Kind, str, str]:
        """Return the kind, namespace and name that a path means; "" where it has none."""
        found = PATH.fullmatch(path)
        kind = BY_PATH.get((found[1], found[3])) if found else None
        if found is None or kind is None:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        return kind, found[2] or "", found[4] or ""

    def result(self, kind: Kind, namespace: str, name: str, query: Query, body: bytes) -> tuple[int, Object]:
        """Return the code and the object that a request is answered with."""
        store, dry_run = self.server.store, "dryRun" in query
        if self.command == "GET" and name:
            return 200, store.get(kind, namespace, name)
        if self.command == "GET":
            items, version = store.found(kind, namespace, selector(query))
            listed = {"kind": f"{kind.kind}List", "apiVersion": kind.version, "items": items}
            return 200, listed | {"metadata": {"resourceVersion": version}}
        if self.command == "DELETE" and not name:
            items, _ = store.found(kind, namespace, selector(query))
            removed = [store.delete(kind, namespace, one["metadata"]["name"], dry_run=dry_run) for one in items]
            return 200, {"kind": f"{kind.kind}List", "apiVersion": kind.version, "items": removed}
        if self.command == "DELETE":
            gone = store.delete(kind, namespace, name, dry_run=dry_run)
            details = {"name": name, "kind": kind.plural, "uid": gone["metadata"]["uid"]}
            return 200, {"kind": "Status", "apiVersion": "v1", "status": "Success", "details": details}
        if self.command == "POST":
            if self.headers.get_content_type() != "application/json":
                raise Refused(
                    415, "UnsupportedMediaType", "this server reads JSON alone, and kubectl sent something else"
                )
            return 201, store.create(kind, namespace, json.loads(body), dry_run=dry_run)
        sent = self.headers.get_content_type() if self.command == "PATCH" else "application/merge-patch+json"
        if sent == APPLIED:
            return store.apply(kind, namespace, name, yaml.safe_load(body), dry_run=dry_run)
        if sent not in PATCHES:
            raise Refused(415, "UnsupportedMediaType", f"{sent} is no patch that this server knows")

        def change(old: Object) -> Object:
            given = json.loads(body)
            return PATCHES[sent](old, given, kind) if self.command == "PATCH" else given

        return 200, store.change(kind, namespace, name, change, dry_run=dry_run)

    def watch(self, kind: Kind, namespace: str, query: Query) -> None:
        """Tell of changes, a line of JSON each, until the time is up, the watcher leaves or the server ends."""
        wanted, seen = selector(query), int(query.get("resourceVersion") or 0)
        ends = time.monotonic() + float(query.get("timeoutSeconds") or "inf")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if query.get("sendInitialEvents") == "true":  # what newer kubectls ask in a list's place
            items, version = self.server.store.found(kind, namespace, wanted)
            seen, end = int(version), {"k8s.io/initial-events-end": "true"}
            bookmark = {"apiVersion": kind.version, "kind": kind.kind}
            bookmark |= {"metadata": {"resourceVersion": version, "annotations": end}}
            for event, document in [*(("ADDED", item) for item in items), ("BOOKMARK", bookmark)]:
                self.tell(event, document)
        with contextlib.suppress(ConnectionError):
            while time.monotonic() < ends and not self.server.store.closed:
                for number, changed, event, document in self.server.store.after(seen, WATCH_SECONDS):
                    seen, place = number, document["metadata"].get("namespace")
                    if changed == kind and namespace in ("", place) and wanted(document):
                        self.tell(event, document)
                self.wfile.flush()

    def tell(self, event: str, document: Object) -> None:
        """Write a line to who watches."""
        self.wfile.write(json.dumps({"type": event, "object": document}).encode() + b"\n")

    def send(self, code: int, document: Object | None) -> None:
        """Answer with an object, or nothing."""
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be silent."""


def selector(query: Query) -> Callable[[Object], bool]:
    """Return the test that labelSelector and fieldSelector ask for."""
    labels = [_label_test(part) for part in re.findall(r"(?:[^,(]|\([^)]*\))+", query.get("labelSelector", ""))]
    fields = [part.partition("=") for part in query.get("fieldSelector", "").split(",") if part]

    def wanted(document: Object) -> bool:
        own = document["metadata"].get("labels") or {}
        return all(test(own) for test in labels) and all(
            str(_at(document, path)) == value.lstrip("=") for path, _, value in fields
        )

    return wanted


def _label_test(text: str) -> Callable[[dict[str, str]], bool]:
    """One requirement: a=b, a!=b, a in (b,c), a notin (b,c), a, !a."""
    found = re.fullmatch(r"\s*(!?)([\w./-]+)\s*(?:(==?|!=)\s*(\S*)|(in|notin)\s*\(([^)]*)\))?\s*", text)
    if found is None:
        raise Refused(400, "BadRequest", f"unable to parse requirement: {text}")
    absent, key, sign, value, word, values = found.groups()
    if sign is None and word is None:
        return lambda own: (key in own) != bool(absent)
    allowed = {value} if sign else {entry.strip() for entry in values.split(",")}
    wanted = sign in ("=", "==") or word == "in"
    return lambda own: (own.get(key) in allowed) == wanted


def _at(document: Any, path: str) -> Any:
    for key in path.split("."):
        document = document.get(key, "") if isinstance(document, dict) else ""
    return document


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.store = Store()


class Cluster:
    """One that runs: its folder holds KUBECONFIG and kubectl's caches."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.store = server.store
        self.kubeconfig = folder / "kubeconfig"
        self.server = address = f"http://127.0.0.1:{server.server_address[1]}"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "loopback", "cluster": {"server": address}}],
            "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": ""}}],
            "current-context": "loopback",
        }
        self.kubeconfig.write_text(json.dumps(config), "utf-8")
        # kubectl's own variables
        self.environment = {"KUBECONFIG": str(self.kubeconfig), "KUBECACHEDIR": str(folder / "kubecache")}

    def kubectl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Call the real kubectl."""
        environment = os.environ | self.environment
        return subprocess.run(
            ["kubectl", *arguments], input=stdin, capture_output=True, text=True, check=False, env=environment
        )


@contextlib.contextmanager
def cluster(folder: Path, documents: Iterable[Object] = ()) -> Iterator[Cluster]:
    """Run one whose objects at the start are the documents and a namespace `default`."""
    with Server() as server:
        for document in [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}, *documents]:
            server.store.add(document)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield Cluster(folder, server)
        finally:
            server.store.close()
            server.shutdown()
            thread.join()
