"""
Rails: ActionDispatch::RemoteIp with config.action_dispatch.trusted_proxies (remote_ip.rb, run at revision 2a2db1e).

Rules:

* The candidates are the hosts that Rack reads from Forwarded or X-Forwarded-For, the last first, then those of
  Client-Ip, the last first, then REMOTE_ADDR. What is no address is left out, a range too.
* The first candidate that is no trusted proxy is the client. X-Forwarded-For comes before the socket, so that whoever
  connects directly is believed. Where all are trusted it is the one before REMOTE_ADDR, else REMOTE_ADDR.
* Where both headers hold addresses and Client-Ip's is not in the other, the request is refused (IpSpoofAttackError),
  unless ip_spoofing_check is off (`nocheck`).
"""

from collections.abc import Sequence

from echo.clientip.dialects.dialect import Answer, Arrival, Dialect, Resolver
from echo.clientip.dialects.rack import peer_text
from echo.clientip.dialects.ruby import SPACE, forwarded_for, joined, make_networks, parse_ip, split_header, within
from echo.clientip.faults import ConfigFault, quote

VERSION = "Rails 2a2db1e"
NO_CHECK = "nocheck"


def _addresses(text: str | None) -> list[str]:
    entries = split_header(text, SPACE) if text is not None else []
    return [entry for entry in entries if parse_ip(entry) is not None]


def _build(argument: str, trusted: Sequence[str]) -> Resolver:
    if argument not in ("", NO_CHECK):
        raise ConfigFault(f"RemoteIp takes {NO_CHECK}, not {quote(argument)}", next_step="leave the argument out")
    networks = make_networks(trusted, "trusted_proxies")

    def resolve(arrival: Arrival) -> Answer:
        peers = _addresses(peer_text(arrival))
        peer = peers[-1] if peers else None
        claimed = _addresses(joined(arrival.headers, "Client-Ip"))[::-1]
        hosts = forwarded_for(arrival.headers) or []
        forwarded = [host for host in reversed(hosts) if host is not None and parse_ip(host) is not None]
        if not argument and claimed and forwarded and claimed[-1] not in forwarded:
            return Answer(None, error="IP spoofing attack: Client-Ip is not in X-Forwarded-For")
        candidates = [*forwarded, *claimed, peer]
        for candidate in candidates:
            if candidate is None:
                break
            if not within(parse_ip(candidate), networks):
                return Answer(candidate)
        return Answer(candidates[-2] if len(candidates) > 1 else peer)

    return resolve


DIALECTS = (
    Dialect(
        name="rails-remote-ip",
        program="rails",
        version=VERSION,
        meaning="trusted_proxies = the trusted ranges: from the right the first entry that is not trusted, before the "
        "peer, whoever that is.",
        argument="",
        build=_build,
    ),
)
