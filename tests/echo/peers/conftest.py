"""Servers behind proxies and before clients: one of each kind for a test process."""

import ssl
from types import SimpleNamespace

import pytest
import trustme

from tests.echo.peers.proxies import Upstream
from tests.echo.server.conftest import running

TRUST = '[trust]\nranges = ["loopback"]\n'
REQUIRE = '[trust]\nproxy_protocol = "required"\n'


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A CA, what it issued for the server and for a client, and the words of a client that believes it."""
    folder = tmp_path_factory.mktemp("certificates")
    ca = trustme.CA()
    server = ca.issue_cert("localhost", "127.0.0.1")
    client = ca.issue_cert("me@client.example", common_name="a-client", organization_name="Org")
    stranger = trustme.CA().issue_cert("me@client.example", common_name="a-stranger")
    paths = {name: folder / f"{name}.pem" for name in ("ca", "cert", "key", "client", "stranger")}
    ca.cert_pem.write_to_path(paths["ca"])
    paths["cert"].write_bytes(b"".join(pem.bytes() for pem in server.cert_chain_pems))
    server.private_key_pem.write_to_path(paths["key"])
    client.private_key_and_cert_chain_pem.write_to_path(paths["client"])
    stranger.private_key_and_cert_chain_pem.write_to_path(paths["stranger"])
    context = ssl.create_default_context(cafile=str(paths["ca"]))
    context.check_hostname = False
    names = {name: str(path) for name, path in paths.items()}
    return SimpleNamespace(**names, context=context, server=("--cert", names["cert"], "--key", names["key"]))


@pytest.fixture(scope="session")
def start_session(tmp_path_factory):
    """Return what runs a server with a TOML and flags, in a folder of its own."""

    def start(name, toml, *flags):
        folder = tmp_path_factory.mktemp(name)
        (folder / "whofrom.toml").write_text(toml)
        return running(folder, "--config", str(folder / "whofrom.toml"), *flags)

    return start


@pytest.fixture(scope="session")
def trusting(start_session):
    """A server that believes what loopback says."""
    with start_session("trusting", TRUST) as found:
        yield found


@pytest.fixture(scope="session")
def requiring(start_session):
    """A server that requires a PROXY header."""
    with start_session("requiring", REQUIRE) as found:
        yield found


@pytest.fixture(scope="session")
def requiring_tls(start_session, certificates):
    """A TLS server that requires a PROXY header."""
    with start_session("requiring-tls", REQUIRE, *certificates.server) as found:
        yield found


@pytest.fixture(scope="session")
def tls(start_session, certificates):
    """A TLS server that asks for certificates and judges none."""
    with start_session("tls", "", *certificates.server) as found:
        yield found


@pytest.fixture(scope="session")
def mutual(start_session, certificates):
    """A TLS server that requires a certificate."""
    with start_session("mutual", "", *certificates.server, "--cacert", certificates.ca) as found:
        yield found


@pytest.fixture(scope="session")
def plain(start_session):
    """A server with nothing set."""
    with start_session("plain", "") as found:
        yield found


@pytest.fixture(scope="session")
def upstream(trusting, requiring, requiring_tls):
    """The ports that proxies lead to."""
    return Upstream(trusting.port, requiring.port, requiring_tls.port)
