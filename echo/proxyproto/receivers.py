"""
How other programs receive the same bytes: a table of what each reads otherwise than the standard, version by version.

Read from their sources and confirmed by running them on every input of the corpus: nginx 1.22.1 (ngx_proxy_protocol.c),
HAProxy 2.6.12 (connection.c), Apache httpd 2.4.71 (mod_remoteip.c), Caddy 2.11.7 and Traefik 3.7.15 (both on
go-proxyproto, of two ages), the Python package proxy-protocol 0.11.3. Envoy 1.40 (proxy_protocol.cc) was read, and
agrees with what the corpus has of it.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address
from typing import NamedTuple

from echo.clientip.address import V4_PREFIX, Address
from echo.proxyproto import v1, v2
from echo.proxyproto.header import Family, Header, ProxyError
from echo.proxyproto.tlv import Tlvs
from echo.proxyproto.v2 import Otherwise, Rules


class Reading(NamedTuple):
    """
    What a receiver takes from a header it accepts.

    client  the source as it prints it; None where it keeps the peer, or names a UNIX socket
    port    the source's port, where there is one
    path    source of a UNIX socket
    size    bytes taken
    """

    client: str | None
    port: int | None = None
    path: str = ""
    tlvs: Tlvs = ()
    size: int = 0


Line = Callable[[bytes], Reading]  # a line of version 1 without CRLF; raises ProxyError


class Receiver(NamedTuple):
    """
    One program.

    line       reads a line of version 1; None: it takes no version 1
    max_line   of a line, CRLF included
    rules      version 2; None: it takes no version 2
    optional   it takes a connection without a header
    unicast    addresses of version 2 that are not unicast are dropped
    otherwise  what it does otherwise than the standard, for people
    """

    line: Line | None
    rules: Rules | None
    otherwise: tuple[str, ...]
    max_line: int = v1.MAX_BYTES
    optional: bool = False
    unicast: bool = False


OWN = Reading(None)
UNBOUNDED = 1 << 14  # of a line: the program's buffer, which is far beyond any line


def _refused(line: bytes) -> ProxyError:
    return ProxyError("no line of version 1", 0, line)


def _standard(line: bytes) -> Reading:
    header = v1.parse_line(line)
    return OWN if header.source is None else Reading(str(header.source), header.source_port)


def _lenient_ipv4(text: bytes) -> Address | None:
    """Four decimal octets, leading zeros allowed."""
    parts = text.split(b".")
    if len(parts) != 4 or not all(part.isdigit() and int(part[-4:]) <= 255 and len(part) < 16 for part in parts):
        return None
    return Address(V4_PREFIX + bytes(int(part) for part in parts))


_NGINX = re.compile(rb"PROXY TCP[46] ([0-9A-Fa-f:.]*) [0-9A-Fa-f:.]* ([0-9]{1,19}) ([0-9]{1,19})")
_BROADCAST = Address(V4_PREFIX + b"\xff" * 4)  # equals INADDR_NONE, which says "no address" to nginx


def _nginx(line: bytes) -> Reading:
    if line.startswith(b"PROXY UNKNOWN"):
        return OWN
    match = _NGINX.fullmatch(line)
    if match is None or any(int(match[group]) > v1.MAX_PORT for group in (2, 3)):
        raise _refused(line)
    address = _lenient_ipv4(match[1]) or v1.parse_ip(match[1], Family.INET6)
    return OWN if address in (None, _BROADCAST) else Reading(str(address), int(match[2]))


_HAPROXY4 = re.compile(rb"PROXY TCP4 ([0-9.]+) ([0-9.]+) ([0-9]*) ([0-9]*)")
_HAPROXY6 = re.compile(rb"PROXY TCP6 ([^ ]+) ([^ ]+) ([0-9]*) ([0-9]*)")


def _haproxy(line: bytes) -> Reading:
    if line == b"PROXY UNKNOWN":
        return OWN
    match = _HAPROXY4.fullmatch(line) or _HAPROXY6.fullmatch(line)
    if match is None:
        raise _refused(line)
    source, destination = (
        _lenient_ipv4(match[group]) if match.re is _HAPROXY4 else v1.parse_ip(match[group], Family.INET6)
        for group in (1, 2)
    )
    if source is None or destination is None:
        raise _refused(line)
    return Reading(str(source), int(match[3][-19:] or 0) & 0xFFFF)


_APACHE = re.compile(rb"PROXY +(TCP4|TCP6) +([^ ]+) +[^ ]+ +([+-]?[0-9]+)[^ ]*(?: .*)?", re.DOTALL)
_APACHE_SHORTEST = len(b"PROXY UNKNOWN ")  # a line of 15 bytes with CRLF is waited on for ever


def _apache(line: bytes) -> Reading:
    if re.match(rb"PROXY +UNKNOWN(?: |$)", line) and len(line) >= _APACHE_SHORTEST:
        return OWN
    match = _APACHE.fullmatch(line)
    if match is None:
        raise _refused(line)
    text = match[2]
    ipv4 = match[1] == b"TCP4"
    address = _lenient_ipv4(text) if ipv4 else v1.parse_ip(text, Family.INET6)
    if address is None:
        raise _refused(line)
    return Reading(text.decode(), int(match[3][-19:]) & 0xFFFF)


_ENVOY = re.compile(rb"PROXY (TCP4|TCP6) ([^ ]+) ([^ ]+) ([+]?[0-9]{1,19}) ([+]?[0-9]{1,19})")


def _envoy(line: bytes) -> Reading:
    line = line.rstrip()
    if re.fullmatch(rb"PROXY UNKNOWN(?: .*)?", line, re.DOTALL):
        return OWN
    match = _ENVOY.fullmatch(line)
    if match is None or any(int(match[group]) > v1.MAX_PORT for group in (4, 5)):
        raise _refused(line)
    family = Family.INET if match[1] == b"TCP4" else Family.INET6
    addresses = [v1.parse_ip(match[group], family) for group in (2, 3)]
    if not all(address is not None and _is_unicast(address) for address in addresses):
        raise _refused(line)
    return Reading(str(addresses[0]), int(match[4]))


def _is_unicast(address: Address) -> bool:
    if address.is_ipv4:
        last = address.packed[12:]
        return 0 < int.from_bytes(last) < 0xFFFFFFFF and not 224 <= last[0] <= 239
    return address.packed[0] != 0xFF and any(address.packed)


_TRAEFIK = re.compile(rb"PROXY[^ ]* (TCP4|TCP6) ([^ ]*) ([^ ]*) ([+]?[0-9]{1,19}) ([+]?[0-9]{1,19})(?: .*)?", re.DOTALL)


def _traefik(line: bytes) -> Reading:
    if re.fullmatch(rb"PROXY[^ ]* UNKNOWN(?: .*)?", line, re.DOTALL):
        return OWN
    match = _TRAEFIK.fullmatch(line)
    if match is None or any(int(match[group]) > v1.MAX_PORT for group in (4, 5)):
        raise _refused(line)
    addresses = []
    for group in (2, 3):
        text = match[group]
        address = v1.parse_ip(text, Family.INET)
        if match[1] == b"TCP6":
            address = address or v1.parse_ip(text.partition(b"%")[0], Family.INET6)
        addresses.append(address)
    if None in addresses:
        raise _refused(line)
    return Reading(str(addresses[0]), int(match[4]))


_PYTHON = re.compile(rb"PROXY (TCP4|TCP6) ([^ ]+) ([^ ]+) ([+]?[0-9]{1,19}) ([+]?[0-9]{1,19})")


def _python(line: bytes) -> Reading:
    if re.fullmatch(rb"PROXY UNKNOWN(?: .*)?", line, re.DOTALL):
        return OWN
    match = _PYTHON.fullmatch(line)
    if match is None or any(int(match[group]) > v1.MAX_PORT for group in (4, 5)):
        raise _refused(line)
    if match[1] == b"TCP4":
        address = v1.parse_ip(match[2], Family.INET)
        if address is None or v1.parse_ip(match[3], Family.INET) is None:
            raise _refused(line)
        return Reading(str(address), int(match[4]))
    try:
        source, _ = (IPv6Address(match[group].decode("ascii")) for group in (2, 3))
    except ValueError:
        raise _refused(line) from None
    return Reading(str(source), int(match[4]))


_BY_GO = frozenset({0x11, 0x12, 0x21, 0x22, 0x31, 0x32})
_TLVS_UNREAD = "TLVs are not looked at, nor is a CRC32c"
# peer of a row -> the receiver
RECEIVERS: Mapping[str, Receiver] = {
    "proxy-protocol": Receiver(_standard, v2.STRICT, ()),
    "nginx": Receiver(
        _nginx,
        Rules(1024, v2.STREAMS, Otherwise.OWN, commands=Otherwise.OWN, tlvs=False, crc=False),
        (
            "addresses of either family in a line, leading zeros in octets and ports",
            "255.255.255.255 and whatever does not parse leave the peer",
            "unknown commands, families and transports leave the peer",
            _TLVS_UNREAD,
            "a header must arrive with the first read, whose buffer is 1 KiB",
        ),
        max_line=1024,
    ),
    "haproxy": Receiver(
        _haproxy,
        Rules(UNBOUNDED, v2.STREAMS),
        (
            "UNKNOWN with nothing behind it only",
            "leading zeros, an empty port and ports over 65535 in a line",
            "version 2 for TCP over IPv4 and IPv6 only: UNSPEC, datagrams and UNIX sockets are dropped",
        ),
        max_line=UNBOUNDED,
    ),
    "apache": Receiver(
        _apache,
        Rules(v2.FIXED_BYTES + 216, v2.STREAMS, tlvs=False, crc=False),
        (
            "several blanks between words, words behind the line, any number for a port",
            "UNKNOWN with something behind it only",
            "the source is printed as it was written in a line",
            "version 2 for TCP over IPv4 and IPv6 only, of at most 232 bytes",
            _TLVS_UNREAD,
        ),
        max_line=108,
    ),
    "envoy": Receiver(
        _envoy,
        Rules(UNBOUNDED << 2, frozenset({0x11, 0x12, 0x21, 0x22}), crc=False),
        (
            "addresses that are not unicast are dropped",
            "a sign and leading zeros in a line's ports, blanks at its end, 108 bytes",
            "version 2 for IPv4 and IPv6 only; a CRC32c is not checked",
        ),
        max_line=108,
        unicast=True,
    ),
    "go-proxyproto": Receiver(
        _standard,
        Rules(kinds=_BY_GO, tlvs=False, crc=False),
        ("UNSPEC is dropped but for LOCAL", _TLVS_UNREAD),
    ),
    "caddy": Receiver(
        _standard,
        Rules(kinds=_BY_GO, tlvs=False, crc=False),
        ("as go-proxyproto", "a connection without a header is taken, from `allow` as well"),
        optional=True,
    ),
    "traefik": Receiver(
        _traefik,
        Rules(kinds=_BY_GO - {0x31, 0x32}, tlvs=False, crc=False),
        (
            "letters glued to PROXY, words behind the line, a sign and leading zeros in ports",
            "IPv4 addresses in a TCP6 line; a zone is dropped",
            "UNSPEC but for LOCAL, and UNIX sockets, are dropped",
            _TLVS_UNREAD,
            "with `insecure`, a connection without a header is taken",
        ),
        optional=True,
    ),
}
# The Python package has a reader for each version, and no limit of its own
PYTHON = {
    "proxy-v1": Receiver(
        _python, None, ("a sign and leading zeros in ports, a zone, lines of any length",), max_line=UNBOUNDED
    ),
    "proxy-v2": Receiver(
        None,
        Rules(1 << 17, otherwise=Otherwise.OWN, any_transport=True, tlvs=False, crc_local=True),
        ("unknown families leave the peer, transports are not looked at", "TLVs may reach over the end"),
    ),
}


def receive(receiver: Receiver, data: bytes) -> Reading:
    """Read the header at the beginning of a connection's bytes, all of them there. Raises ProxyError."""
    if receiver.rules is not None and data.startswith(v2.SIGNATURE):
        return _binary(receiver, receiver.rules, data)
    if receiver.line is not None and data.startswith(b"PROXY"):
        end = data.find(b"\r\n", 0, receiver.max_line)
        if end < 0:
            raise ProxyError(f"no CRLF in {receiver.max_line} bytes", receiver.max_line)
        return receiver.line(data[:end])._replace(size=end + 2)
    if receiver.optional and not data.startswith(v1.PREFIX):
        return OWN
    raise ProxyError("no header", 0, data)


def _binary(receiver: Receiver, rules: Rules, data: bytes) -> Reading:
    if len(data) < v2.FIXED_BYTES:
        raise ProxyError("cut off", len(data))
    size = v2.FIXED_BYTES + v2.block_length(data, rules)
    if len(data) < size:
        raise ProxyError("cut off", len(data))
    header = v2.parse_header(data[:size], rules)
    if receiver.unicast and not all(one is None or _is_unicast(one) for one in (header.source, header.destination)):
        raise ProxyError("no unicast address", v2.FIXED_BYTES)
    return _reading(header, size)


def _reading(header: Header, size: int) -> Reading:
    if header.source is None:
        return Reading(None, None, header.paths[0].decode("latin-1"), header.tlvs, size)
    return Reading(str(header.source), header.source_port, "", header.tlvs, size)
