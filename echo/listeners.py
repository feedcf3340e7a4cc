"""
From settings to listening sockets: a port, a UNIX socket or an inherited descriptor.

A port gets one socket a worker (SO_REUSEPORT): the kernel spreads connections over them. They are made before the
workers are, and the supervisor keeps them: connections that wait for a worker which died wait on for its successor.
Everything else is one socket that all workers accept from.
"""

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from echo.clientip import quote
from echo.errors import StartupFault
from echo.settings import Settings

BACKLOG = 4096  # connections waiting to be accepted; the kernel cuts it to net.core.somaxconn
MAX_PORT = 65535
UNIX_MODE = 0o666  # who may reach the socket's folder may connect, as with other servers behind a local proxy
# what to do where ports from 0 to 1023 are root's, as they are but for containers of Docker and containerd
PRIVILEGED = (
    "give a port that is not root's, --port 8080; or let all users have this one: sysctl "
    "net.ipv4.ip_unprivileged_port_start=0 in the container's network namespace"
)
IPV6_IS_OFF = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # compiled in, but disabled by a sysctl


def listen(settings: Settings, workers: int) -> list[socket.socket]:
    """Return listening sockets: one a worker, or one for all. Raises StartupFault."""
    if settings.fd and settings.unix:
        raise StartupFault("one of them says where to listen", "--fd, --unix", "give one")
    if settings.fd:
        return [_inherited(settings.fd)]
    if settings.unix:
        return [_unix(Path(settings.unix))]
    return _ports(settings.host, port_number(settings.port), workers)


def place(listener: socket.socket) -> str:
    """Return where a socket listens, in words."""
    name = listener.getsockname()
    return f"port {name[1]}" if isinstance(name, tuple) else f"socket {os.fsdecode(name) or 'without a name'}"


def _ports(host: str, port: int, workers: int) -> list[socket.socket]:
    try:
        _bound(host, port, shared=False).close()  # another server may share its port too: ours must not join it
        first = _bound(host, port, shared=True)
        others = [_bound(host, first.getsockname()[1], shared=True) for _ in range(workers - 1)]
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        where = f"{quote(host)} port {port}" if host else f"port {port}"
        if isinstance(error, PermissionError):
            raise StartupFault(f"cannot listen: {os.strerror(errno.EACCES)}", where, PRIVILEGED) from None
        raise StartupFault(f"cannot listen: {why}", where, "choose another with --port or --host") from None
    return [first, *others]


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """Return a listening socket: on host, or on all addresses of both families."""
    if host:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG, reuse_port=shared)
    if socket.has_dualstack_ipv6():
        try:
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG, reuse_port=shared
            )
        except OSError as error:
            if error.errno not in IPV6_IS_OFF:
                raise
    return socket.create_server(("", port), backlog=BACKLOG, reuse_port=shared)


def _unix(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        listener.bind(str(path))
        path.chmod(UNIX_MODE)
        listener.listen(BACKLOG)
    except (OSError, ValueError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or str(error)
        raise StartupFault(f"cannot listen: {why}", f"--unix {quote(str(path))}", "name a path that is free") from None
    return listener


def _remove_stale(path: Path) -> None:
    """Remove a socket that a server left behind; one that answers, or another kind of file, stays."""
    if not path.exists() or not stat.S_ISSOCK(path.stat().st_mode):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()


def remove_unix(settings: Settings) -> None:
    """Remove the UNIX socket's file at the end."""
    if settings.unix:
        with contextlib.suppress(OSError):
            Path(settings.unix).unlink()


def _inherited(text: str) -> socket.socket:
    next_step = "give the number of a listening socket, such as 3"
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PORT))):
        raise StartupFault(f"{quote(text)} is no descriptor", "--fd", next_step)
    try:
        listener = socket.socket(fileno=int(text))
        if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            listener.detach()
            raise OSError(errno.EINVAL, "it is no listening socket")
    except OSError as error:
        raise StartupFault(f"cannot listen: {error.strerror}", f"--fd {text}", next_step) from None
    return listener


def port_number(text: str) -> int:
    """Return a port given as a number or a service name. Raises StartupFault."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PORT)) and int(text) <= MAX_PORT:
        return int(text)
    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, ValueError):
        pass
    raise StartupFault(f"{quote(text)} is no port", "--port", f"give a number up to {MAX_PORT} or a service name")
