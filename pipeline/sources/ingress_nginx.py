"""
ingress-nginx's `upstreaminfo`: combined, and what became of the request upstream.

    … $request_length $request_time [$proxy_upstream_name] [$proxy_alternative_upstream_name] $upstream_addr
        $upstream_response_length $upstream_response_time $upstream_status $req_id

The first column is $remote_addr: the peer, or what nginx made of it under use-forwarded-headers, use-proxy-protocol or
enable-real-ip; the line does not say. Of old versions [$the_real_ip] behind it is what nginx took for its client.
No header is logged. Upstream fields are lists where a request was tried again; none of them is kept.
"""

from __future__ import annotations

from pipeline.sources import combined
from pipeline.sources.nginx import pattern
from pipeline.sources.patterns import patterned

_REQUEST = (
    '[$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time'
)
_NOW = "$remote_addr - $remote_user"
_ONCE = "$remote_addr - [$the_real_ip] - $remote_user"
_UPSTREAM = "[$proxy_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time $upstream_status"
# as versions had it; those with brackets in front first, since a user may be called anything. What stands between the
# upstream's name and its address, [$proxy_alternative_upstream_name] of later ones, goes with the address.
LOG_FORMATS = (
    f"{_ONCE} {_REQUEST} {_UPSTREAM} $req_id",
    f"{_ONCE} {_REQUEST} {_UPSTREAM}",
    f"{_NOW} {_REQUEST} {_UPSTREAM} $req_id",
)

INGRESS_NGINX = patterned(
    "ingress-nginx",
    "ingress-nginx's upstreaminfo; its first column is the peer, or what nginx derived from a header",
    tuple(pattern(text) for text in LOG_FORMATS),
    combined.parse,
    within=combined.COMBINED.name,
    mark=rb"[^\[]*\[[^\[]*\[",  # of the time, and of what is upstream
)
