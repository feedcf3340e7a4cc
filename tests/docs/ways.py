"""
The ways of docs/how-to/topologies, small: what a page calls BALANCER, and behind it a whofrom as the overlay has it.

Everything is on this machine, so each hop has an address of its own out of 127.0.0.0/8, and the overlay's TOML is read
with those in the place of its own. What hides an address here is a program that connects from another; the kernel's own
NAT, with the real addresses, is in tests/lab. Its rows say the same of the same overlays.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.article import documents
from tests.cluster.server import cluster
from tests.deploy.rendered import LACK
from tests.docs.page import ROOT
from tests.docs.stage import Scene, Stage
from tests.echo.peers.proxies import STREAM_MODULES
from tests.lab.ingress import ingress_nginx
from tests.lab.nginx import PREAMBLE
from tests.ports import free_port

CLIENT, NODE, INGRESS, BALANCER, GKE_ADDRESS = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "198.51.100.80"
# what stands for each name of [network] that an overlay has
PLACES = {
    "nodes": [NODE],
    "bridges": ["127.0.0.5"],
    "ingress": [INGRESS],
    "load_balancers": [BALANCER],
    "service_lb": ["127.0.0.6"],
    "pods": ["127.1.0.0/16"],
    "vpc_pods": ["127.2.0.0/16"],
    "services": ["127.3.0.0/16"],
}
ARTICLES_KEYS = {
    "use-forwarded-headers": "true",
    "compute-full-forwarded-for": "true",
    "forwarded-for-header": "X-Forwarded-For",
}
START_SECONDS = 30

# a hop: from the folder it may write in, the stage and the port behind it, to the port that it listens on
Hop = Callable[[Path, Stage, int], int]


def scene(overlay: str, *hops: Hop) -> Scene:
    """Return the scene of a page: a checkout's deploy/, a cluster, and BALANCER, with the hops from the client on."""

    def set_up(stage: Stage) -> None:
        applying(stage)
        port = _served(stage, toml(overlay))
        for number, hop in reversed(list(enumerate(hops))):
            folder = stage.programs / f"hop{number}"
            folder.mkdir()
            port = hop(folder, stage, port)
        stage.words |= {"BALANCER": f"{CLIENT}:{port}", "MY_ADDRESS": CLIENT}

    return set_up


def applying(stage: Stage) -> None:
    """Put down deploy/ and start a cluster in which nothing of it is applied yet."""
    if LACK:
        pytest.skip(LACK)
    shutil.copytree(ROOT / "deploy", stage.folder / "deploy")
    running = stage.closing.enter_context(cluster(stage.programs, documents()))
    stage.environment |= running.environment


def masquerade(source: str = NODE) -> Hop:
    """Return a hop that connects from an address of its own and says nothing of its client's, as source NAT does."""

    def start(_: Path, stage: Stage, behind: int) -> int:
        return stage.closing.enter_context(_relay(source, behind))

    return start


def nginx_ingress(configmap: dict[str, str] | None = None) -> Hop:
    """Return ingress-nginx, a real nginx with the directives that the ConfigMap's keys come to."""

    def start(folder: Path, stage: Stage, behind: int) -> int:
        port = free_port()
        text = ingress_nginx(configmap or {}, f"{CLIENT}:{behind}", f"{CLIENT}:{port}", INGRESS)
        return _nginx(folder, stage, text, port)

    return start


def l7(source: str = BALANCER, header: str = "$proxy_add_x_forwarded_for") -> Hop:
    """Return an L7 balancer, a real nginx that writes X-Forwarded-For."""

    def start(folder: Path, stage: Stage, behind: int) -> int:
        port = free_port()
        text = f"""{PREAMBLE}
            server {{
                listen {CLIENT}:{port};
                location / {{
                    proxy_pass http://{CLIENT}:{behind};
                    proxy_bind {source};
                    proxy_set_header Host $http_host;
                    proxy_set_header X-Forwarded-For "{header}";
                }}
            }}
        }}
        """
        return _nginx(folder, stage, text, port)

    return start


def compose(stage: Stage) -> None:
    """Start what deploy/compose has: its proxy's own file, its own TOML, with the addresses that things have here."""
    _need(stage, "nginx", "curl")
    files = ROOT / "deploy" / "compose"
    shutil.copytree(files, stage.folder / "deploy" / "compose")
    own = _served(stage, (files / "whofrom.toml").read_text("utf-8").replace("172.30.80.2", BALANCER))
    port = free_port()
    text = (files / "nginx.conf").read_text("utf-8")
    for written, here in (("listen 80;", f"listen {CLIENT}:{port};"), ("//whofrom:8080;", f"//{CLIENT}:{own};")):
        assert text.count(written) == 1
        text = text.replace(written, here)
    folder = stage.programs / "proxy"
    folder.mkdir()
    _nginx(folder, stage, f"{PREAMBLE} proxy_bind {BALANCER};\n{text}\n}}\n", port)
    stage.words |= {"8080": str(own), "8081": str(port), "MACHINE": CLIENT}


