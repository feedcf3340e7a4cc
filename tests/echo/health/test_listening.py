"""Where a process listens, by the kernel's own tables."""

import socket
from pathlib import Path

import pytest

from echo.health.listening import listening

OURS = Path("/proc/self")


@pytest.mark.parametrize("address", [("127.0.0.1", 0), ("::1", 0), ("0.0.0.0", 0), ("::", 0)])
def test_a_port(address):
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.create_server(address, family=family) as listener:
        assert listener.getsockname()[:2] in listening(OURS)
    assert listener.fileno() == -1
    # a port that is bound and does not listen is none
    with socket.socket(family) as bound:
        bound.bind(address)
        assert bound.getsockname()[:2] not in listening(OURS)


def test_unix_sockets(tmp_path):
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX) as abstract:
        for one, name in ((named, str(tmp_path / "s")), (abstract, "\0whofrom-test-listening")):
            one.bind(name)
            assert name not in listening(OURS)
            one.listen()
            assert name in listening(OURS)


def test_what_may_not_be_read_listens_nowhere(tmp_path):
    assert listening(tmp_path / "1") == []
