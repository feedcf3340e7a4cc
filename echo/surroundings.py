"""
Where this process runs, read once at start: the downward API's variables, the kernel's interfaces and routes.

A pod is told by POD_IP, NODE_IP or KUBERNETES_SERVICE_HOST, which the kubelet sets; a container by the file that its
engine leaves. With the host's network neither is one: a bridge of an engine among the interfaces, or a pod's address
that is the node's, says so.
"""

import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from echo.clientip import Address, parse_address
from echo.clientip.address import V4_PREFIX
from echo.explain.topology import CONTAINER, MACHINE, POD, Interface, Surroundings, parse_addresses
from echo.host import interface_prefixes

CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv")  # Docker's and Podman's
HOST_BRIDGES = frozenset({"docker0", "cbr0", "cni0", "podman0"})  # a namespace that has one is the host's
_ROUTE_GATEWAY, _ROUTE_UP = 0x2, 0x1  # RTF_GATEWAY, RTF_UP (linux/route.h)
_ZERO_V6 = "0" * 32


def read_surroundings(environ: Mapping[str, str]) -> Surroundings:
    """Return the surroundings of this process; what cannot be read is left out."""
    names = dict(socket.if_nameindex())
    interfaces = tuple(
        Interface(names.get(index, str(index)), address, prefix)
        for index, address, prefix in interface_prefixes()
        if not address.packed.startswith(V4_PREFIX + b"\x7f") and str(address) != "::1"
    )
    node_ips, pod_ips = (
        parse_addresses(environ.get(f"{name}S") or environ.get(name, "")) for name in ("NODE_IP", "POD_IP")
    )
    return Surroundings(
        _kind(environ, node_ips, pod_ips, frozenset(names.values())),
        node_ips,
        pod_ips,
        interfaces,
        (*v4_gateways(_read("/proc/net/route")), *v6_gateways(_read("/proc/net/ipv6_route"))),
    )


def _kind(
    environ: Mapping[str, str], node_ips: tuple[Address, ...], pod_ips: tuple[Address, ...], names: frozenset[str]
) -> str:
    if not HOST_BRIDGES.isdisjoint(names) or (pod_ips and set(pod_ips) <= set(node_ips)):
        return MACHINE
    if node_ips or pod_ips or "KUBERNETES_SERVICE_HOST" in environ:
        return POD
    return CONTAINER if any(Path(path).exists() for path in CONTAINER_FILES) else MACHINE


def v4_gateways(text: str) -> list[tuple[str, Address]]:
    """Return (interface, gateway) of the default routes in /proc/net/route: hexadecimal, in the CPU's byte order."""
    found = []
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 8 and fields[1] == "00000000" == fields[7] and _leads_out(fields[3]):
            found.append((fields[0], Address(V4_PREFIX + int(fields[2], 16).to_bytes(4, sys.byteorder))))
    return found


def v6_gateways(text: str) -> list[tuple[str, Address]]:
    """Return (interface, gateway) of the default routes in /proc/net/ipv6_route."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) >= 10 and fields[0] == _ZERO_V6 and fields[1] == "00" and _leads_out(fields[8]):
            address = parse_address(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(fields[4])))
            if address is not None:
                found.append((fields[9], address))
    return found


def _leads_out(flags: str) -> bool:
    number = int(flags, 16)
    return bool(number & _ROUTE_UP and number & _ROUTE_GATEWAY)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
