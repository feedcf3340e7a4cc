"""
From settings to a server that runs until it is told to stop.

1. What can be wrong is wrong before the first connection: configuration, certificate, log file, port. All of that is
   made before the workers are forked, so that they share it.
2. A worker told to stop is not ready any more, serves on for --drain seconds, so that balancers notice, and answers
   with `Connection: close`. Then it accepts no more, finishes what is in hand within --finish, cuts off the rest in
   words, writes the log to its end and exits with 0.
"""

import asyncio
import gc
import mmap
import os
import resource
import secrets
import signal
import socket
import ssl
import sys
from typing import Any

import uvloop

from echo.clientip import load_config
from echo.connection import Conversation
from echo.cores import workers
from echo.counters import Counters
from echo.doorman import Doorman
from echo.kernel import save_syn
from echo.listeners import listen, place, remove_unix
from echo.metrics import METRICS, Exposition
from echo.record import parse_login_rules
from echo.recorder import place_from_environ
from echo.routes import App
from echo.settings import LOG_DROP, Settings
from echo.sink import CLOSE_SECONDS, Sink, open_sink
from echo.supervisor import FINISH, REOPEN, STOP, Supervisor, hold_signals, release_signals
from echo.surroundings import read_surroundings
from echo.tls import tls_context
from echo.units import spell_duration
from echo.verbose import say
from echo.whoami import Identity, environment
from echo.worker import CUT_SECONDS, Worker

SIGNALS = (STOP, FINISH, REOPEN, signal.SIGINT, signal.SIGCHLD)  # blocked where a worker could not take them
LAST_CALL_SECONDS = 0.05  # for requests that are here already, be it in the kernel: a close would reset them
SPARE_DESCRIPTORS = 64  # of a process, beside its connections


def serve_forever(settings: Settings) -> int:
    """Serve until a signal says stop; return the exit code. Raises Fault where the server cannot start."""
    config = load_config(settings.config, settings.trust, settings.proxy_protocol)
    app = App(
        config,
        Identity(settings.name, environment() if settings.allow_env else {}),
        parse_login_rules(config.tables.get("login"), config.path),
        settings,
        around=read_surroundings(os.environ),
    )
    context = tls_context(settings, say)
    count = settings.workers or workers()
    allow_descriptors(settings.max_connections)
    sink = open_sink(
        settings.log,
        limit=settings.log_buffer,
        drops=settings.log_full == LOG_DROP,
        flush_seconds=settings.log_flush,
    )
    hold_signals()  # who finds it listening may tell it to stop
    try:
        listeners = listen(settings, count)
    except BaseException:
        release_signals()
        raise
    for listener in listeners:
        save_syn(listener)
    counters = Counters(METRICS, count)
    restarts = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
    app.metrics = Exposition(counters, restarts).text
    prefix = secrets.token_hex(4)

    def run(index: int, alive: int) -> int:
        own = listeners[index] if len(listeners) > 1 else listeners[0]
        for other in listeners:
            if other is not own:
                other.close()
        label = f"{prefix}{secrets.token_hex(2)}"  # another after a restart: numbers of connections begin again
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(app, sink, counters, index, label, own, context, alive))

    def restarted(index: int) -> None:
        counters.forget(index)
        restarts[0] += 1

    def stopping() -> None:
        for listener in listeners:  # the workers have theirs
            listener.close()

    patience = settings.drain + settings.finish + 2 * CUT_SECONDS + CLOSE_SECONDS
    supervisor = Supervisor(count, run, restarted, stopping, sink.reopen_idle, patience=patience)
    with_tls = "with TLS " if context else ""
    where = place(listeners[0])
    gc.collect()
    gc.freeze()  # what was made until here stays: collections need not look at it, nor copy its pages
    supervisor.start()
    say(f"Starting up {with_tls}on {where}")
    code = supervisor.wait()
    remove_unix(settings)
    return code


async def _serve(
    app: App,
    sink: Sink,
    counters: Counters,
    index: int,
    prefix: str,
    listener: socket.socket,
    context: ssl.SSLContext | None,
    alive: int,
) -> int:
    """Run one worker; return its exit code."""
    loop = asyncio.get_running_loop()
    stop, hurry = asyncio.Event(), asyncio.Event()
    sink.start()
    worker = Worker(app, sink, counters, index, place_from_environ(os.environ), prefix)

    def finish() -> None:
        hurry.set()
        stop.set()

    loop.add_signal_handler(STOP, stop.set)
    loop.add_signal_handler(FINISH, finish)
    loop.add_signal_handler(REOPEN, sink.reopen)
    loop.add_reader(alive, finish)  # the supervisor died
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    sweeping = loop.create_task(worker.sweep())
    door: Doorman | asyncio.AbstractServer
    if context is not None:
        door = Doorman(worker, listener, context)
    elif listener.family == socket.AF_UNIX:
        # since 3.13 event loops remove the socket's file with their end of it: others have ends of it, too
        kept: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        door = await loop.create_unix_server(lambda: Conversation(worker, loop), sock=listener, **kept)
    else:
        door = await loop.create_server(lambda: Conversation(worker, loop), sock=listener)
    gc.collect()
    gc.freeze()
    await stop.wait()
    loop.remove_reader(alive)
    worker.drain()
    try:
        async with asyncio.timeout(app.settings.drain):
            await hurry.wait()
    except TimeoutError:
        pass
    await asyncio.sleep(0)  # take in who waits at the door: it would be reset
    door.close()
    await asyncio.sleep(LAST_CALL_SECONDS)
    cut = await worker.finish(app.settings.finish)
    if cut:
        say(f"{cut} connections were still in hand after {spell_duration(app.settings.finish)} and were cut off")
    sweeping.cancel()
    lost = await loop.run_in_executor(None, sink.close)
    if lost:
        say(f"The log took no more: {lost:,} bytes of records are lost")
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # without the loop's handlers, which end now, we would die of one
    return 1 if lost else 0


def allow_descriptors(connections: int) -> None:
    """Raise the soft limit on descriptors to what the connections need, as far as the hard limit goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE_DESCRIPTORS
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
