"""Scenes of the pages about a cluster's logs: files as they are on a node, objects as shippers put them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

from tests.cluster.server import cluster
from tests.docs.page import ROOT
from tests.docs.stage import Stage
from tests.pipeline.sources.servers import s3
from tests.pipeline.sources.wrappers.shipped import SHIPPED, TOLD

PODS = ("whofrom-6d4cf56db6-x7k2p", "whofrom-6d4cf56db6-q9d4n")
ID = "4f1c" + "0" * 60
PIECE = 16 << 10
BUCKET = "logs"  # the one that every store of the tests has


def record(second: int, **more: object) -> str:
    told = TOLD | {"ts": f"2026-11-26T10:05:{second:02}.000001Z", "connection_id": f"c{second}"} | more
    return json.dumps(told, separators=(",", ":"))


def cri(second: int, text: str) -> str:
    """A line as containerd writes it: cut into pieces, each with its head."""
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    stamp = f"2026-11-26T10:05:{second:02}.000123456Z"
    return "".join(f"{stamp} stdout {'F' if piece is pieces[-1] else 'P'} {piece}\n" for piece in pieces)


def clone(stage: Stage) -> None:
    """Have deploy/ at hand, as in a clone, and a cluster for kubectl."""
    (stage.folder / "deploy").symlink_to(ROOT / "deploy")
    running = stage.closing.enter_context(cluster(stage.folder.parent))
    stage.environment.update(running.environment)


def shipped(stage: Stage) -> None:
    """Make the files of a node's container, a bucket that two shippers wrote to, and a folder of others' logs."""
    clone(stage)
    pod, other = PODS
    logs = stage.folder / "node" / "var" / "log"
    file = logs / "pods" / f"whofrom_{pod}_93bde4d0" / "whofrom" / "0.log"
    file.parent.mkdir(parents=True)
    started = "2026-11-26T10:04:59.120000000Z stderr F Starting up on port 8080\n"
    long = record(4, pod=pod, target="/" + "x" * 20_000)
    file.write_text(started + cri(3, record(3, pod=pod)) + cri(4, long))
    (logs / "containers").mkdir()
    (logs / "containers" / f"{pod}_whofrom_whofrom-{ID}.log").symlink_to(file)
    store = stage.closing.enter_context(s3())
    stage.environment.update(store.environ)
    stage.words |= {"BUCKET": BUCKET, "REGION": "eu-west-1", "KEY": "key", "SECRET": "secret"}
    tags = {"time": "2026-11-26T10:05:03.000123456Z", "stream": "stdout", "_p": "F"}
    bits = "".join(json.dumps({"date": 1.5, **tags, "log": record(at, pod=pod)}) + "\n" for at in (3, 4))
    store.put("requests/2026/11/26/100600-1f.log.gz", gzip.compress(bits.encode()))
    vectors = "".join(record(at, pod=other) + "\n" for at in (5, 6))
    store.put("requests/2026/11/26/1795687560-2a.log.gz", gzip.compress(vectors.encode()))
    files = {
        "google": SHIPPED["google, read as JSON"][1],
        "loki": SHIPPED["loki"][1],
        "fluent-bit-merged": json.dumps({**tags, **TOLD, "kubernetes": {"pod_name": pod}}).encode(),
        "of-cloudwatch": SHIPPED["cloudwatch, an export of fluent bit's"][1],
    }
    (stage.folder / "shipped").mkdir()
    for name, line in files.items():
        compact = line if name == "of-cloudwatch" else json.dumps(json.loads(line), separators=(",", ":")).encode()
        (stage.folder / "shipped" / f"{name}.log").write_bytes(compact + b"\n")


def jobs(stage: Stage) -> None:
    """Have a clone, a cluster, and a bucket with the records of somebody who looks for what is not there."""
    clone(stage)
    store = stage.closing.enter_context(s3())
    stage.environment.update(store.environ)
    stage.words |= {"BUCKET": BUCKET, "REGION": "eu-west-1", "KEY": "key", "SECRET": "secret", "TAG": "1"}
    stage.words |= {"YOUR/IMAGE": "registry.example/whofrom", "YOUR/PIPELINE": "registry.example/pipeline"}
    now = datetime.now(UTC).replace(microsecond=0)
    for name, status, first, count in (("1", 404, 0, 130), ("2", 200, 130, 10)):
        lines = [
            record(0, ts=f"{now - timedelta(seconds=300 - number):%Y-%m-%dT%H:%M:%SZ}", connection_id=str(number),
                   target=f"/{number}.php", status=status)
            for number in range(first, first + count)
        ]  # fmt: skip
        store.put(f"requests/2026/11/26/{name}.log.gz", gzip.compress("\n".join([*lines, ""]).encode()))
