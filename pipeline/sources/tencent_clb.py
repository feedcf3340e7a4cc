"""
Tencent Cloud's load balancer (CLB), layer 7: nginx's variables, each in brackets.

$remote_addr is the peer of the balancer; the line has no X-Forwarded-For. Sizes are with the head. Nothing in brackets
is escaped, so that a user agent may hold some: lines with columns added at the end, or with such a user agent, are read
as far as the user agent.
"""

from __future__ import annotations

from pipeline.sources.nginx import pattern
from pipeline.sources.patterns import patterned, refusing

_TO_STATUS = (
    "[$stgw_request_id] [$time_local] [$protocol_type] [$server_addr:$server_port] [$server_name]"
    " [$remote_addr:$remote_port] [$status]"
)
_TO_AGENT = (
    "[$upstream_status] [$proxy_host] [$request] [$request_length] [$bytes_sent] [$http_host] [$http_user_agent]"
)
_TO_PROTOCOL = (
    "[$http_referer] [$request_time] [$upstream_response_time] [$upstream_connect_time] [$upstream_header_time]"
    " [$tcpinfo_rtt] [$connection] [$connection_requests] [$ssl_handshake_time] [$ssl_cipher] [$ssl_protocol]"
)
LOG_FORMATS = (
    f"{_TO_STATUS} [$upstream_addr] {_TO_AGENT} {_TO_PROTOCOL} [$vip_vpcid] [$uri] [$server_protocol]",
    f"{_TO_STATUS} {_TO_AGENT} {_TO_PROTOCOL} [$ssl_session_reused]",  # before 2019
    f"{_TO_STATUS} [$upstream_addr] {_TO_AGENT}$more",
)


def _pattern(text: str) -> str:
    """Return the pattern of a format; in Tencent's own documents, two blanks stand in some places."""
    return pattern(text).replace(r"\]\ \[", r"\] +\[")


def why_not(line: str) -> str:
    """Return why a line is none of a CLB's."""
    return "the fields in brackets are not as documented" if line.startswith("[") else "no [request id] at its start"


TENCENT_CLB = patterned(
    "tencent-clb",
    "Tencent's load balancer, layer 7; the client is its peer; sizes are with the head",
    tuple(map(_pattern, LOG_FORMATS)),
    refusing(why_not),
    mark=rb"\[",
)
