"""
Real proxies that send PROXY headers: to a server that requires them, in the clear and before TLS.

The client is 127.0.0.9: nobody's word but the PROXY header's tells so.
"""

import time
import uuid

import pytest

from tests.echo.peers.programs import CLIENT, HOST, ask, free_port, listens, program, started
from tests.echo.peers.proxies import running_proxy

KINDS = ("v1", "v2", "v1-tls", "v2-tls")
NAMES = ("nginx-stream", "haproxy", "envoy", "traefik", "caddy")
# nginx speaks version 1 only
ANOTHER = "127.0.0.10"
CASES = [(name, kind) for name in NAMES for kind in KINDS if not (name == "nginx-stream" and "v2" in kind)]


class Sender:
    """A proxy that puts a PROXY header before what it passes on."""

    def __init__(self, name, port, server, context):
        self.name, self.port, self.server, self.context = name, port, server, context

    def ask(self, path, **how):
        """Ask through the proxy; return the answer and the record of it."""
        target = f"{path}{'&' if '?' in path else '?'}mark={uuid.uuid4().hex}"
        answer = ask(self.port, target, tls=self.context, **how)
        (record,) = self.server.records(1, lambda record: record["target"] == target)
        return answer, record


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def sender(request, tmp_path_factory, upstream, requiring, requiring_tls, certificates):
    """Each proxy with each version of the header, in turn. All but Caddy pass TLS on as it is."""
    name, kind = request.param
    secure = kind.endswith("tls")
    context = certificates.context if secure and name != "caddy" else None
    with running_proxy(name, tmp_path_factory.mktemp(name), upstream, (kind,), context) as ports:
        yield Sender(name, ports[kind], requiring_tls if secure else requiring, context)


def test_the_source_of_the_header_is_the_client(sender, requiring_tls):
    """Caddy names no port: it speaks of requests, which may share a connection."""
    answer, record = sender.ask("/ip")
    assert (answer.status, answer.body.decode()) == (200, f"{CLIENT}\n")
    assert (record["client_ip"], record["client_source"]) == (CLIENT, "proxied-peer")
    assert (record["peer_ip"], record["proxied_ip"]) == ("127.0.0.1", CLIENT)
    assert (record["proxied_port"] > 0) == (sender.name != "caddy")
    assert record["tls_version"] == ("TLSv1.3" if sender.server is requiring_tls else None)


def test_whoami_names_it_with_its_port(sender):
    answer, record = sender.ask("/")
    assert f"RemoteAddr: {CLIENT}:{record['proxied_port']}\n".encode() in answer.body


def test_a_header_of_the_client_s_changes_nothing(sender):
    answer, record = sender.ask("/ip", fields={"X-Forwarded-For": "6.6.6.6"})
    assert answer.body.decode() == f"{CLIENT}\n"
    assert record["client_ip"] == CLIENT


def test_clients_are_told_apart(sender):
    """Where a proxy keeps connections, it may not mix clients: the header speaks for all requests of one."""
    for _ in range(3):
        for client in (CLIENT, ANOTHER):
            answer, record = sender.ask("/ip", client=client)
            assert answer.body.decode() == f"{client}\n"
            assert record["proxied_ip"] == client


def test_large_bodies_pass(sender):
    answer, record = sender.ask("/data?size=1&unit=MB", method="POST", body=bytes(200_000))
    assert (len(answer.body), answer.status) == (1 << 20, 200)
    assert (record["response_bytes"], record["error"]) == (1 << 20, None)


# --- health checks ----------------------------------------------------------------------------------------------------

CHECKS = """\
defaults
    mode tcp
    timeout connect 2s
    timeout client 5s
    timeout server 5s
    timeout check 2s
listen checked
    bind {host}:{port}
    {option}
    server one 127.0.0.1:{upstream} check inter 100ms check-send-proxy {flags}
"""
VERSIONS = pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
SECURE = pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])


def checking(folder, server, flags, option=""):
    """Run HAProxy with health checks of a server ten times a second."""
    port = free_port()
    (folder / "haproxy.cfg").write_text(
        CHECKS.format(host=HOST, port=port, option=option, upstream=server.port, flags=flags)
    )
    return started(folder, program("haproxy"), "-db", "-f", "haproxy.cfg", ready=lambda: listens(port))


@VERSIONS
@SECURE
def test_haproxy_s_checks_come_from_itself(tmp_path, requiring, requiring_tls, version, secure):
    """LOCAL in version 2, its own address in version 1: either way the client is the proxy."""
    server = requiring_tls if secure else requiring
    target = f"/readyz?mark={uuid.uuid4().hex}"
    flags = f"{version} check-ssl verify none" if secure else version
    with checking(tmp_path, server, flags, f"option httpchk GET {target}"):
        records = server.records(3, lambda record: record["target"] == target)
    assert len(records) >= 3
    for record in records:
        assert (record["status"], record["client_ip"]) == (200, "127.0.0.1")
        assert record["proxied_ip"] == ("127.0.0.1" if version == "send-proxy" else None)
        assert record["tls_version"] == ("TLSv1.3" if secure else None)


@VERSIONS
@SECURE
def test_checks_that_only_connect_are_no_requests(tmp_path, start_session, certificates, version, secure):
    """A connection that says who it is and goes leaves no record."""
    flags = certificates.server if secure else ()
    with start_session("checked", '[trust]\nproxy_protocol = "required"\n', *flags) as server:
        with checking(tmp_path, server, version) as output:
            time.sleep(0.5)
        assert "DOWN" not in output.read_text()
        assert server.stop() == 0
        assert server.log.read_bytes() == b""


# --- who may send one -------------------------------------------------------------------------------------------------


@VERSIONS
def test_where_it_is_taken_from_trusted_ranges_others_are_told_why(tmp_path, start_session, version):
    """A proxy outside the ranges sends what is answered in words, which its client sees."""
    toml = '[trust]\nproxy_protocol = "optional"\nranges = ["192.0.2.0/24"]\n'
    port = free_port()
    with start_session("optional", toml) as server:
        text = CHECKS.format(host=HOST, port=port, option="", upstream=server.port, flags=version)
        (tmp_path / "haproxy.cfg").write_text(text.replace("check inter 100ms check-send-proxy ", ""))
        with started(tmp_path, program("haproxy"), "-db", "-f", "haproxy.cfg", ready=lambda: listens(port)):
            answer = ask(port, "/")
    assert answer.status == 400
    assert b"header, which is not taken from this peer; start the server with --proxy-protocol optional" in answer.body
