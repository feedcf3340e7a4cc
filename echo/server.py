"""
Sockets, TLS, signals: from settings to a server that runs until it is told to stop.

1. What can be wrong is wrong before the first connection: configuration, certificate, log file, port.
2. SIGTERM and SIGINT: no more connections are accepted, idle ones are closed, requests in hand get DRAIN_SECONDS, the
   log is flushed, the exit code is 0.
"""

import asyncio
import errno
import gc
import os
import secrets
import signal
import socket
import ssl
import sys
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

import uvloop

from echo.clientip import load_config, quote
from echo.clientip.config import PROXY_OFF
from echo.clientip.faults import printable
from echo.connection import Server
from echo.errors import StartupFault
from echo.record import header_text, parse_login_rules
from echo.recorder import place_from_environ
from echo.request import Request
from echo.routes import App
from echo.settings import Settings
from echo.sink import Sink, open_sink
from echo.whoami import Identity, environment

DRAIN_SECONDS = 5.0  # for requests in hand at the end; Kubernetes' grace period is 30
FLUSH_POLL_SECONDS = 0.01  # between looks at whether the last answers are gone
BACKLOG = 4096  # connections waiting to be accepted; the kernel cuts it to net.core.somaxconn
MAX_PORT = 65535
IPV6_IS_OFF = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)  # compiled in, but disabled by a sysctl


def serve_forever(settings: Settings) -> None:
    """Serve until a signal says stop. Raises Fault where the server cannot start."""
    config = load_config(settings.config, settings.trust)
    app = App(
        config,
        Identity(settings.name, environment() if settings.allow_env else {}),
        parse_login_rules(config.tables.get("login"), config.path),
    )
    context = tls_context(settings)
    if context and config.proxy_protocol != PROXY_OFF:
        raise StartupFault(
            "a PROXY header stands before the TLS handshake, where it is not read yet",
            "[trust] proxy_protocol",
            f'set it to "{PROXY_OFF}", or leave --cert and --key to the balancer',
        )
    with listen(settings.host, settings.port) as listener:
        sink = open_sink(settings.log)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(app, sink, settings, listener, context))
        finally:
            sink.close()


async def _serve(
    app: App, sink: Sink, settings: Settings, listener: socket.socket, context: ssl.SSLContext | None
) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    place = place_from_environ(os.environ)
    server = Server(app, sink, place, secrets.token_hex(4), say_request if settings.verbose else None)
    accepting = await loop.create_server(server, sock=listener, ssl=context, backlog=BACKLOG)
    with_tls = "with TLS " if context else ""
    say(f"Starting up {with_tls}on port {listener.getsockname()[1]}")
    gc.collect()
    gc.freeze()  # what was made until here stays: collections need not look at it again
    await stop.wait()
    accepting.close()
    server.pre_shutdown()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await server.shutdown(DRAIN_SECONDS)
            while server.open:  # answers that clients are still taking
                await asyncio.sleep(FLUSH_POLL_SECONDS)
    except TimeoutError:
        say(f"Requests still in hand after {DRAIN_SECONDS:g} s were cut off")
        for connection in server.connections:
            connection.force_close()
        for transport in tuple(server.open):
            transport.abort()
        await asyncio.sleep(0)  # for the ends to be seen


def listen(host: str, port: str) -> socket.socket:
    """Return a bound socket: on host, or on all addresses of both families. Raises StartupFault."""
    number = port_number(port)
    try:
        if host:
            family, _, _, _, address = socket.getaddrinfo(
                host, number, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            return socket.create_server(address[:2], family=family, backlog=BACKLOG)
        if socket.has_dualstack_ipv6():
            try:
                return socket.create_server(("", number), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG)
            except OSError as error:
                if error.errno not in IPV6_IS_OFF:
                    raise
        return socket.create_server(("", number), backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        where = f"{quote(host)} port {number}" if host else f"port {number}"
        raise StartupFault(f"cannot listen: {why}", where, "choose another with --port or --host") from None


def port_number(text: str) -> int:
    """Return a port given as a number or a service name. Raises StartupFault."""
    if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_PORT)) and int(text) <= MAX_PORT:
        return int(text)
    try:
        return socket.getservbyname(text, "tcp")
    except (OSError, ValueError):
        pass
    raise StartupFault(f"{quote(text)} is no port", "--port", f"give a number up to {MAX_PORT} or a service name")


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context; None unless certificate and key are both given, as whoami has it. Raises StartupFault."""
    if not (settings.cert and settings.key):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.cert, settings.key)
    except (OSError, ValueError) as error:
        place = f"--cert {quote(settings.cert)}, --key {quote(settings.key)}"
        raise StartupFault(f"cannot use them: {_words(error)}", place, "give a PEM certificate and its key") from None
    if settings.cacert:
        try:
            context.load_verify_locations(settings.cacert)
        except (OSError, ValueError) as error:
            place = f"--cacert {quote(settings.cacert)}"
            raise StartupFault(f"cannot use it: {_words(error)}", place, "give a PEM file of certificates") from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def say(words: str) -> None:
    """Write a line to stderr as Go's log package does: local time, to the second."""
    now = datetime.now(tz=UTC).astimezone()
    sys.stderr.write(f"{now:%Y/%m/%d %H:%M:%S} {words}\n")
    sys.stderr.flush()


def say_request(request: Request) -> None:
    """Write whoami's verbose line of a request."""
    now = datetime.now(tz=UTC).astimezone()
    remote = request.connection.remote_addr.decode()
    path = printable(header_text(unquote_to_bytes(request.path)))
    method = header_text(request.method)
    protocol = "HTTP/{}.{}".format(*request.version)
    say(f'{remote} - - [{now:%d/%b/%Y:%H:%M:%S %z}] "{method} {path} {protocol}" - -')


def _words(error: Exception) -> str:
    """Return what an error says, without errno and source lines of OpenSSL's."""
    return getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
