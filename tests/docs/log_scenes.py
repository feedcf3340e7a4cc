"""Scenes of the pages about a cluster's logs: files as they are on a node, objects as shippers put them."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from tests.cluster.server import cluster
from tests.docs.page import ROOT, blocks, read
from tests.docs.stage import Stage
from tests.echo.peers.programs import HOST, free_port
from tests.pipeline.sources import writers
from tests.pipeline.sources.servers import s3
from tests.pipeline.sources.wrappers.shipped import SHIPPED, TOLD

PODS = ("whofrom-6d4cf56db6-x7k2p", "whofrom-6d4cf56db6-q9d4n")
ID = "4f1c" + "0" * 60
PIECE = 16 << 10
SBIN = "/usr/sbin:/sbin:/usr/bin:/bin"  # where Debian has servers
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


# --- docs/how-to/ingress-logs.md --------------------------------------------------------------------------------------

BALANCER = "10.0.0.5"  # in front of the ingress, it appends whom it hears from to X-Forwarded-For
# (client, the header as the balancer passes it on, target): the second client sent a header of its own making
CALLS = (
    ("203.0.113.7", "203.0.113.7", "/"),
    ("203.0.113.7", "203.0.113.7", "/cart"),
    ("198.51.100.9", "6.6.6.6, 198.51.100.9", "/login"),
)
NGINX = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  log_format upstreaminfo '{default}';
  log_format page escape=json '{page}';
  server {{
    listen {host}:{port};
    set $proxy_upstream_name shop-web-80; set $proxy_alternative_upstream_name ""; set $req_id $request_id;
    access_log {folder}/default.log upstreaminfo;
    access_log {folder}/page.log page;
    location / {{ proxy_pass http://{host}:{other}; }}
  }}
  server {{ listen {host}:{other}; access_log off; location / {{ return 200 "hello"; }} }}
}}
"""
# https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/log-format/
UPSTREAMINFO = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    " $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr"
    " $upstream_response_length $upstream_response_time $upstream_status $req_id"
)


def of_nginx(folder: Path) -> dict[str, str]:
    """What the real nginx writes of the calls, by ingress-nginx' own format and by the page's."""
    told = [block.text for block in blocks(read("docs/how-to/ingress-logs.md")) if "log-format-upstream" in block.text]
    form = yaml.safe_load(told[0])["data"]["log-format-upstream"].strip()
    port, other = free_port(), free_port()
    text = NGINX.format(folder=folder, host=HOST, default=UPSTREAMINFO, page=form, port=port, other=other)
    (folder / "nginx.conf").write_text(text)
    with subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL) as nginx:
        try:
            for _, header, target in CALLS:
                again = ["--retry", "50", "--retry-delay", "0", "--retry-connrefused"]
                call = ["-H", f"X-Forwarded-For: {header}", f"http://{HOST}:{port}{target}"]
                subprocess.run(["curl", "-s", *again, "-o", "/dev/null", *call], check=True)
        finally:
            nginx.terminate()
    texts = {name: (folder / f"{name}.log").read_text() for name in ("default", "page")}
    return {name: re.sub(r"127(?:\.\d+){3}(?=[ \"])", BALANCER, text) for name, text in texts.items()}


def ingresses(stage: Stage) -> None:
    """Have what `kubectl logs` prints of each ingress, and what balancers have put into a bucket."""
    pods = stage.folder.parent / "pods"
    pods.mkdir()
    nginx = of_nginx(pods)
    at = datetime(2026, 11, 26, 10, 5, tzinfo=UTC)
    behind = [
        writers.Request(peer=BALANCER, forwarded=header, target=target, at=at + timedelta(seconds=number))
        for number, (_, header, target) in enumerate(CALLS)
    ]
    direct = [one._replace(peer=client, forwarded=None) for one, (client, _, _) in zip(behind, CALLS, strict=True)]

    def traefik(one: writers.Request) -> str:
        told = json.loads(writers.traefik_json(one)) | {
            "ClientHost": one.peer,
            "request_X-Forwarded-For": one.forwarded,
        }
        return json.dumps(told)

    def envoy(one: writers.Request) -> str:
        first = (one.forwarded or "").split(", ")[-1]
        told = {"downstream_remote_address": f"{first}:0", "downstream_direct_remote_address": f"{one.peer}:51234"}
        return json.dumps(json.loads(writers.envoy_json(one)) | told)

    texts = {
        "ingress.log": nginx["default"],
        "ingress-json.log": nginx["page"],
        "traefik.log": lines(map(traefik, behind)),
        "istio.log": lines(map(writers.istio, behind)),
        "istio-json.log": lines(map(envoy, behind)),
        "haproxy.log": lines(map(writers.haproxy_captures, behind)),
    }
    for name, text in texts.items():
        (pods / name).write_text(text)
    store = stage.closing.enter_context(s3())
    stage.environment.update(store.environ)
    stage.words["BUCKET"] = BUCKET
    key = "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/11/26/app.shop.log.gz"
    store.put(f"alb/{key}", gzip.compress(lines(map(writers.alb, direct)).encode()))
    store.put("cloudflare/20261126/1.log.gz", gzip.compress(lines(map(writers.cloudflare, direct)).encode()))
    store.put("clb/2026/11/26/1.log", lines(map(writers.clb_json, direct)).encode())


def lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


# --- docs/how-to/blocklists.md ----------------------------------------------------------------------------------------


def firewalled(stage: Stage) -> None:
    """Have a network of one's own, whose firewall is the one that `nft` speaks to."""
    holder = subprocess.Popen(["unshare", "--map-root-user", "--net", "sleep", "infinity"])
    stage.closing.callback(holder.wait)
    stage.closing.callback(holder.terminate)
    enter = f"nsenter --user --net --preserve-credentials --target {holder.pid}"
    (stage.programs / "nft").write_text(f'#!/bin/sh\nexec {enter} {shutil.which("nft", path=SBIN)} "$@"\n')
    (stage.programs / "nft").chmod(0o755)
