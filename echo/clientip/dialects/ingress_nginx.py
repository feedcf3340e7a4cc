"""
ingress-nginx: a ConfigMap, turned into nginx directives.

Rules (kubernetes/ingress-nginx dbb11b9: rootfs/etc/nginx/template/nginx.tmpl, rootfs/etc/nginx/lua/lua_ingress.lua,
internal/ingress/controller/template/configmap.go; the directives run in nginx 1.22.1 with headers-more 0.34):

* use-forwarded-headers, enable-real-ip or use-proxy-protocol turn realip on, real_ip_recursive on, set_real_ip_from
  proxy-real-ip-cidr, which is 0.0.0.0/0 unless set: every IPv4 peer is believed, and no IPv6 peer.
* The header is forwarded-for-header; with use-proxy-protocol the PROXY source; with use-forwarded-headers too, a header
  of its own (forwarded-for-proxy-protocol-header) that holds forwarded-for-header's value if the PROXY source is in
  proxy-real-ip-cidr, else the PROXY source. That header is written after realip has read it once, and realip reads it
  again only if the first reading came to nothing: a client that sends the header itself is believed.
* With use-proxy-protocol a connection without a PROXY header is dropped.
* The backend is sent X-Real-IP and X-Forwarded-For = the client; with use-forwarded-headers and
  compute-full-forwarded-for X-Forwarded-For = what came in X-Forwarded-For, then the peer (the PROXY source, whoever
  sent it); X-Original-Forwarded-For = what came in forwarded-for-header. Empty ones are not sent.
* X-Forwarded-Port is the client's own with use-forwarded-headers, else the listener's, which is not known here.
* A variable $http_name is all fields of X-Forwarded-For, joined, and the first field of any other name; hyphens and
  underscores are one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from echo.clientip.dialects import nginx
from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.inet import Hop, Trusted, parse_peer, printed, split_port
from echo.clientip.faults import ConfigFault, quote

VERSION = f"nginx {nginx.VERSION} with the directives of its template"
CIDRS = "proxy-real-ip-cidr"
DEFAULTS: Mapping[str, str] = {
    "use-forwarded-headers": "false",
    "enable-real-ip": "false",
    "use-proxy-protocol": "false",
    CIDRS: "0.0.0.0/0",
    "forwarded-for-header": nginx.XFF,
    "compute-full-forwarded-for": "false",
    "forwarded-for-proxy-protocol-header": "X-Forwarded-For-Proxy-Protocol",
}
BOOLEANS = {  # Go's strconv.ParseBool
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
NO_ADDRESS = Hop(nginx.NO_ADDRESS)  # what geo looks up where the text is no address


class Config(NamedTuple):
    """What of the ConfigMap decides who the client is."""

    forwarded: bool
    real_ip: bool
    proxy: bool
    header: str
    full: bool
    carrier: str
    believed: Trusted


def parse_keys(argument: str) -> dict[str, str]:
    """Read `KEY=VALUE,…`; an item without = goes on with the list before it. Raises ConfigFault for an unknown key."""
    keys: dict[str, str] = {}
    key = ""
    for item in argument.split(",") if argument else ():
        name, equals, value = item.partition("=")
        if not equals and key == CIDRS:
            keys[key] += f",{item}"
            continue
        key = name.strip()
        if not equals or key not in DEFAULTS:
            raise ConfigFault(
                f"{quote(item)} is no ConfigMap key that decides who the client is, with = and its value",
                next_step=f"the keys are {', '.join(DEFAULTS)}",
            )
        keys[key] = value.strip()
    return keys


def make_config(argument: str, trusted: Sequence[str]) -> Config:
    """Build from the keys; the trusted ranges are proxy-real-ip-cidr where the keys have none. Raises ConfigFault."""
    given = parse_keys(argument)
    keys = {**DEFAULTS, **given}
    cidrs = trusted if trusted and CIDRS not in given else [text.strip() for text in keys[CIDRS].split(",") if text]
    return Config(
        forwarded=_boolean(keys, "use-forwarded-headers"),
        real_ip=_boolean(keys, "enable-real-ip"),
        proxy=_boolean(keys, "use-proxy-protocol"),
        header=keys["forwarded-for-header"],
        full=_boolean(keys, "compute-full-forwarded-for"),
        carrier=keys["forwarded-for-proxy-protocol-header"],
        believed=nginx.make_trusted(cidrs),
    )


def _boolean(keys: Mapping[str, str], key: str) -> bool:
    try:
        return BOOLEANS[keys[key]]
    except KeyError:
        raise ConfigFault(f"{key} is {quote(keys[key])}", next_step="write true or false") from None


def variable(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return $http_name, "" where there is no such field."""
    wanted = name.lower().replace("_", "-")
    values = nginx.kept(headers, wanted)
    return ", ".join(values if wanted == nginx.XFF.lower() else values[:1])


