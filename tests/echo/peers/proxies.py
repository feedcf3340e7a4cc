"""
How each proxy is told to stand before a server: its configuration, and the ports that it listens on.

`web` is HTTP in front of HTTP, with X-Forwarded-For. The others pass bytes on behind a PROXY header: `v1`, `v2` to the
server's plain port, `v1-tls`, `v2-tls` to its TLS port. For `web` each trusts what loopback says about clients, as it
would a balancer before it.
"""

import contextlib
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.echo.peers.programs import HOST, answers, free_port, program, started

STREAM_MODULES = ("/usr/lib/nginx/modules/ngx_stream_module.so", "/usr/lib64/nginx/modules/ngx_stream_module.so")
TYPES = "type.googleapis.com/envoy.extensions"


class Upstream(NamedTuple):
    """The ports of loopback that servers listen on: HTTP, and those that require a PROXY header, plain and with TLS."""

    web: int = 0
    proxied: int = 0
    tls: int = 0


Ports = dict[str, int]


@contextlib.contextmanager
def running_proxy(
    name: str, folder: Path, upstream: Upstream, kinds: tuple[str, ...], context: ssl.SSLContext | None = None
) -> Iterator[Ports]:
    """Run a proxy with listeners of these kinds; they are asked in TLS where there is a context for it."""
    base, _, _ = name.partition("-")
    where = program(base)
    ports = {kind: free_port() for kind in kinds}
    command = PROXIES[name](folder, upstream, ports)

    with started(folder, where, *command, ready=lambda: all(answers(port, tls=context) for port in ports.values())):
        yield ports


def port_of(upstream: Upstream, kind: str) -> int:
    """Return the server's port that a listener of that kind leads to."""
    return upstream.web if kind == "web" else upstream.tls if kind.endswith("tls") else upstream.proxied


# --- nginx ------------------------------------------------------------------------------------------------------------

NGINX_START = """\
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{}}
{modules}
"""
NGINX_WEB = """\
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    upstream server {{
        server 127.0.0.1:{upstream.web};
        keepalive 4;
    }}
    map $http_upgrade $connection_header {{
        default upgrade;
        "" "";
    }}
    server {{
        listen {host}:{port};
        location / {{
            proxy_pass http://server;
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            {more}
        }}
    }}
}}
"""
NGINX_KEEP_ALIVE = """\
proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_header;
            proxy_request_buffering off;
"""
NGINX_STREAM = """\
    server {{
        listen {host}:{port};
        proxy_pass 127.0.0.1:{upstream};
        proxy_protocol on;
    }}
"""