def toml(overlay: str) -> str:
    """Return the overlay's whofrom.toml with the addresses that things have here."""
    read = tomllib.loads((ROOT / "deploy" / "overlays" / overlay / "whofrom.toml").read_text("utf-8"))
    network = {name: PLACES[name] for name in read["network"] if name in PLACES}
    services = [
        {key: service[key] for key in ("name", "policy", "endpoints")} for service in read["network"]["service"]
    ]
    lines = ["[network]", *_lines(network)]
    for service in services:
        lines += ["[[network.service]]", *_lines(service)]
    if keys := read["network"].get("ingress_nginx"):
        lines += ["[network.ingress_nginx]", *_lines(keys)]
    return "\n".join([*lines, "[trust]", *_lines(read["trust"]), ""])


def _lines(table: dict[str, object]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]


def _served(stage: Stage, text: str) -> int:
    """Start whofrom with this TOML and return its port."""
    config = stage.programs / "way.toml"
    config.write_text(text, "utf-8")
    port = free_port()
    argv = [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port), "--workers=1", f"--config={config}"]
    _started(stage, argv, stage.programs, port)
    return port


def _nginx(folder: Path, stage: Stage, text: str, port: int) -> int:
    (folder / "nginx.conf").write_text(text, "utf-8")
    _need(stage, "nginx")
    _started(stage, ["nginx", "-e", "stderr", "-p", f"{folder}/", "-c", "nginx.conf"], folder, port)
    return port


def _need(stage: Stage, *programs: str) -> None:
    """Skip the page where a program that it starts is not installed."""
    for program in programs:
        if shutil.which(program, path=stage.environment["PATH"]) is None:
            pytest.skip(f"no {program}")


def proxies(stage: Stage) -> None:
    """Have the two proxies that speak PROXY, and a cluster."""
    _need(stage, "haproxy", "nginx", "curl")
    if not any(Path(module).is_file() for module in STREAM_MODULES):
        pytest.skip("nginx has no stream module")
    applying(stage)


def _started(stage: Stage, argv: list[str], folder: Path, port: int) -> None:
    """Start a program that ends with the page, and wait until it listens."""
    process = subprocess.Popen(
        argv, cwd=folder, env=stage.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    stage.closing.callback(process.wait)
    stage.closing.callback(process.terminate)
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        assert process.poll() is None, f"{argv} ended with {process.returncode}"
        with contextlib.suppress(OSError), socket.create_connection((CLIENT, port), 1):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{argv} does not listen on {port}")


@contextlib.contextmanager
def _relay(source: str, behind: int) -> Iterator[int]:
    """Pass connections on to a port, from a source address; gives the port that it listens on."""
    ready: list[int] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(1 << 16):
                writer.write(some)
                await writer.drain()
        writer.close()

    async def passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection(CLIENT, behind, local_addr=(source, 0))
        await asyncio.gather(pump(reader, other_writer), pump(other_reader, writer))

    async def serve(stop: asyncio.Event) -> None:
        server = await asyncio.start_server(passed, CLIENT, 0)
        ready.append(server.sockets[0].getsockname()[1])
        started.set()
        await stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(stop),))
    thread.start()
    try:
        assert started.wait(START_SECONDS)
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


PAGE = "docs/how-to/topologies/{}.md"
SCENES: dict[str, Scene] = {
    PAGE.format(name): set_up
    for name, set_up in {
        "cluster": scene("cluster", masquerade()),
        "local": scene("local"),
        "direct": scene("direct"),
        "inside": applying,
        "by-the-balancer": applying,
        "clb-ingress": scene("clb-ingress", l7(NODE)),
        "clb-ingress-local": scene("clb-ingress-local", l7()),
        "clb-ingress-direct": scene("clb-ingress-direct", l7()),
        "ingress-nginx-cluster": scene("ingress-nginx-cluster", masquerade(), nginx_ingress()),
        "ingress-nginx-local": scene("ingress-nginx-local", nginx_ingress()),
        "ingress-nginx-direct": scene("ingress-nginx-direct", nginx_ingress()),
        "ingress-nginx-keys": scene("ingress-nginx-direct", nginx_ingress(ARTICLES_KEYS)),
        "aws-nlb": scene("aws-nlb"),
        "gke": scene("gke", l7(BALANCER, f"$proxy_add_x_forwarded_for, {GKE_ADDRESS}")),
        "metallb": scene("metallb"),
        "k3s": scene("k3s"),
        "kind": scene("kind", masquerade(BALANCER)),
    }.items()
} | {
    "deploy/README.md": scene("local"),
    "deploy/compose/README.md": compose,
    "docs/how-to/proxy-protocol.md": proxies,
}
