"""
What the probe sends: requests that each forge one header, a table.

1. Each address is sent by one canary alone, so that it is recognised wherever it turns up.
2. They are addresses that nobody has: of ranges reserved for documentation, and, since some strategies skip those, of
   AS112_BLOCK, which passes for public. Where the path itself uses addresses of a block, another is taken.
3. A server may read a header that is not in the table and says so: it is tried too (`extra_canaries`).
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from echo.clientip import Address, ConfigFault, Ranges, parse_hop

# RFC 5737; the first of which the path uses no address
DOCUMENTATION_BLOCKS = ("192.0.2", "198.51.100", "203.0.113")
AS112_BLOCK = "192.31.196"  # RFC 7535: DNS sinks. In no list of ranges to skip, and no client's
PRIVATE_BLOCKS = ("10.213.86", "172.27.213", "192.168.213")  # RFC 1918; the last octets of a network rarely met
V6_BLOCK = "2001:db8:213:86"  # RFC 3849

MAX_EXTRA = 4  # of the headers that a server says it reads; a policy has one or two
FIRST_EXTRA = 200  # last octet of their addresses
_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,60}")  # what field names look like that carry addresses
# an answer must not make us send what frames or steers a request
NEVER_SENT = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "cache-control",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-whofrom-nonce",
    }
)


class Row(NamedTuple):
    """
    One line of the table.

    code    stable, for programs
    header  whose it is
    values  the fields, one each; {doc} {public} {private} {v6} stand for blocks
    about   what is tried, where the header is tried more than once
    reader  who believes such a header
    """

    code: str
    header: str
    values: tuple[str, ...]
    about: str
    reader: str


class Canary(NamedTuple):
    """A row with its addresses filled in: `marks` are those it sends."""

    code: str
    header: str
    values: tuple[str, ...]
    about: str
    marks: tuple[Address, ...]

    @property
    def label(self) -> str:
        """Return what is tried, for people."""
        return f"{self.header} ({self.about})" if self.about else self.header


_XFF, _FORWARDED = "X-Forwarded-For", "Forwarded"
_MANY = ", ".join(f"{{doc}}.{number}" for number in range(32, 40))  # strategies that count proxies meet one of eight

CANARIES: tuple[Row, ...] = (
    Row("xff", _XFF, ("{doc}.1",), "one", "nearly everything that stands behind a proxy"),
    Row("xff-public", _XFF, ("{public}.2",), "a public one", "programs that skip reserved addresses"),
    Row("xff-two", _XFF, ("{doc}.3, {doc}.4",), "two", "programs that take the leftmost entry"),
    Row("xff-many", _XFF, (_MANY,), "eight", "programs that count proxies from the right"),
    Row("xff-private", _XFF, ("{private}.5",), "a private one", "programs that trust whoever is inside"),
    Row("xff-fields", _XFF, ("{doc}.6", "{doc}.7"), "two fields", "programs that read the first or last field alone"),
    Row("xff-v6", _XFF, ("{v6}::8",), "IPv6", "as above; some proxies know IPv4 alone"),
    Row("forwarded", _FORWARDED, ("for={doc}.9",), "", "programs that follow RFC 7239"),
    Row("forwarded-public", _FORWARDED, ("for={public}.10",), "a public one", "those that skip reserved ones"),
    Row("x-real-ip", "X-Real-IP", ("{doc}.11",), "", "programs behind nginx"),
    Row("cf-connecting-ip", "CF-Connecting-IP", ("{doc}.12",), "", "programs behind Cloudflare"),
    Row("true-client-ip", "True-Client-IP", ("{doc}.13",), "", "programs behind Akamai, or Cloudflare Enterprise"),
    Row("x-client-ip", "X-Client-IP", ("{doc}.14",), "", "programs behind Apache's or Amazon's older proxies"),
    Row("client-ip", "Client-IP", ("{doc}.15",), "", "Rails, and PHP programs of old"),
    Row("fastly-client-ip", "Fastly-Client-IP", ("{doc}.16",), "", "programs behind Fastly"),
    Row("x-original-forwarded-for", "X-Original-Forwarded-For", ("{doc}.17",), "", "programs behind ingress-nginx"),
    Row("x-forwarded", "X-Forwarded", ("{doc}.18",), "", "programs that try every name there is"),
    Row("x-cluster-client-ip", "X-Cluster-Client-IP", ("{doc}.19",), "", "programs behind Rackspace's or Riverbed's"),
)


def canaries(avoid: Iterable[Address] = (), trusted: Sequence[str] = ()) -> tuple[Canary, ...]:
    """
    Return the table with addresses that nobody on the path has.

    avoid    addresses met on the path
    trusted  ranges that the server trusts, as it wrote them; what is no range is passed over
    """
    names = _blocks(tuple(avoid), trusted)
    return tuple(_filled(row, names) for row in CANARIES)


def extra_canaries(reads: Iterable[str], known: Sequence[Canary]) -> tuple[Canary, ...]:
    """Return canaries for headers that the server says it reads and the table lacks; names of NEVER_SENT are not."""
    lacking = dict.fromkeys(name for name in reads if _TOKEN.fullmatch(name) and name.lower() not in NEVER_SENT)
    tried = {canary.header.lower() for canary in known}
    block = str(known[0].marks[0]).rpartition(".")[0]
    found: list[Canary] = []
    for name in [name for name in lacking if name.lower() not in tried][:MAX_EXTRA]:
        text = f"{block}.{FIRST_EXTRA + len(found)}"
        found.append(Canary(f"read-{name.lower()}", name, (text,), "the server reads it", _addresses([text])))
    return tuple(found)


def _filled(row: Row, names: dict[str, str]) -> Canary:
    values = tuple(value.format_map(names) for value in row.values)
    entries = [entry.strip().removeprefix("for=") for value in values for entry in value.split(",")]
    return Canary(row.code, row.header, values, row.about, _addresses(entries))


def _addresses(texts: Iterable[str]) -> tuple[Address, ...]:
    found = tuple(address for text in texts if (address := parse_hop(text)))
    assert found
    return found


def _blocks(avoid: Sequence[Address], trusted: Sequence[str]) -> dict[str, str]:
    ranges = []
    for text in trusted:
        try:
            ranges.append(Ranges([text]))
        except ConfigFault:
            continue  # a name, or what a hostile answer holds

    def is_free(block: str) -> bool:
        first = parse_hop(f"{block}.1")
        assert first is not None
        taken = any(one.packed[:-1] == first.packed[:-1] for one in avoid)  # all but the last octet
        return not taken and not any(first.packed in one for one in ranges)

    def choose(blocks: Sequence[str]) -> str:
        return next(filter(is_free, blocks), blocks[0])

    return {
        "doc": choose(DOCUMENTATION_BLOCKS),
        "public": AS112_BLOCK,
        "private": choose(PRIVATE_BLOCKS),
        "v6": V6_BLOCK,
    }
