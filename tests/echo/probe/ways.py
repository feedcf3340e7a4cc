"""Real proxies between the probe and a server, each way a small configuration; and a probe that asks through them."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from echo.clientip import parse_hop
from echo.probe.client import Dialer, Pace
from echo.probe.judge import Judgement
from echo.probe.run import Prober
from echo.probe.target import parse_url
from tests.echo.peers.programs import CLIENT, HOST, free_port, listens, program, started

TIMEOUT = 10.0

# name -> what nginx's location holds; whom it sees is $remote_addr
NGINX = {
    "append": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "replace": "proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Real-IP $remote_addr;",
    "over-trusting": """
        set_real_ip_from 0.0.0.0/0;
        real_ip_header X-Forwarded-For;
        real_ip_recursive on;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    """,
    "over-trusting-replace": """
        set_real_ip_from 0.0.0.0/0;
        real_ip_header X-Forwarded-For;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $remote_addr;
    """,
    # ingress-nginx with use-forwarded-headers, compute-full-forwarded-for, and proxy-real-ip-cidr as it comes
    "over-trusting-full": """
        set_real_ip_from 0.0.0.0/0;
        real_ip_header X-Forwarded-For;
        real_ip_recursive on;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For "$http_x_forwarded_for, $realip_remote_addr";
        proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
    """,
    "strip": 'proxy_set_header X-Forwarded-For "";',
    "untouched": "",
    "x-real-ip": "proxy_set_header X-Real-IP $remote_addr;",
    "beside": """
        proxy_set_header X-Forwarded-For $http_x_forwarded_for;
        proxy_set_header X-Forwarded-For $remote_addr;
    """,
    "keep-original": """
        proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Real-IP $remote_addr;
    """,
    "pool": """
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    """,
    "two": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "half-dead": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_next_upstream off;",
}
_NGINX = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
"""
_HAPROXY = """\
global
    nbthread 1
    maxconn 200
defaults
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen way
    mode {mode}
    bind {host}:{port}
    {more}
    server one 127.0.0.1:{upstream} {flags}
"""


@contextlib.contextmanager
def nginx(folder: Path, upstreams: Mapping[str, Mapping[str, str]]) -> Iterator[dict[tuple[str, str], str]]:
    """
    Run one nginx with a server for each way and each upstream.

    upstreams  name -> directives of its upstream block, and the ways that lead to it

    Returns (way, upstream) -> URL.
    """
    where = program("nginx")
    ports: dict[tuple[str, str], int] = {}
    text = _NGINX
    for name, ways in upstreams.items():
        for way, upstream in ways.items():
            port = ports[way, name] = free_port()
            text += (
                f"    upstream {name}-{way} {{ {upstream} }}\n    server {{ listen {HOST}:{port}; location /at/ {{\n"
            )
            text += f"        proxy_pass http://{name}-{way}/;\n{NGINX[way]}\n    }} }}\n"
    (folder / "nginx.conf").write_text(text + "}\n")
    with started(
        folder, where, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf",
        ready=lambda: all(listens(port) for port in ports.values()),
    ):  # fmt: skip
        yield {key: f"http://{HOST}:{port}/at/" for key, port in ports.items()}


@contextlib.contextmanager
def haproxy(folder: Path, upstream: int, *, mode: str = "http", more: str = "", flags: str = "") -> Iterator[str]:
    """Run HAProxy before a server; return the URL."""
    where, port = program("haproxy"), free_port()
    text = _HAPROXY.format(mode=mode, host=HOST, port=port, more=more, upstream=upstream, flags=flags)
    (folder / "haproxy.cfg").write_text(text)
    with started(folder, where, "-db", "-f", "haproxy.cfg", ready=lambda: listens(port)):
        yield f"http://{HOST}:{port}/"


def probed(url: str, *, count: int = 3, bind: str | None = CLIENT, mine: str = "", **how) -> Judgement:
    """Probe without waiting in between."""
    pace = Pace(0)
    pace.interval = 0
    dialer = Dialer(parse_url(url), timeout=how.pop("timeout", TIMEOUT), bind=bind, context=how.pop("context", None))
    return Prober(dialer, pace, mine=[parse_hop(mine)] if mine else (), **how).run(count)


def fates(judgement: Judgement) -> dict[str, str]:
    """Return code of a canary -> what became of it."""
    return {fate.canary.code: fate.code for fate in judgement.fates}


def codes(notes) -> list[str]:
    """Return the codes of practices or notes."""
    return [note.code for note in notes]
