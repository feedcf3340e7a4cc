r"""
The grammar of nginx's and Apache's combined and common logs, for both halves; and a reader of one line.

    $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"

1. The fragments are regular expressions that RE2 and `re` read alike. `pipeline.sources.combined` makes patterns over
   whole batches of them; `scan` reads one line, for a person who asks about it.
2. `scan` is linear in the line's length, whatever the line holds: it is cut at the time and at the quotes, one after
   the other, since patterns with several lazy parts, which RE2 runs in linear time, are `re`'s undoing.
3. A value is kept as the log wrote it, its escapes (`\x22`, `\"`) included.
4. The first column is the other end of the connection, or what nginx's realip module or mod_remoteip has put in its
   place: the line does not say.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from echo.clientip.address import MAX_HOP_CHARS

QUOTED = r'(?:[^"\\]|\\.)*'
TIME = (
    r"\[(?P<day>\d\d?)/(?P<month>[A-Za-z]{3})/(?P<year>\d{4}):(?P<time>\d\d:\d\d:\d\d)(?:(?P<part>\.\d{1,6})\d*)?"
    r" (?P<zone>[+-]\d{4})\]"
)
REQUEST = (
    r'^(?P<method>[!#$%&\'*+.^_`|~0-9A-Za-z-]+)"? '
    r"(?P<target>(?:[/*?]|[0-9A-Za-z\[][0-9A-Za-z+.:\[\]-]*:).*?)"  # origin, asterisk, absolute or authority form
    r"(?:(?P<protocol> HTTP/[0-9](?:\.[0-9])?)(?:\\[rn])*)?$"  # Apache writes a bare line feed as \n
)
# a target of any form, which only a protocol behind it tells from words that are no request
ODD_REQUEST = r'^(?P<method>[A-Za-z][A-Za-z_-]*)"? (?P<target>\S.*?)(?P<protocol> HTTP/[0-9](?:\.[0-9])?)(?:\\[rn])*$'
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# A list of hops: one, at least, is a whole address, and what else stands beside it is evidence too. `3.20`, nginx's
# $gzip_ratio, a time or a host name is no list of hops.
_V4 = r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}"
_V6 = r"(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*"
HOP_LIST = rf"(?:^|,)\s*\[?(?:{_V4}|{_V6})(?:%[\w.~-]+)?\]?(?::[0-9]+)?\s*(?:,|$)"
# X-Forwarded-For behind the user agent: the first field in quotes, whatever follows it, or all that stands there
BEHIND = r'^\s*(?:(?i:X-Forwarded-For)[=:]\s*)?(?:"(?P<quoted>[^"]*)(?:".*)?|(?P<bare>[^"]*))$'
# an address, its port behind it or not, where a word could be anything
PEER = rf"(?:(?:{_V4}|{_V6}|\[(?:{_V6})\])(?::[0-9]+)?|unix:)"
# … and in front of the peer, in quotes; a list with a comma stands in the peer's place
IN_FRONT = rf'^(?:"(?P<quoted>{QUOTED})" (?P<peer>.*)|(?P<bare>.*))$'
MAX_ZONE_MINUTES = 14 * 60  # UTC+14 is the farthest there is
LAST_TIME = datetime(9999, 1, 1, tzinfo=UTC).timestamp()  # as pipeline.sources.format has it: past it is a slip
EMPTY = "empty line"
NO_REQUEST = "the request line is not HTTP"
BAD_TIME = "the time is no date"


class Line(NamedTuple):
    """
    One line, "" for what it lacks or writes as `-`.

    host    of Apache's vhost_combined
    peer    the first column, but for a list with commas
    front   X-Forwarded-For where it stands in front of the peer, or in its place, as Traefik logs it
    time    seconds since 1970
    request  as written; method, target and protocol "" where it is no HTTP
    rest    what stands behind the user agent
    """

    host: str
    peer: str
    front: str
    user: str
    time: float
    request: str
    method: str
    target: str
    protocol: str
    status: int
    referer: str
    agent: str
    rest: str

    @property
    def forwarded(self) -> str:
        """Return X-Forwarded-For: what stands in front, or what reads like a list of hops behind the user agent."""
        found = _BEHIND.match(self.rest)
        text = ((found["quoted"] or found["bare"] or "") if found else "").strip()
        return text if is_hop_list(text) else self.front


class Unread(ValueError):
    """A line that is not combined; the text says why."""


_AT_TIME = re.compile(rf' {TIME} (?=")', re.ASCII)
_PLAIN = re.compile(r"(\S+) \S+ (\S+)", re.ASCII)
_VHOST = r'([^\s"]*[^\s",]) ([0-9A-Za-z]\S*|\[\S+|::\S+) - '
_WORD = r"(?:[^\s-]\S*|-\S+)"
_HOSTED = re.compile(_VHOST + r"(\S+)", re.ASCII)
_LISTED = re.compile(r"([0-9A-Fa-f.:\[\]]+(?:, ?[0-9A-Za-z.:\[\]_-]+)+) - (\S+)", re.ASCII)
_QUOTED_FRONT = re.compile(r'(?:([^\s,"]+) )?("(?:[^"\\]++|\\.)*+" ' + PEER + r") - (.*)", re.ASCII)
_BLANKS = re.compile(r"(\S+) - (.*)", re.ASCII)
_HOSTED_BLANKS = re.compile(_VHOST + rf"(?:[0-9a-f]{{32}} )?({_WORD}(?: {_WORD})*(?: -)?|-)", re.ASCII)
_HOSTED_LIST = re.compile(r'([^\s,"]+) ([^\s,"]+(?:, ?[^\s,"]+)+) - (\S+)', re.ASCII)
_COMMA = re.compile(r'(?=[^"]*?,)([^"]*) - (\S+)', re.ASCII)
_MISSING = re.compile(r"(\S+)()(?: -)?", re.ASCII)
# of a prefix: pattern -> the groups (host, peer, user), tried in this order
_PREFIXES = (
    (_PLAIN, (0, 1, 2)),
    (_MISSING, (0, 1, 2)),
    (_HOSTED, (1, 2, 3)),
    (_LISTED, (0, 1, 2)),
    (_QUOTED_FRONT, (1, 2, 3)),
    (_BLANKS, (0, 1, 2)),
    (_HOSTED_BLANKS, (1, 2, 3)),
    (_HOSTED_LIST, (1, 2, 3)),
    (_COMMA, (0, 1, 2)),
)
_FRONT = re.compile(IN_FRONT, re.ASCII)
_BEHIND = re.compile(BEHIND, re.ASCII)
_STATUS = r'" (?P<status>\d{3}) (?P<bytes>\d+|-)'
_QUOTED = r'(?:[^"\\]++|\\.)*+'
_REQUEST_FIELD = re.compile(rf'"(?P<request>{_QUOTED}){_STATUS}(?= |$)', re.ASCII)
_STRINGS = re.compile(
    rf'(?: [^" ]++)*+ "(?P<referer>{_QUOTED})" "(?P<agent>{_QUOTED})(?:\\?$|"(?P<rest>(?!").*|"?)$)', re.ASCII
)
_LOOSE_STATUS = re.compile(rf'{_STATUS}(?= "|$)', re.ASCII)
_LOOSE_AGENT = re.compile(r'"(?=[^"]|"?$)', re.ASCII)
_REQUEST = re.compile(REQUEST, re.ASCII)
_ODD_REQUEST = re.compile(ODD_REQUEST, re.ASCII)
_HOP = re.compile(rf"\s*\[?(?:{_V4}|{_V6})(?:%[\w.~-]+)?\]?(?::[0-9]+)?\s*", re.ASCII)
_TIME = re.compile(r"\[[^\[\]]*:\d\d:\d\d:\d\d [+-]\d{4}\]", re.ASCII)


def scan(text: str) -> Line:
    """Read a line. Raises Unread."""
    text = text.lstrip()
    at_time = _AT_TIME.search(text)
    if at_time is None:
        raise Unread(why_not(text))
    host, peer, front, user = _prefix(text[: at_time.start()])
    behind = text[at_time.end() :]
    request, status, (referer, agent, rest) = _behind(behind, text)
    time = seconds(at_time)
    if time is None:
        raise Unread(BAD_TIME)
    parts = _REQUEST.match(request) or _ODD_REQUEST.match(request)
    method, target, protocol = parts.group("method", "target", "protocol") if parts else ("", "", "")
    return Line(
        host, peer, front, _none(user), time, _none(request), method, target, (protocol or "").strip(), int(status),
        _none(referer), _none(agent), rest,
    )  # fmt: skip


def is_dated(text: str) -> bool:
    """Return whether a line holds a time as these logs write it."""
    return _TIME.search(text) is not None


def why_not(text: str) -> str:
    """Return why a line is not combined, naming the first field that is not as it should be."""
    if not text.strip():
        return EMPTY
    if "\0" in text:
        return "binary: holds a NUL byte"
    if not is_dated(text):
        return "no [day/month/year:time zone] in it"
    if '] "' not in text:
        return "no quoted request after the time"
    if not re.search(_STATUS, text, re.ASCII):
        return "no status and size after the request"
    return "not combined: the fields before the time or after the size are not as documented"


def is_hop_list(text: str) -> bool:
    """Return whether an entry of a list with commas is an address; HOP_LIST says the same."""
    return any(len(entry) <= MAX_HOP_CHARS and _HOP.fullmatch(entry) for entry in text.split(","))


def zone_shift(zone: str) -> timedelta | None:
    """Return what `+0330` is ahead of UTC; None if there is no such zone."""
    hours, minutes = int(zone[1:3]), int(zone[3:5])
    total = hours * 60 + minutes
    if minutes > 59 or total > MAX_ZONE_MINUTES:
        return None
    return timedelta(minutes=-total if zone[0] == "-" else total)


def seconds(found: re.Match[str]) -> float | None:
    """Return seconds since 1970 of what TIME matched, None if it is no date."""
    month, shift = found["month"].lower(), zone_shift(found["zone"])
    clock = found["time"].removesuffix(":60")  # a leap second
    clock = clock if clock == found["time"] else f"{clock}:59"
    if month not in MONTHS or shift is None:
        return None
    hour, minute, second = map(int, clock.split(":"))
    try:
        local = datetime(
            int(found["year"]), MONTHS.index(month) + 1, int(found["day"]), hour, minute, second, tzinfo=UTC
        )
        time = (local - shift).timestamp() + float(found["part"] or 0)
    except (ValueError, OverflowError):
        return None
    return time if 0 <= time < LAST_TIME else None


def _prefix(text: str) -> tuple[str, str, str, str]:
    for pattern, groups in _PREFIXES:
        found = pattern.fullmatch(text.removeprefix('"')) or pattern.fullmatch(text)
        if found:
            host, peer, user = (found[group] or "" if group else "" for group in groups)
            peer, front = _in_front(peer)
            return host, peer, front, user
    raise Unread("the fields before the time are not as documented")


def _in_front(peer: str) -> tuple[str, str]:
    """Return the peer, and X-Forwarded-For where it stands in front of it or in its place."""
    found = _FRONT.match(peer) if "," in peer or '"' in peer else None
    if found is None:
        return peer, ""
    return found["peer"] or "", _none(found["quoted"] or (found["bare"] or "").strip('"'))


def _behind(text: str, line: str) -> tuple[str, str, tuple[str, str, str]]:
    """Return request, status, and (referer, user agent, what stands behind)."""
    found = _REQUEST_FIELD.match(text)
    if found:
        strings = _STRINGS.fullmatch(text, found.end())
        told = (strings["referer"], strings["agent"], strings["rest"] or "") if strings else ("", "", "")
        return found["request"], found["status"], told
    loose = _LOOSE_STATUS.search(text, 1)
    if loose is None:
        raise Unread(why_not(line))
    referer, between, agent = text[loose.end() :].removeprefix(' "').partition('" "')
    end = _LOOSE_AGENT.search(agent)
    told = (referer, agent[: end.start()], agent[end.end() :]) if end else (referer, agent, "")
    return text[1 : loose.start()], loose["status"], told if between else ("", "", "")


def _none(text: str) -> str:
    return "" if text in ("-", '""') else text
