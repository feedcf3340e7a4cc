"""
The runner over the wire: a server that runs, asked at /explain through a real socket of loopback.

A row's peer comes as a PROXY header, since every real peer here is loopback. A row of PROXY bytes is sent as it is, if
it is the standard's; how other receivers read it no server of ours can show.
"""

import asyncio
import json
from collections.abc import Sequence

from echo.clientip import Config, Policy, make_policy, parse_hop
from echo.clientip.config import PROXY_REQUIRED
from echo.connection import Conversation
from echo.counters import Counters
from echo.metrics import METRICS
from echo.recorder import Place
from echo.request import Connection
from echo.routes import App
from echo.sink import open_sink
from echo.worker import Worker
from tests.vectors.asked import neutral, proxyproto
from tests.vectors.rows import NO_STRATEGY, Answer, Row, Skip, name_of
from tests.vectors.runners.scalar import ASKED, scalar_answer

NOT_OVER_THE_WIRE = Skip("not over the wire")
NO_SERVER = Skip("no server starts with this configuration")
NO_SUCH_PEER = Skip("no TCP connection has such a peer")
NO_SUCH_HEADER = Skip("no HTTP request has such a header")
OTHER_RECEIVER = Skip("another receiver's reading")
UNIX_SOURCE = Skip("a UNIX source leaves the server its own peer")
STANDARD = "proxy-protocol"  # peer of the rows that say what the standard says
PEER_BLIND = ("single-header", "rightmost-count", "rightmost-nonprivate", "leftmost-nonprivate")
SECONDS = 10  # for one answer
LOOPBACK = "127.0.0.1"


def wire(rows: Sequence[Row]) -> list[Answer | Skip]:
    """Answer each row that can be sent; one server for each policy."""
    answers: list[Answer | Skip] = [NOT_OVER_THE_WIRE if name_of(row) in ASKED else NO_STRATEGY for row in rows]
    groups: dict[tuple[str, tuple[str, ...]], dict[int, bytes]] = {}
    for index, row in enumerate(rows):
        if name_of(row) not in neutral.ANSWERS and name_of(row) not in proxyproto.ANSWERS:
            continue
        prefix = preface(row)
        request = prefix if isinstance(prefix, Skip) else http(row)
        if isinstance(request, Skip) or isinstance(prefix, Skip):
            answers[index] = request
            continue
        strategy = row["strategy"] if name_of(row) in neutral.ANSWERS else "remote-addr"
        groups.setdefault((strategy, tuple(neutral.ranges(row))), {})[index] = prefix + request
    for (strategy, trusted), sent in groups.items():
        policy = make_policy(strategy, trusted=trusted)
        for index, answer in asyncio.run(exchanges(policy, sent)).items():
            answers[index] = as_of_the_row(rows[index], answer)
    return answers


def preface(row: Row) -> bytes | Skip:
    """Return the PROXY header that brings the row's peer, or the row's own."""
    if name_of(row) in proxyproto.ANSWERS:
        if row["peer"] != STANDARD:
            return OTHER_RECEIVER
        return UNIX_SOURCE if "unix" in row["expect"] else bytes.fromhex(row["bytes_hex"])
    answer = scalar_answer(row)
    if not isinstance(answer, Skip) and answer.get("error"):
        return NO_SERVER
    text = (row["peer_addr"] or "").strip()
    bare = {"0.0.0.0": "0.0.0.0", "::": "::"}.get(text)
    address = None if bare else parse_hop(text)
    if bare is None and (address is None or address.zone):
        return b"PROXY UNKNOWN\r\n" if name_of(row) in PEER_BLIND else NO_SUCH_PEER
    bare = bare or str(address)
    family, own = ("TCP6", "::1") if ":" in bare else ("TCP4", LOOPBACK)
    return f"PROXY {family} {bare} {own} 40000 80\r\n".encode()


def http(row: Row) -> bytes | Skip:
    """Return the request that carries the row's headers."""
    lines = ["GET /explain?format=json HTTP/1.1", "Host: whofrom", "Connection: close"]
    for name, value in row["headers"]:
        if not value.replace("\t", " ").isprintable() or not name.isascii():
            return NO_SUCH_HEADER
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Balanced(Worker):
    """A worker that takes loopback for a balancer: the rows' ranges are about who stands behind it."""

    def may_send_proxy(self, wire: Connection) -> bool:
        return True


async def exchanges(policy: Policy, sent: dict[int, bytes]) -> dict[int, bytes]:
    """Start a server under the policy, send each request, return what came back."""
    app = App(Config(policy=policy, proxy_protocol=PROXY_REQUIRED))
    worker = Balanced(app, open_sink("off"), Counters(METRICS, 1), 0, Place(None, None, None), "vectors")
    loop = asyncio.get_running_loop()
    accepting = await loop.create_server(lambda: Conversation(worker, loop), LOOPBACK, 0)
    port = accepting.sockets[0].getsockname()[1]
    try:
        return {index: await exchange(port, data) for index, data in sent.items()}
    finally:
        accepting.close()
        await worker.finish(SECONDS)


async def exchange(port: int, data: bytes) -> bytes:
    async with asyncio.timeout(SECONDS):
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        try:
            writer.write(data)
            return await reader.read(-1)
        finally:
            writer.close()


def as_of_the_row(row: Row, answer: bytes) -> Answer:
    """Return the server's answer in the words of a row: our own loopback address is the row's peer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return {"client_ip": None, "error": True}
    client = json.loads(body)["client"]
    own = client["source"] == "peer" and name_of(row) in proxyproto.ANSWERS
    return {"client_ip": str(parse_hop(row["peer_addr"])) if own else client["ip"], "error": False}
