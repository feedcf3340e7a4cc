r"""
An nginx `log_format`, given as text, to a format.

    --format '$remote_addr - $remote_user [$time_local] "$request" $status "$http_x_forwarded_for"'
    --format "log_format main '$remote_addr - …' '\"$request\" …';"

1. The text is what nginx would write, or the whole directive as it stands in nginx.conf: a name, `escape=…`, strings
   that are joined, `;`.
2. A variable that VARIABLES knows goes to its field; `$http_NAME` is that header; any other is skipped over. What a
   variable can hold tells where it ends; of one that can hold anything, what stands behind it does. Two such ones with
   nothing between them cannot be told apart: that is a fault, if one of them is wanted.
3. `$remote_addr` is the peer, unless `$realip_remote_addr` stands beside it: then that is, and `$remote_addr` is what
   nginx made of it, the writer's verdict.
4. A line is of the format as a whole, or a reject. Where it can be read in two ways, since a user agent has a bar in it
   where bars separate, what the two do not agree on is left out: a client chose it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from echo.clientip import quote
from pipeline.errors import UsageFault
from pipeline.sources.fields import FIELDS, TIMES
from pipeline.sources.format import Format
from pipeline.sources.patterns import CLF_TIME, ISO_TIME, patterned, refusing

MAX_CHARS = 8192  # of a log_format; nginx itself takes a directive of 4 KiB
MAX_VARIABLES = 200

FORWARDED_ON = "proxy_add_x_forwarded_for"
NUMBER = r"(?:\d+|-?)"
DECIMAL = r"(?:\d+(?:\.\d+)?|-?)"
NUMBERS = r"[\d.,: -]*"  # one of each upstream that was tried
ADDRESS = r"[^\s\[\]\",|]*"
WORD = r"[^\s\"]*"
_LAZY = ".*?"
ANY = ""  # whatever comes, up to what stands behind it


class Variable(NamedTuple):
    """
    A variable of nginx.

    field  where it goes; "" nowhere
    holds  what it can hold, a pattern; ANY if anything
    """

    field: str
    holds: str


VARIABLES: Mapping[str, Variable] = {
    "remote_addr": Variable("peer", ADDRESS),
    "remote_port": Variable("peer_port", NUMBER),
    "realip_remote_addr": Variable("peer", ADDRESS),
    "realip_remote_port": Variable("peer_port", NUMBER),
    "proxy_protocol_addr": Variable("proxied", ADDRESS),
    "proxy_protocol_port": Variable("proxied_port", NUMBER),
    "the_real_ip": Variable("writer_client", ADDRESS),  # of an old ingress-nginx
    FORWARDED_ON: Variable("", ANY),  # two fields: see _holds
    "server_addr": Variable("local", ADDRESS),
    "server_port": Variable("local_port", NUMBER),
    "remote_user": Variable("user", ANY),
    "time_local": Variable("time", CLF_TIME),
    "time_iso8601": Variable("time_iso", ISO_TIME),
    "msec": Variable("time_epoch", r"\d+\.\d+"),
    "request": Variable("request", ANY),
    "request_method": Variable("method", WORD),
    "request_uri": Variable("target", ANY),
    "uri": Variable("path", ANY),
    "document_uri": Variable("path", ANY),
    "args": Variable("query", WORD),
    "query_string": Variable("query", WORD),
    "is_args": Variable("", r"\??"),
    "server_protocol": Variable("protocol", r"(?:HTTP/[\d.]+|-?)"),
    "scheme": Variable("", r"[a-z]*"),
    "https": Variable("", r"(?:on|-?)"),
    "host": Variable("host", r"[^\s/\"]*"),
    "http_host": Variable("host", r"[^\s/\"]*"),
    "server_name": Variable("", WORD),
    "hostname": Variable("pod", WORD),
    "status": Variable("status", r"(?:\d{3}|-?)"),
    "body_bytes_sent": Variable("body_bytes", NUMBER),
    "bytes_sent": Variable("body_bytes", NUMBER),
    "request_length": Variable("", NUMBER),
    "request_time": Variable("seconds", DECIMAL),
    "http_user_agent": Variable("agent", ANY),
    "connection": Variable("connection", NUMBER),
    "connection_requests": Variable("connection_request", NUMBER),
    "ssl_protocol": Variable("tls", r"(?:(?:TLS|SSL)v[\d.]+|-?)"),
    "ssl_cipher": Variable("", r"[\w-]*"),
    "ssl_handshake_time": Variable("", DECIMAL),
    "ssl_session_reused": Variable("", r"[r.-]?"),
    "upstream_response_time": Variable("", NUMBERS),
    "upstream_connect_time": Variable("", NUMBERS),
    "upstream_header_time": Variable("", NUMBERS),
    "upstream_status": Variable("", NUMBERS),
    "upstream_response_length": Variable("", NUMBERS),
    "tcpinfo_rtt": Variable("", NUMBER),
    "http_x_request_id": Variable("request_id", ANY),
    "request_id": Variable("request_id", r"(?:[0-9a-f]+|-?)"),
    "req_id": Variable("request_id", WORD),  # of ingress-nginx: X-Request-Id, where one came
    "stgw_request_id": Variable("request_id", WORD),  # of Tencent's CLB
    "protocol_type": Variable("", r"[\w/.-]*"),  # of the CLB, too
    "pid": Variable("", NUMBER),
    "gzip_ratio": Variable("", DECIMAL),
    "pipe": Variable("", r"[p.]"),
}
# of variables that go to one field, the one that is taken; the others are skipped over
PREFERRED = (
    ("realip_remote_addr", "remote_addr"),
    ("realip_remote_port", "remote_port"),
    ("http_host", "host"),
    ("body_bytes_sent", "bytes_sent"),
    ("http_x_request_id", "request_id", "req_id", "stgw_request_id"),
    ("uri", "document_uri"),
    ("args", "query_string"),
)
# a field that is there -> those that it holds as well
HELD: Mapping[str, tuple[str, ...]] = {
    "request": ("method", "target", "protocol", "path", "query"),
    "target": ("path", "query"),
}
# (left, right) that may stand side by side, the one ending where the other begins -> what they hold there
JOINED: Mapping[tuple[str, str], tuple[str, str]] = {
    **{
        (host, path): (r"[^\s/\"]*?", r"(?:/.*?|\*|-?)")
        for host in ("host", "http_host", "server_name")
        for path in ("request_uri", "uri", "document_uri")
    },
    **{(path, "is_args"): (r"[^?\"]*", r"\??") for path in ("uri", "document_uri")},
    **{("is_args", query): (r"\??", WORD) for query in ("args", "query_string")},
}
DIRECTIVE = "log_format"
NEXT_STEP = "give it as it stands in nginx.conf, in single quotes for the shell"

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))?")
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", '"': '"', "'": "'", "\\": "\\"}


class Text(NamedTuple):
    """What a log_format says: its name ("" if it has none), its escaping, and the string that nginx fills in."""

    name: str
    escape: str
    format: str


@lru_cache(maxsize=64)
def compiled(text: str) -> Format:
    """Return the format that a log_format describes. Raises UsageFault."""
    read = directive(text)
    whole = pattern(read.format, read.escape)
    return patterned(
        f"{DIRECTIVE} {read.name}".strip(),
        "an nginx log_format",
        (whole,),
        refusing(_why_not),
        agreed=whole.count(_LAZY) + whole.count(NUMBERS) > 1,
    )


def _why_not(_line: str) -> str:
    return "not as the log_format says"


def directive(text: str) -> Text:
    """Read a log_format: the whole directive, its strings, or what nginx fills in. Raises UsageFault."""
    if len(text) > MAX_CHARS:
        raise UsageFault(f"a log_format of more than {MAX_CHARS} characters", "--format", NEXT_STEP)
    bare = text.strip()
    if bare.split(maxsplit=1)[:1] == [DIRECTIVE]:
        words = _words(text, text.index(DIRECTIVE) + len(DIRECTIVE))
        if len(words) < 2:
            raise UsageFault("a log_format without a name or without a string", quote(bare), NEXT_STEP)
        name, words = words[0], words[1:]
    elif bare.startswith("'"):
        name, words = "", _words(text, 0)
    else:
        return Text("", "default", bare)
    escape = "default"
    if words[0].startswith("escape="):
        escape = words.pop(0).removeprefix("escape=")
    if escape not in ("default", "json", "none"):
        raise UsageFault(f"no escaping of nginx's is called {quote(escape)}", DIRECTIVE, "default, json and none are")
    return Text(name, escape, "".join(words))


def _words(text: str, at: int) -> list[str]:
    """Return the words of a directive from a place on, as nginx cuts them."""
    words: list[str] = []
    while True:
        at += len(text[at:]) - len(text[at:].lstrip())
        if text[at : at + 1] in ("", ";"):
            break
        if text[at] == "#":
            at = text.find("\n", at) % (len(text) + 1)
            continue
        mark = text[at] if text[at] in "'\"" else ""
        word, end = _word(text, at + len(mark), mark)
        words.append(word)
        at = end
    if text[at + 1 :].strip():
        raise UsageFault("something stands behind the ;", f"{DIRECTIVE}, character {at + 2}", NEXT_STEP)
    return words


def _word(text: str, start: int, mark: str) -> tuple[str, int]:
    """Return a word and where the text goes on behind it."""
    word: list[str] = []
    at = start
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            word.append(_ESCAPES.get(text[at + 1], text[at : at + 2]))
            at += 2
            continue
        if (mark and char == mark) or (not mark and (char.isspace() or char == ";")):
            return "".join(word), at + len(mark)
        word.append(char)
        at += 1
    if mark:
        raise UsageFault(f"no {mark} ends what begins here", f"{DIRECTIVE}, character {start}", NEXT_STEP)
    return "".join(word), at


def pattern(text: str, escape: str = "default") -> str:
    """Return the pattern of lines that a format string makes. Raises UsageFault."""
    literals, names = _parts(text)
    wanted = _wanted(names)
    if not any(field in TIMES for field in wanted.values()):
        raise UsageFault(
            "no time in the log_format", quote(text), "it must have $time_local, $time_iso8601 or $msec in it"
        )
    pieces = [re.escape(literals[0])]
    fields = set(wanted.values())
    held: str | None = None  # what the variable before this one leaves to it
    for number, name in enumerate(names):
        behind = literals[number + 1]
        following = names[number + 1] if number + 1 < len(names) and not behind else ""
        joined = JOINED.get((name, following))
        field = wanted.get(name, "")
        if following and joined is None and (field or wanted.get(following)):
            raise UsageFault(
                f"nothing stands between ${name} and ${following}: where one ends cannot be told",
                quote(text),
                NEXT_STEP,
            )
        quoted = literals[number].endswith('"') and behind.startswith('"') and escape != "none"
        holds = held or (joined[0] if joined else _holds(name, fields, quoted=quoted))
        pieces += [f"(?P<{field}>{holds})" if field else f"(?:{holds})", re.escape(behind)]
        held = joined[1] if joined else None
        wanted.pop(name, None)  # a second time it is skipped over
    return f"^{''.join(pieces)}\\s*$"


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return the texts around the variables, and the variables."""
    literals, names, at = [], [], 0
    for found in _VARIABLE.finditer(text):
        name = found[1] or found[2]
        if name is None:
            raise UsageFault("a $ that no name follows", f"{quote(text)}, character {found.start() + 1}", NEXT_STEP)
        literals.append(text[at : found.start()])
        names.append(name)
        at = found.end()
    if len(names) > MAX_VARIABLES:
        raise UsageFault(f"more than {MAX_VARIABLES} variables", quote(text), NEXT_STEP)
    return [*literals, text[at:]], names


