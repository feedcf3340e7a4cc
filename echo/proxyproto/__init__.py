"""
PROXY protocol, versions 1 and 2, without I/O (HAProxy, proxy-protocol.txt): standard library only.

`reader` takes bytes as they come, `v1` and `v2` hold the two grammars, `tlv` what follows the addresses, `receivers`
how other programs read the same bytes.
"""

from echo.proxyproto.header import Command, Family, Header, ProxyError, Transport
from echo.proxyproto.reader import NOT_PROXY, NeedMore, NotProxy, Reader

__all__ = [
    "NOT_PROXY",
    "Command",
    "Family",
    "Header",
    "NeedMore",
    "NotProxy",
    "ProxyError",
    "Reader",
    "Transport",
]
