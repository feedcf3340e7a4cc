"""What a PROXY header says, and what can be wrong with one."""

from enum import Enum
from typing import NamedTuple

from echo.clientip.address import Address
from echo.clientip.faults import printable


class ProxyError(ValueError):
    """The bytes are no PROXY header. `position` counts bytes from 0; the text holds at most MAX_QUOTED of them."""

    MAX_QUOTED = 80  # of hostile bytes in one message, as everywhere

    def __init__(self, what: str, position: int, data: bytes = b"") -> None:
        shown = printable(data[: self.MAX_QUOTED].decode("latin-1"))
        super().__init__(f"PROXY header: {what} at byte {position}" + (f": '{shown}'" if data else ""))
        self.position = position


class Command(Enum):
    """LOCAL: the sender speaks for itself, as in a health check. PROXY: it speaks for the source."""

    LOCAL = 0
    PROXY = 1


class Family(Enum):
    """What the addresses are."""

    UNSPEC = 0
    INET = 1
    INET6 = 2
    UNIX = 3


class Transport(Enum):
    """What the sender received the connection by."""

    UNSPEC = 0
    STREAM = 1
    DGRAM = 2


class Header(NamedTuple):
    """
    One PROXY header.

    size         bytes it takes on the wire
    source       who connected to the sender; None where the connection is to be taken for the sender's own (LOCAL,
                 UNKNOWN, UNSPEC), and for UNIX sockets
    destination  whom it connected to
    paths        source and destination of a UNIX socket, without the trailing zeros; empty otherwise
    tlvs         (type, value) in order of arrival, bounded by the size of the header
    """

    version: int
    size: int
    command: Command
    family: Family
    transport: Transport
    source: Address | None = None
    source_port: int = 0
    destination: Address | None = None
    destination_port: int = 0
    paths: tuple[bytes, bytes] = (b"", b"")
    tlvs: tuple[tuple[int, bytes], ...] = ()
