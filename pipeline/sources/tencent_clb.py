"""
Tencent Cloud's load balancer (CLB), layer 7: nginx's variables, each in brackets.

$remote_addr is the peer of the balancer; the line has no X-Forwarded-For. Sizes are with the head. Nothing in brackets
is escaped, so that a user agent may hold some: lines with columns added at the end, or with such a user agent, are read
as far as the user agent.
"""

from __future__ import annotations

from pipeline.sources.nginx import pattern
from pipeline.sources.patterns import patterned, refusing

_TO_AGENT = (
    "[$stgw_request_id] [$time_local] [$protocol_type] [$server_addr:$server_port] [$server_name]"
    " [$remote_addr:$remote_port] [$status] [$upstream_addr] [$upstream_status] [$proxy_host] [$request]"
    " [$request_length] [$bytes_sent] [$http_host] [$http_user_agent]"
)
LOG_FORMAT = (
    f"{_TO_AGENT} [$http_referer] [$request_time] [$upstream_response_time] [$upstream_connect_time]"
    " [$upstream_header_time] [$tcpinfo_rtt] [$connection] [$connection_requests] [$ssl_handshake_time] [$ssl_cipher]"
    " [$ssl_protocol] [$vip_vpcid] [$uri] [$server_protocol]"
)


def why_not(line: str) -> str:
    """Return why a line is none of a CLB's."""
    return "the fields in brackets are not as documented" if line.startswith("[") else "no [request id] at its start"


TENCENT_CLB = patterned(
    "tencent-clb",
    "Tencent's load balancer, layer 7; the client is its peer; sizes are with the head",
    (pattern(LOG_FORMAT), pattern(f"{_TO_AGENT}$more")),
    refusing(why_not),
)