def resolve_client(config: Config, arrival: Arrival, peer: Hop) -> Hop:
    """Return the address that realip arrives at under the configuration."""
    if not (config.forwarded or config.real_ip or config.proxy):
        return peer
    if not config.proxy:
        return nginx.walk(peer, nginx.read(arrival.headers, config.header), config.believed, recursive=True)
    source = nginx.proxy_source(arrival.proxied)
    if not config.forwarded:
        return source if source and config.believed.holds(peer) else peer
    first = nginx.walk(peer, nginx.read(arrival.headers, config.carrier), config.believed, recursive=True)
    if first is not peer:
        return first
    named = variable(arrival.headers, config.header) if config.believed.holds(source or NO_ADDRESS) else None
    return nginx.walk(peer, [_address_text(arrival) if named is None else named], config.believed, recursive=True)


def _address_text(arrival: Arrival) -> str:
    """Return $proxy_protocol_addr."""
    return split_port(arrival.proxied or "")[0]


def sent_headers(config: Config, arrival: Arrival, peer: Hop, client: Hop) -> dict[str, str]:
    """Return the headers that the backend is sent, "" for one that is not."""
    remote = printed(client.packed) or nginx.UNIX
    sent = {
        "X-Real-IP": remote,
        nginx.XFF: remote,
        "X-Original-Forwarded-For": variable(arrival.headers, config.header),
    }
    if config.forwarded and config.full:
        before = variable(arrival.headers, nginx.XFF)
        caller = _address_text(arrival) if config.proxy else printed(peer.packed) or nginx.UNIX
        sent[nginx.XFF] = f"{before}, {caller}" if before else caller
    if config.proxy and arrival.reached:  # $proxy_protocol_server_port
        sent["X-Forwarded-Port"] = arrival.reached.rpartition(":")[2]
    if config.forwarded and nginx.kept(arrival.headers, "X-Forwarded-Port"):
        sent["X-Forwarded-Port"] = variable(arrival.headers, "X-Forwarded-Port")
    return sent


def _build(argument: str, trusted: Sequence[str]) -> Resolver:
    config = make_config(argument, trusted)

    def resolve(arrival: Arrival) -> Answer:
        peer = parse_peer(arrival.peer)
        if config.proxy and arrival.proxied is None:
            return Answer(None, error="connection dropped: no PROXY header")
        if peer is None:
            return Answer(None)
        client = resolve_client(config, arrival, peer)
        sent = sent_headers(config, arrival, peer, client)
        return nginx.answer(client)._replace(sent=tuple((name, value or None) for name, value in sent.items()))

    return resolve


DIALECTS = (
    Dialect(
        name="ingress-nginx",
        program="ingress-nginx",
        version=VERSION,
        meaning="proxy-real-ip-cidr = the trusted ranges, 0.0.0.0/0 without: with use-forwarded-headers or "
        "enable-real-ip, from the right the first entry of forwarded-for-header that is not trusted, the leftmost if "
        "all are, which the client may have written; with use-proxy-protocol the PROXY source.",
        argument="use-forwarded-headers=true",
        build=_build,
    ),
)
