"""
gin: Context.ClientIP with SetTrustedProxies, RemoteIPHeaders, TrustedPlatform (context.go, gin.go; run at dcaa429).

Rules:

* TrustedPlatform names a header whose value is the client, unread and whoever the peer is.
* The peer needs a port, or there is no client. A peer outside the trusted proxies is the client. A UNIX socket is a
  trusted proxy, and prints as <nil> where no header names a client.
* For each header in turn, all its fields joined: from the right, the first entry that is no trusted proxy, or the
  leftmost. An entry that is no address ends the header. What is taken is the text as written.
* Entries are net.IP's: no port, no brackets, no zone; a mapped address is IPv4.
* gin's own default trusts everybody, so that the leftmost entry wins.
"""

from collections.abc import Sequence

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.golang import SPACE, make_ranges, parse_addr, split_host_port
from echo.clientip.dialects.socket_name import UNIX
from echo.clientip.headers import fields
from echo.clientip.ranges import Ranges

VERSION = "gin dcaa429"
NIL = "<nil>"  # net.IP(nil).String()
DEFAULT_HEADERS = "X-Forwarded-For,X-Real-IP"


def from_header(text: str, trusted: Ranges) -> str | None:
    """Return what one header gives, None where it is empty or abandoned."""
    entries = text.split(",") if text else []
    for index in range(len(entries) - 1, -1, -1):
        entry = entries[index].strip(SPACE)
        address = parse_addr(entry)
        if address is None:
            return None
        if index == 0 or address.packed not in trusted:
            return entry
    return None


def _build(argument: str, trusted: Sequence[str]) -> Resolver:
    listed, _, platform = argument.partition(":")
    names = (listed or DEFAULT_HEADERS).split(",")
    ranges = make_ranges(trusted, what="SetTrustedProxies")

    def resolve(arrival: Arrival) -> Answer:
        claimed = fields(arrival.headers, platform) if platform else []
        if claimed and claimed[0]:
            return Answer(claimed[0])
        text = arrival.proxied or arrival.peer or ""
        if text.startswith(UNIX):
            own = Answer(NIL)
        else:
            split = split_host_port(text.strip(SPACE))
            peer = parse_addr(split[0]) if split else None
            if peer is None:
                return Answer(None)
            own = Answer(str(peer._replace(six=False)))  # net.IP prints a mapped address as IPv4
            if peer.packed not in ranges:
                return own
        found = (from_header(",".join(fields(arrival.headers, name)), ranges) for name in names)
        return next((Answer(text) for text in found if text is not None), own)

    return resolve


DIALECTS = (
    Dialect(
        name="gin",
        program="gin",
        version=VERSION,
        meaning="SetTrustedProxies = the trusted ranges: of a trusted peer, from the right the first entry that is not "
        "trusted, or the leftmost, of the first header that has only addresses so far.",
        argument="{header},X-Real-IP",
        build=_build,
    ),
)
