"""
Traefik's common log format (`accessLog`, format `common`).

    ClientHost - user [time] "method path protocol" status size "referer" "user agent" count "router" "service" Nms

ClientHost is the client's raw X-Forwarded-For where one came, else the peer. A text with a comma or a blank in it is
certainly the header: it is kept as that, and the line names no peer. A single address may be either, which the line
does not say: it stands as the peer.

Traefik escapes nothing. A line with quotes in a value is read by a looser pattern, unless a client can have made one
line look like another: a second `[time] "` is a doubt, and the line is refused. What ends at the user agent
(`genericCLF`) is combined.
"""

from __future__ import annotations

from pipeline.sources import combined
from pipeline.sources.patterns import CLF, CLF_TIME, doubting, patterned


def _pattern(text: str) -> str:
    return (
        r'^(?:(?P<peer>[^\s,"]+)|(?P<h_x_forwarded_for>[^"]*?[, ][^"]*?)) - (?P<user>[^"]*?) '
        rf'\[{CLF}\] "(?P<request>{text})" "?(?P<status>\d{{1,3}}|-)"? (?P<body_bytes>\d+|-) '
        rf'"(?P<h_referer>{text})" "(?P<agent>{text})" (?:\d+|-) "{text}" "{text}" (?P<millis>\d+)ms$'
    )


_MEANING = "Traefik's common log format; a list in its first column is X-Forwarded-For, a single address there may be"
_LOOSE = patterned("traefik", _MEANING, (_pattern(".*?"),), combined.parse)
TRAEFIK = patterned(
    "traefik",
    _MEANING,
    (_pattern('[^"]*'),),
    doubting(
        rf'\[{CLF_TIME}\] ".*\[{CLF_TIME}\] "', "two times in it: which is the line's own is not certain", _LOOSE.parse
    ),
    within=combined.COMBINED.name,
)
