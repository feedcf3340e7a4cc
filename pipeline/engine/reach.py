"""What Spark needs, looked for before it does: it waits minutes for a server that is not there."""

from __future__ import annotations

import os
import re
import shutil
import socket
from pathlib import Path

from echo.clientip import printable
from pipeline.errors import EngineFault

SECONDS = 10.0  # for a connection; whoever is further away than that is not there
CONNECT_PORT = 15002  # of Spark Connect, where a URL names none
MASTER_PORT = 7077
HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^:/;\[\]]+))(?::(?P<port>\d{1,5}))?")


def check_java() -> None:
    """Raise EngineFault where there is no Java to start Spark with."""
    home = os.environ.get("JAVA_HOME", "")
    found = os.access(Path(home, "bin", "java"), os.X_OK) if home else shutil.which("java") is not None
    if not found:
        where = f"JAVA_HOME={printable(home)}" if home else "PATH"
        raise EngineFault("Spark needs a Java, and there is none", where, "install Java 17 or 21, or set JAVA_HOME")


def check_server(url: str) -> None:
    """Raise EngineFault where nothing takes connections at a master spark://HOST:PORT,… or a server sc://HOST."""
    kind, _, rest = url.partition("://")
    if kind not in ("spark", "sc"):
        return
    default = CONNECT_PORT if kind == "sc" else MASTER_PORT
    troubles = []
    for one in rest.split(","):
        found = HOST.match(one)
        if found is None:
            raise EngineFault("names no host", printable(url), "write spark://HOST:7077 or sc://HOST:15002")
        host, port = found["six"] or found["name"], int(found["port"] or default)
        try:
            socket.create_connection((host, port), SECONDS).close()
        except (OSError, OverflowError, UnicodeError) as error:
            troubles.append(f"{printable(host)[:80]} port {port}: {getattr(error, 'strerror', None) or error}")
        else:
            return
    raise EngineFault(
        f"cannot be reached ({'; '.join(troubles)})", printable(url), "start it, or name another with --master"
    )
