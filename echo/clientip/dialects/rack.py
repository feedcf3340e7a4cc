"""
Rack: Request#ip (lib/rack/request.rb, lib/rack/utils.rb, run at revision 8bf4eb0).

Rules:

* The last of REMOTE_ADDR that is no trusted proxy is the client; usually that is the peer.
* Otherwise Forwarded, where it has a `for`, else X-Forwarded-For: from the right the first host that is no trusted
  proxy, or the first. A host is text: `unknown` and garbage are returned; what is no authority gives nobody.
* Of Forwarded all `for` values of all elements make one list; an unknown parameter makes Rack give the header up, and
  an open quote swallows the rest.
* Rack's own list of proxies is patterns on text: loopback, private ranges, `localhost`, UNIX sockets.
"""

import re
from collections.abc import Callable, Sequence

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.golang import split_host_port
from echo.clientip.dialects.ruby import forwarded_for, make_networks, parse_ip, split_header, within

VERSION = "Rack 8bf4eb0"
OWN_LIST = "rack-default"
_OCTET = r"(?:\.(?:25[0-5]|2[0-4][0-9]|[01]?[0-9]?[0-9]))"
_OWN = re.compile(
    rf"127{_OCTET}{{3}}|::1|f[cd][0-9a-f]{{2}}(?::[0-9a-f]{{0,4}}){{0,7}}|10{_OCTET}{{3}}"
    rf"|172\.(?:1[6-9]|2[0-9]|3[01]){_OCTET}{{2}}|192\.168{_OCTET}{{2}}|localhost|unix(?::.*)?",
    re.IGNORECASE | re.DOTALL,
)


def trusts(trusted: Sequence[str]) -> Callable[[str], bool]:
    """Return Request#trusted_proxy?. Raises ConfigFault."""
    networks = make_networks([text for text in trusted if text != OWN_LIST], "trusted_proxy")
    own = OWN_LIST in trusted

    def trusted_proxy(text: str) -> bool:
        return (own and _OWN.fullmatch(text) is not None) or within(parse_ip(text), networks)

    return trusted_proxy


def peer_text(arrival: Arrival) -> str:
    """Return REMOTE_ADDR."""
    text = arrival.proxied or arrival.peer or ""
    split = None if text.startswith("unix") else split_host_port(text)
    return split[0] if split else text


def _build(argument: str, trusted: Sequence[str]) -> Resolver:  # takes none
    trusted_proxy = trusts(trusted)

    def resolve(arrival: Arrival) -> Answer:
        peers = split_header(peer_text(arrival))
        for peer in reversed(peers):
            if not trusted_proxy(peer):
                return Answer(peer)
        hosts = forwarded_for(arrival.headers)
        if hosts:
            return Answer(next((host for host in reversed(hosts) if host is None or not trusted_proxy(host)), hosts[0]))
        return Answer(peers[0] if peers else None)

    return resolve


DIALECTS = (
    Dialect(
        name="rack-ip",
        program="rack",
        version=VERSION,
        meaning="trusted_proxy = the trusted ranges: from the right the first entry that is not trusted, or the first.",
        argument="",
        build=_build,
    ),
)
