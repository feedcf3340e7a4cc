"""
Runs pods of the cluster as processes of this machine: those whose image it is told of, the first container of each.

A pod has its volumes where it mounts them, by a mount namespace over the machine's own files, an address of loopback
that is its own, and names of Services as /etc/hosts has them: all of a Service's is the pod that its selector finds.
It is no container: it sees the machine's processes and files, and is root. What it prints is kept.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cluster.kinds import BY_NAME
from tests.cluster.server import Cluster
from tests.cluster.store import Object, Refused

ADDRESS = "127.20.0.{}"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
PODS, SERVICES, MAPS = (BY_NAME["v1", kind] for kind in ("Pod", "Service", "ConfigMap"))
END_SECONDS = 5
# over which files of a pod are laid; the machine's own stay as they are
COVERED = ("etc", "opt", "var", "run")
SCRIPT = """
mount -t tmpfs none {scratch}
for each in {covered}; do
    mkdir -p {scratch}/$each/upper {scratch}/$each/work
    mount -t overlay none -o lowerdir=/$each,upperdir={scratch}/$each/upper,workdir={scratch}/$each/work /$each
done
{steps}
exec "$@"
"""


class Image:
    """
    What stands for an image.

    entry    the words before a container's own
    links    path in it -> what is there on this machine
    environ  variables that it sets
    """

    def __init__(self, entry: list[str], links: dict[str, str], environ: dict[str, str]) -> None:
        self.entry, self.links, self.environ = entry, links, environ


class Kubelet:
    """Looks at the pods of a cluster from its start to its end, in a thread."""

    def __init__(
        self, cluster: Cluster, folder: Path, images: dict[str, Image], claims: dict[str, Path], account: Path
    ) -> None:
        self.store, self.folder, self.images, self.claims, self.account = cluster.store, folder, images, claims, account
        self.running: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self.logs: dict[str, Path] = {}
        self._numbers = itertools.count(2)
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Kubelet:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.store.close()
        self._thread.join()
        for process in self.running.values():
            _end(process)

    def log(self, pod: str) -> str:
        """Return what a pod has printed so far."""
        return self.logs[pod].read_text("utf-8", "replace")

    def _watch(self) -> None:
        seen = 0
        while not self.store.closed:
            for number, kind, event, document in self.store.after(seen, 0.1):
                seen = number
                if kind == PODS:
                    self._change(event, document)
            for place, process in list(self.running.items()):
                if process.poll() is not None:
                    del self.running[place]
                    self._say(place, "Succeeded" if process.returncode == 0 else "Failed", process.returncode)

    def _change(self, event: str, pod: Object) -> None:
        place = (pod["metadata"]["namespace"], pod["metadata"]["name"])
        if event == "DELETED" and place in self.running:
            _end(self.running.pop(place))
        elif event == "ADDED" and pod["spec"]["containers"][0].get("image") in self.images:
            threading.Thread(target=self._start, args=(place, pod), daemon=True).start()

    def _start(self, place: tuple[str, str], pod: Object) -> None:
        namespace, name = place
        container, address = pod["spec"]["containers"][0], ADDRESS.format(next(self._numbers))
        image = self.images[container["image"]]
        fields = {"status.podIP": address, "metadata.name": name, "metadata.namespace": namespace}
        environ = os.environ | image.environ
        for one in container.get("env", []):
            path = one.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath")
            environ[one["name"]] = fields[path] if path else one.get("value", "")
        folder = self.folder / name
        folder.mkdir()
        self.logs[name] = folder / "log"
        sources = {volume["name"]: self._volume(folder, namespace, volume) for volume in pod["spec"].get("volumes", [])}
        steps = [f"echo '{where} {host}' >>/etc/hosts" for where, host in self._hosts(namespace, name, address)]
        mounts = {mount["mountPath"]: sources[mount["name"]] for mount in container.get("volumeMounts", [])}
        for path, target in image.links.items():
            steps.append(f"mkdir -p {shlex.quote(str(Path(path).parent))} && ln -sfn {shlex.quote(target)} {path}")
        for path, source in {ACCOUNT: self.account, **mounts}.items():
            steps.append(f"mkdir -p {shlex.quote(path)} && mount --bind {shlex.quote(str(source))} {shlex.quote(path)}")
        (folder / "scratch").mkdir()
        script = SCRIPT.format(scratch=folder / "scratch", covered=" ".join(COVERED), steps="\n".join(steps))
        words = [*image.entry, *container.get("command", []), *container.get("args", [])]
        with self.logs[name].open("wb") as log:
            self.running[place] = subprocess.Popen(
                ["unshare", "--mount", "sh", "-ec", script, "sh", *words],
                env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self._say(place, "Running", None, address)

    def _volume(self, folder: Path, namespace: str, volume: dict[str, Any]) -> Path:
        """Return the folder of a volume: a claim's own, a map's keys as files, else an empty one."""
        if claim := volume.get("persistentVolumeClaim"):
            return self.claims[claim["claimName"]]
        place = folder / "volumes" / volume["name"]
        place.mkdir(parents=True)
        if config := volume.get("configMap"):
            # as a kubelet does, wait for what is made behind the pod
            found = self._waited(lambda: self.store.get(MAPS, namespace, config["name"]))
            items = {item["key"]: item["path"] for item in config.get("items", [])}
            for key, text in found.get("data", {}).items():
                if not items or key in items:
                    (place / items.get(key, key)).write_text(text, "utf-8")
        return place

    def _waited(self, call: Callable[[], Object]) -> Object:
        with self.store.changed:
            while True:
                try:
                    return call()
                except Refused:
                    if self.store.closed:
                        raise
                    self.store.changed.wait(0.1)

    def _hosts(self, namespace: str, own: str, address: str) -> list[tuple[str, str]]:
        """Return address and name of each Service that has a pod, as the pod `own` sees them when it starts."""
        found = []
        for service in self.store.found(SERVICES, namespace, lambda _: True)[0]:
            chosen = service["spec"].get("selector", {}).items()
            for pod in self.store.found(PODS, namespace, lambda _: True)[0]:
                metadata = pod["metadata"]
                where = address if metadata["name"] == own else pod.get("status", {}).get("podIP")
                if where and chosen <= metadata.get("labels", {}).items():
                    found.append((where, f"{service['metadata']['name']}.{namespace}.svc"))
        return found

    def _say(self, place: tuple[str, str], phase: str, code: int | None, address: str = "") -> None:
        """Write a pod's status, if it is there still."""
        state = {"running": {}} if code is None else {"terminated": {"exitCode": code}}

        def change(old: Object) -> Object:
            status = old.get("status", {})
            container = old["spec"]["containers"][0]
            told = {
                "name": container["name"], "image": container["image"], "imageID": "", "ready": code is None,
                "restartCount": 0, "state": state,
            }  # fmt: skip
            told_of = {
                "phase": phase, "podIP": address or status.get("podIP", ""), "containerStatuses": [told],
                "conditions": [{"type": "Ready", "status": "True" if code is None else "False"}],
            }  # fmt: skip
            return old | {"status": status | told_of}

        try:
            self.store.change(PODS, *place, change, dry_run=False)
        except Refused:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a pod's processes."""
    with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(END_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
