"""Servers behind the ways: one of each kind for a test process."""

import pytest

from tests.echo.server.conftest import running

NGINX_ADDRESS = "127.0.0.1"  # whom servers see behind nginx: the client is at another address of loopback
TOMLS = {
    "plain": "",
    "trusting": f'[trust]\nranges = ["{NGINX_ADDRESS}"]\n',
    "real-ip": f'[trust]\nranges = ["{NGINX_ADDRESS}"]\nstrategy = "single-header:X-Real-IP"\n',
    "cloudflare": '[trust]\nstrategy = "single-header:CF-Connecting-IP"\n',
    "odd": '[trust]\nstrategy = "single-header:X-My-Client"\n',
    "leftmost": '[trust]\nstrategy = "leftmost-nonprivate"\n',
    "counting": '[trust]\nstrategy = "rightmost-count:3"\n',
    "requiring": '[trust]\nproxy_protocol = "required"\n',
}


@pytest.fixture(scope="session")
def serve(tmp_path_factory):
    """Return what runs a server of TOMLS, once, and returns its port."""
    import contextlib

    with contextlib.ExitStack() as stack:
        ports: dict[str, int] = {}

        def port_of(name: str) -> int:
            if name not in ports:
                folder = tmp_path_factory.mktemp(name)
                (folder / "whofrom.toml").write_text(TOMLS[name])
                ports[name] = stack.enter_context(running(folder, "--config", str(folder / "whofrom.toml"))).port
            return ports[name]

        yield port_of
