"""
The machine we run on: its name and the addresses of its interfaces, as whoami prints them.

1. Addresses come from the kernel by one netlink dump, by index, IPv4 before IPv6; none where netlink is missing.
2. whoami asks the kernel on each request; here the answer is at most REFRESH_SECONDS old.
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

from echo import netlink
from echo.clientip import Address
from echo.clientip.address import V4_PREFIX

REFRESH_SECONDS = 1.0  # how old the host name and the interface list may be


@dataclass(slots=True)
class Host:
    """The machine we run on: its name and addresses, read again when they are older than REFRESH_SECONDS."""

    clock: Callable[[], float] = time.monotonic
    hostname: str = ""
    ips: tuple[str, ...] = ()
    _read_at: float = -REFRESH_SECONDS * 2
    _lines: bytes = b""

    def lines(self) -> bytes:
        """Return the Hostname and IP lines."""
        self.refresh()
        return self._lines

    def refresh(self) -> None:
        """Read name and addresses again if it is time."""
        now = self.clock()
        if now - self._read_at < REFRESH_SECONDS:
            return
        self._read_at = now
        self.hostname = socket.gethostname()
        self.ips = interface_addresses()
        lines = [f"Hostname: {self.hostname}\n", *(f"IP: {ip}\n" for ip in self.ips)]
        self._lines = "".join(lines).encode("utf-8", "surrogateescape")


def interface_addresses() -> tuple[str, ...]:
    """Return the addresses of all interfaces, by index, IPv4 before IPv6; nothing where netlink is missing."""
    return tuple(str(address) for _, address, _ in interface_prefixes())


def interface_prefixes() -> list[tuple[int, Address, int]]:
    """Return (interface's index, address, length of its prefix) in the same order."""
    rows = sorted(netlink.addresses(), key=lambda row: row[:2])  # stable: else as the kernel has it
    return [
        (row.interface, Address(V4_PREFIX + row.packed if len(row.packed) == 4 else row.packed), row.prefix)
        for row in rows
    ]