def _wanted(names: Sequence[str]) -> dict[str, str]:
    """Return variable -> its field, of those that go to one."""
    fields = {name: variable(name).field for name in names}
    if {"realip_remote_addr", "remote_addr"} <= fields.keys():
        fields |= {"remote_addr": "writer_client", "remote_port": ""}
    for group in PREFERRED:
        there = [name for name in group if name in fields]
        for name in there[1:]:
            if fields[name] == fields[there[0]]:
                fields[name] = ""
    for field, held in HELD.items():
        if field in fields.values():
            fields = {name: "" if one in held else one for name, one in fields.items()}
    first = {field: name for name, field in reversed(fields.items()) if field}
    return {name: field for field, name in reversed(first.items())}


def meanings() -> Iterator[tuple[str, str]]:
    """Yield the variables that go somewhere, each with what it is taken for."""
    for name, (field, _) in VARIABLES.items():
        beside = next((group[0] for group in PREFERRED if name in group[1:]), "")
        if name == "remote_addr":
            yield name, f"{FIELDS['peer'].meaning}; beside `${beside}`: {FIELDS['writer_client'].meaning}"
        elif name == FORWARDED_ON:
            yield name, f"X-Forwarded-For as it came, and behind it {FIELDS['peer'].meaning}"
        elif field:
            meaning = FIELDS[field].meaning if field in FIELDS else "the time"
            yield name, f"{meaning}; not beside `${beside}`" if beside else meaning


def variable(name: str) -> Variable:
    """Return what is known of a variable."""
    known = VARIABLES.get(name)
    if known is not None:
        return known
    header = name.removeprefix("http_")
    return Variable(f"h_{header}" if header != name else "", ANY)


def _holds(name: str, fields: set[str], *, quoted: bool) -> str:
    """
    Return the pattern of what a variable can hold.

    fields  those of the whole log_format
    """
    if name == FORWARDED_ON:
        # the header as it came, if one did, and behind it $remote_addr
        header = "?:" if "h_x_forwarded_for" in fields else "?P<h_x_forwarded_for>"
        return rf'(?:({header}[^"]*), ?)?({"?:" if "peer" in fields else "?P<peer>"}{ADDRESS})'
    holds = variable(name).holds
    if holds == ANY:
        return r'(?:[^"\\]|\\.)*' if quoted else _LAZY
    return holds