def nginx_1_0(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """As `proxy_pass` has it by default in nginx 1.22: HTTP/1.0, a connection a request."""
    return _nginx(folder, upstream, ports, "proxy_http_version 1.0;\n            proxy_set_header Connection close;")


def nginx_1_1(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """As its documentation tells for keep-alive and WebSockets."""
    return _nginx(folder, upstream, ports, NGINX_KEEP_ALIVE)


def nginx_stream(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """Bytes behind a PROXY header of version 1: it speaks no other."""
    module = next((path for path in STREAM_MODULES if Path(path).exists()), None)
    if module is None:
        pytest.skip("nginx's stream module is not installed")
    servers = [
        NGINX_STREAM.format(host=HOST, port=port, upstream=port_of(upstream, kind)) for kind, port in ports.items()
    ]
    text = NGINX_START.format(modules="") + "stream {\n" + "".join(servers) + "}\n"
    (folder / "nginx.conf").write_text(f"load_module {module};\n{text}")
    return ["-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]


def _nginx(folder: Path, upstream: Upstream, ports: Ports, more: str) -> list[str]:
    text = NGINX_WEB.format(upstream=upstream, host=HOST, port=ports["web"], more=more)
    (folder / "nginx.conf").write_text(NGINX_START.format(modules="") + text)
    return ["-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]


# --- HAProxy ----------------------------------------------------------------------------------------------------------

HAPROXY_START = """\
global
    nbthread 1
    maxconn 200
defaults
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    timeout tunnel 10s
"""
HAPROXY_LISTEN = """\
listen {kind}
    mode {mode}
    bind {host}:{port}
    {more}
    server one 127.0.0.1:{upstream} {flags}
"""
HAPROXY_FLAGS = {"v1": "send-proxy", "v2": "send-proxy-v2"}


def haproxy(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """
    `option forwardfor` adds a header field of its own for the client, below those that came.

    Without `option http-no-delay` the pieces of an answer in chunks wait up to 200 ms for those that follow.
    """
    text = HAPROXY_START
    for kind, port in ports.items():
        web = kind == "web"
        text += HAPROXY_LISTEN.format(
            kind=kind,
            mode="http" if web else "tcp",
            host=HOST,
            port=port,
            more="option forwardfor\n    option http-no-delay\n    http-reuse always" if web else "",
            upstream=port_of(upstream, kind),
            flags="" if web else HAPROXY_FLAGS[kind.removesuffix("-tls")],
        )
    (folder / "haproxy.cfg").write_text(text)
    return ["-db", "-f", "haproxy.cfg"]


# --- Envoy ------------------------------------------------------------------------------------------------------------


def envoy(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """`use_remote_address` appends to X-Forwarded-For; WebSockets are named, or they are refused."""
    listeners = [
        {"name": kind, "address": _envoy_address(HOST, port), "filter_chains": [{"filters": [_envoy_filter(kind)]}]}
        for kind, port in ports.items()
    ]
    clusters = [_envoy_cluster(kind, port_of(upstream, kind)) for kind in ports]
    config = {"static_resources": {"listeners": listeners, "clusters": clusters}}
    (folder / "envoy.json").write_text(json.dumps(config))
    return ["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning", "-c", "envoy.json"]


def _envoy_address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _envoy_filter(kind: str) -> dict[str, Any]:
    if kind != "web":
        name = "tcp_proxy.v3.TcpProxy"
        return _envoy_typed("tcp_proxy", f"filters.network.{name}", stat_prefix=kind, cluster=kind)
    route = {"match": {"prefix": "/"}, "route": {"cluster": kind, "timeout": "0s"}}
    return _envoy_typed(
        "http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=kind,
        use_remote_address=True,
        upgrade_configs=[{"upgrade_type": "websocket"}],
        http_filters=[_envoy_typed("router", "filters.http.router.v3.Router")],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    )


def _envoy_cluster(kind: str, port: int) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _envoy_address("127.0.0.1", port)}}
    cluster: dict[str, Any] = {
        "name": kind,
        "type": "STATIC",
        "load_assignment": {"cluster_name": kind, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if kind != "web":
        cluster["transport_socket"] = _envoy_typed(
            "upstream_proxy_protocol",
            "transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
            config={"version": kind[:2].upper()},
            transport_socket=_envoy_typed("raw_buffer", "transport_sockets.raw_buffer.v3.RawBuffer"),
        )
    return cluster


def _envoy_typed(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{TYPES}.{kind}"} | fields}


# --- Traefik ----------------------------------------------------------------------------------------------------------


def traefik(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """It drops X-Forwarded-For of whom it does not trust."""
    config: dict[str, Any] = {}
    for kind, port in ((kind, port_of(upstream, kind)) for kind in ports):
        if kind == "web":
            server = {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}
            router = {"rule": "PathPrefix(`/`)", "entryPoints": [kind], "service": kind}
            config["http"] = {"routers": {kind: router}, "services": {kind: server}}
            continue
        tcp = config.setdefault("tcp", {"routers": {}, "services": {}, "serversTransports": {}})
        tcp["routers"][kind] = {"rule": "HostSNI(`*`)", "entryPoints": [kind], "service": kind}
        if kind.endswith("tls"):
            tcp["routers"][kind]["tls"] = {"passthrough": True}
        servers = {"servers": [{"address": f"127.0.0.1:{port}"}], "serversTransport": kind}
        tcp["services"][kind] = {"loadBalancer": servers}
        tcp["serversTransports"][kind] = {"proxyProtocol": {"version": int(kind[1])}}
    (folder / "dynamic.yml").write_text(json.dumps(config))  # JSON is YAML
    flags = ["--global.checkNewVersion=false", "--global.sendAnonymousUsage=false", "--log.level=WARN"]
    for kind, port in ports.items():
        flags.append(f"--entryPoints.{kind}.address={HOST}:{port}")
        flags.append(f"--entryPoints.{kind}.forwardedHeaders.trustedIPs=127.0.0.0/8")
    return [*flags, "--providers.file.filename=dynamic.yml", "--providers.file.watch=false"]


# --- Caddy ------------------------------------------------------------------------------------------------------------


def caddy(folder: Path, upstream: Upstream, ports: Ports) -> list[str]:
    """
    It drops X-Forwarded-For of whom it does not trust.

    Its PROXY headers stand before HTTP, or TLS of its own, and name whom it takes for the client: where it trusts
    X-Forwarded-For, that is whom the header names.
    """
    servers: dict[str, Any] = {}
    for kind, port in ports.items():
        transport: dict[str, Any] = {"protocol": "http"}
        if kind != "web":
            transport["proxy_protocol"] = kind[:2]
        if kind.endswith("tls"):
            transport["tls"] = {"insecure_skip_verify": True}
        upstreams = [{"dial": f"127.0.0.1:{port_of(upstream, kind)}"}]
        handler = {"handler": "reverse_proxy", "upstreams": upstreams, "transport": transport}
        servers[kind] = {
            "listen": [f"{HOST}:{port}"],
            "protocols": ["h1"],
            "automatic_https": {"disable": True},
            "routes": [{"handle": [handler]}],
        }
        if kind == "web":
            servers[kind]["trusted_proxies"] = {"source": "static", "ranges": ["127.0.0.0/8"]}
    config = {"admin": {"disabled": True, "config": {"persist": False}}, "apps": {"http": {"servers": servers}}}
    (folder / "caddy.json").write_text(json.dumps(config))
    return ["run", "--config", "caddy.json"]


# name -> (folder, upstream, ports) -> arguments. The name begins with the program's.
PROXIES = {
    "nginx-1.0": nginx_1_0,
    "nginx-1.1": nginx_1_1,
    "nginx-stream": nginx_stream,
    "haproxy": haproxy,
    "envoy": envoy,
    "traefik": traefik,
    "caddy": caddy,
}
