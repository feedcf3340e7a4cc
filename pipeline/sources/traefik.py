"""
Traefik's common log format (`accessLog`, format `common`).

    ClientHost - user [time] "method path protocol" status size "referer" "user agent" count "router" "service" Nms

ClientHost is the client's raw X-Forwarded-For where one came, else the peer. A text with a comma or a blank in it is
certainly the header, so is a word that is no address: it is kept as that, and the line names no peer. A single address
may be either, which the line does not say: it is what Traefik took for its client, the writer's verdict, and no peer.

Traefik escapes nothing. A line with quotes in a value is read by a looser pattern, unless a client can have made one
line look like another, or brought an address to the peer's place: quotes or a second ` - ` in front of a time in
brackets are a doubt, and the line is refused.

What ends at the user agent (`genericCLF`) looks like combined, and is taken for that unless it is said to be Traefik's.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow.compute as pc

from echo.record.combined import PEER
from pipeline.sources import combined
from pipeline.sources.format import decode
from pipeline.sources.patterns import CLF, CLF_TIME, doubting, patterned

_WORD = r'(?:[^\s"-][^\s"]*|-[^\s"]+)'  # not a dash alone
_USER = rf"(?P<user>-| *{_WORD}(?:[ \t]+{_WORD})* *| *)"
_HEADER = rf'(?P<h_x_forwarded_for>{_WORD}(?:[ \t]+{_WORD})*|[^\s",]*,[^\s"]*)'
_FRONTS = (rf"(?P<writer_client>{PEER}) - {_USER}", f"{_HEADER} - {_USER}")
_TAIL = r' (?:\d+|-) "[^"]*" "[^"]*" (?P<millis>\d+)ms'  # no client writes this


def _patterns(text: str, tail: str) -> tuple[str, ...]:
    return tuple(
        rf'^{front} \[{CLF}\] "(?P<request>{text})" "?(?P<status>\d{{1,3}}|-)"? (?P<body_bytes>\d+|-) '
        rf'(?:"(?P<h_referer>{text})"|-) "(?P<agent>{text})"{tail}$'
        for front in _FRONTS
    )


def _certain(lines: Sequence[bytes]) -> int:
    """Return how many lines end as Traefik's do, those that are in doubt too: they must not make it another format."""
    return pc.sum(pc.match_substring_regex(decode(lines), rf'\[{CLF_TIME}\] ".*{_TAIL}$')).as_py() or 0


_MEANING = (
    "Traefik's common log format; a list in its first column is X-Forwarded-For, a single address that or the peer:"
    " Traefik's verdict"
)
_LOOSE = patterned("traefik", _MEANING, _patterns(".*?", _TAIL), combined.parse)
TRAEFIK = patterned(
    "traefik",
    _MEANING,
    _patterns('[^"]*', f"(?:{_TAIL})?"),
    doubting(
        rf'(?:".*|^[^"]* - [^"]* - [^"]*)\[{CLF_TIME}\] "',
        "quotes or dashes in front of a time in it: whose words they are is not certain",
        _LOOSE.parse,
    ),
    within=combined.COMBINED.name,
)._replace(certain=_certain)
