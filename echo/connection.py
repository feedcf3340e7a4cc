"""
One connection: bytes in, answers out, in order.

Facts:

* There are two ways. A simple GET that comes whole is answered where its bytes arrive, by `echo.lane`. Anything else
  waits in the buffer for the connection's task (`echo.answering`): a connection that is idle, or whose requests are all
  simple, has no task.
* A PROXY header, where one may come, is taken off before anything else looks at the bytes.
* aiohttp gives the protocol its back-pressure (BaseProtocol, under `echo.channel`).
"""

import asyncio
from typing import cast

from echo.answering import Answering
from echo.clientip.config import PROXY_OPTIONAL, PROXY_REQUIRED
from echo.malformed import (
    Malformed,
    head_too_late,
    no_proxy_header,
    proxy_broken,
    proxy_untrusted,
    too_many_connections,
)
from echo.proxyproto import Command, Header, NeedMore, NotProxy, ProxyError, Reader
from echo.request import Connection, endpoint, spelled_endpoint
from echo.tls import handshake_failure
from echo.worker import Worker

MAX_AT_ONCE_BYTES = 64 << 10  # of answers to requests that came together; then others have their turn


class Conversation(Answering):
    """One connection."""

    __slots__ = ("_counted", "_ours")

    def __init__(
        self,
        worker: Worker,
        loop: asyncio.AbstractEventLoop,
        header: Header | None = None,
        refusal: Malformed | None = None,
        *,
        counted: bool = False,
    ) -> None:
        """
        What was found before: a PROXY header, a reason to answer nothing but it, and that the worker counted it.
        """
        super().__init__(worker, loop, refusal)
        self._counted = counted  # as open
        self._ours = asyncio.WriteTransport()  # BaseProtocol's `transport` is None once the connection ended
        if header is not None:
            self._proxied(header)

    # --- the event loop calls these -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learn who is at the other end."""
        super().connection_made(transport)
        self._ours = cast("asyncio.WriteTransport", transport)
        worker = self._worker
        peer_ip, peer_port, remote = endpoint(transport.get_extra_info("peername"))
        local_ip, local_port, _ = endpoint(transport.get_extra_info("sockname"))
        tls = transport.get_extra_info("ssl_object")
        proxied = self._wire
        self._wire = Connection(
            worker.name(),
            peer_ip,
            peer_port,
            local_ip,
            local_port,
            proxied.remote_addr or remote,
            tls.version() if tls else None,
            proxied.proxied_ip,
            proxied.proxied_port,
            proxy_local=proxied.proxy_local,
        )
        worker.open.add(self)
        failure = handshake_failure(tls)
        if failure:
            worker.record_malformed(self._wire, self._know().peer, 0, Malformed("tls-handshake", failure), 0)
            transport.close()
            return
        self._counted = self._counted or worker.admit()
        if not self._counted:
            self._refusal = too_many_connections(worker.settings.max_connections)
        if self._refusal is None and not tls and proxied.proxied_ip is None:
            mode = worker.app.config.proxy_protocol
            if mode == PROXY_REQUIRED or (mode == PROXY_OPTIONAL and worker.may_send_proxy(self._wire)):
                self._preface = Reader()
        if self._preface is None:
            self._know()
        if worker.held:
            self.hold()
        if self._refusal is not None:
            self._wake()
        self._settle()

    def pause_writing(self) -> None:
        """Answer no more until the client took what there is."""
        super().pause_writing()
        self._simple = False

    def resume_writing(self) -> None:
        """Answer again."""
        super().resume_writing()
        self._stuck = (0, 0)
        self._settle()

    def data_received(self, data: bytes) -> None:
        """Answer simple requests at once, keep the rest for the task."""
        worker = self._worker
        if self._simple and worker.open_lane:
            ends = self._ends
            assert ends is not None
            number = self._number + 1
            taken = worker.take(ends, data, 0, number)
            if taken is not None:
                answer, record, end = taken
                self._number = number
                if record:
                    worker.log(record)
                if end == len(data):
                    self._moved = True
                    self._ours.write(answer)
                    return
                data = self._hurry(answer, data, end)
                if not data:
                    return
        self._receive(data)

    def _hurry(self, answer: bytes, data: bytes, at: int) -> bytes:
        """Answer the simple requests that follow one; return what is left."""
        worker, ends, answers, size = self._worker, self._ends, [answer], len(answer)
        assert ends is not None
        limit = worker.settings.max_pipelined
        while at < len(data) and worker.open_lane and len(answers) < limit and size < MAX_AT_ONCE_BYTES:
            taken = worker.take(ends, data, at, self._number + 1)
            if taken is None:
                break
            answer, record, at = taken
            self._number += 1
            answers.append(answer)
            size += len(answer)
            if record:
                worker.log(record)
        self._moved = True
        self._ours.write(b"".join(answers))
        rest = data[at:]
        if rest:  # what is left was here at the same moment
            self._ahead = len(answers)
            self._batch_end = self._kept + len(rest)
        return rest

    def _receive(self, data: bytes) -> None:
        """Keep bytes for the task."""
        if self._eof or self._refusal is not None:
            return
        self._moved = True
        if self._preface is not None:
            self._enter("head")
            data = self._read_preface(self._preface, data)
            if self._preface is None:
                self._settle()
                self.data_received(data)
            return
        if not data:
            return
        self._keep(data)
        self._wake()

    def eof_received(self) -> bool:
        """Note that the client will send no more; keep the connection open for the answer, where TLS allows it."""
        self._eof = True
        self._simple = False
        if self._loop_task is None and not self._buffer and not (self._preface and self._preface.begun):
            return False
        self._wake()
        return not self._wire.tls_version

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let the task see the end."""
        self._eof = True
        self._simple = False
        worker = self._worker
        worker.open.discard(self)
        if self._counted:
            self._counted = False
            worker.leave()
        self._stir()
        super().connection_lost(exc)

    # --- the worker calls it --------------------------------------------------------------------------------------

    def finish(self) -> None:
        """End when the request in hand is answered, at once if there is none."""
        self._close = True
        self._simple = False
        if self._loop_task is None and not self._buffer and self.transport is not None:
            self.transport.close()
        self._stir()

    # --- what comes before the first request ----------------------------------------------------------------------

    def _read_preface(self, reader: Reader, data: bytes) -> bytes:
        """Read the PROXY header; return what came behind it, nothing while it is not whole, or is refused."""
        if not self._worker.may_send_proxy(self._wire):
            return self._refuse_later(proxy_untrusted())
        try:
            header = reader.feed(data)
        except ProxyError as error:
            return self._refuse_later(proxy_broken(error))
        if isinstance(header, NeedMore):
            return b""
        if isinstance(header, NotProxy) and self._worker.app.config.proxy_protocol == PROXY_REQUIRED:
            return self._refuse_later(no_proxy_header())
        self._preface = None
        if isinstance(header, Header):
            self._proxied(header)
        self._know()
        return reader.rest

    def _proxied(self, header: Header) -> None:
        """Put the source that a PROXY header names in the peer's place."""
        if header.source is not None:
            text, port = str(header.source), header.source_port
            remote = spelled_endpoint(text, port).encode()
            self._wire = self._wire._replace(remote_addr=remote, proxied_ip=text, proxied_port=port)
        elif header.command is Command.LOCAL:
            self._wire = self._wire._replace(proxy_local=True)

    def _refuse_later(self, refusal: Malformed) -> bytes:
        """Have the task refuse the connection."""
        self._refusal = refusal
        self._wake()
        return b""

    def _head_is_late(self, seconds: float) -> None:
        if self._refusal is None:
            self._preface = None
            self._refuse_later(head_too_late(seconds))
