"""What Spark needs is looked for before it waits for it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pipeline.engine.reach import check_java, check_server
from pipeline.errors import EngineFault


def test_a_java_is_where_java_home_says_or_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineFault, match=r"^PATH: Spark needs a Java, and there is none; install Java 17 or 21"):
        check_java()
    (tmp_path / "bin").mkdir()
    for program in (tmp_path / "java", tmp_path / "bin" / "java"):
        program.touch()
        program.chmod(0o755)
    check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    check_java()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))  # Spark looks there alone
    with pytest.raises(EngineFault, match=r"JAVA_HOME=.*gone"):
        check_java()


@pytest.fixture
def port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_server_that_takes_connections_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = f"127.0.0.1:{server.getsockname()[1]}"
        for url in (f"spark://{here}", f"spark://127.0.0.1:1,{here}", f"sc://{here}", f"sc://{here}/;user_id=me;x=y"):
            check_server(url)


@pytest.mark.parametrize("url", ["local[2]", "yarn", "k8s://https://127.0.0.1:1", ""])
def test_what_is_no_server_of_sparks_is_not_asked(url: str) -> None:
    check_server(url)


@pytest.mark.parametrize("kind", ["spark", "sc"])
def test_one_that_does_not_is_told_with_the_reason(kind: str, port: int) -> None:
    with pytest.raises(EngineFault) as raised:
        check_server(f"{kind}://127.0.0.1:{port}")
    assert str(raised.value) == (
        f"{kind}://127.0.0.1:{port}: cannot be reached (127.0.0.1 port {port}: Connection refused); "
        "start it, or name another with --master"
    )


@pytest.mark.parametrize("url", ["spark://", "sc://:15002", "spark://h:99999999", "spark://\x1b[31m", "sc://[::1"])
def test_what_names_no_host_is_a_fault(url: str) -> None:
    with pytest.raises(EngineFault) as raised:
        check_server(url)
    assert "\x1b" not in str(raised.value)
