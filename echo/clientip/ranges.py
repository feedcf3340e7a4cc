"""
Sets of addresses: CIDRs, single addresses, and the special-purpose ranges everyone knows by name.

A set is kept as sorted, inclusive [first, last] pairs of packed addresses that neither overlap nor touch, so membership
is one bisection and one comparison however many ranges were given.
"""

from bisect import bisect_right
from collections.abc import Iterable

from echo.clientip.address import V4_PREFIX, parse_address, parse_any
from echo.clientip.faults import ConfigFault, quote

V4_BITS_OFFSET = 96  # an IPv4 /n is a /(96 + n) once mapped
V4_FIRST, V4_LAST = V4_PREFIX + b"\0" * 4, V4_PREFIX + b"\xff" * 4
MAX_RANGE_CHARS = 64  # "xxxx:…:xxxx:255.255.255.255/128" has 49; anything longer is not a range

# What an address may mean without knowing the network, narrowest first where ranges nest.
# Each line: name, ranges, source. Named in [trust] ranges as well.
NAMED_RANGES: dict[str, tuple[tuple[str, ...], str]] = {
    "loopback": (("127.0.0.0/8", "::1/128"), "RFC 1122 §3.2.1.3, RFC 4291 §2.5.3"),
    "cloud-metadata": (("169.254.169.254/32", "fd00:ec2::254/128"), "AWS, GCP and Azure instance metadata"),
    "link-local": (("169.254.0.0/16", "fe80::/10"), "RFC 3927, RFC 4291 §2.5.6"),
    "private": (("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"), "RFC 1918, RFC 4193"),
    "cgnat": (("100.64.0.0/10",), "RFC 6598"),
    "documentation": (
        ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "3fff::/20"),
        "RFC 5737, RFC 3849, RFC 9637",
    ),
    "benchmarking": (("198.18.0.0/15", "2001:2::/48"), "RFC 2544, RFC 5180"),
    "multicast": (("224.0.0.0/4", "ff00::/8"), "RFC 5771, RFC 4291 §2.7"),
    "transition": (("192.88.99.0/24", "2001::/32", "2002::/16"), "6to4 (RFC 3056, RFC 7526), Teredo (RFC 4380)"),
    "reserved": (
        ("0.0.0.0/8", "192.0.0.0/24", "240.0.0.0/4", "100::/64", "2001::/23"),
        "RFC 6890, RFC 6666, RFC 2928",
    ),
}


def parse_range(text: str) -> tuple[bytes, bytes]:
    """
    Parse `address` or `address/bits` to its inclusive (first, last) packed addresses; host bits are dropped.

    An IPv4-mapped range is the IPv4 range it maps (`::ffff:10.0.0.0/104` is 10.0.0.0/8). One that reaches outside
    ::ffff:0:0/96 is refused: `::ffff:10.0.0.0/8` was meant as IPv4 and would trust all of IPv6's first eighth.

    Raises ConfigFault, without a place, if the text is no range.
    """
    shown, text = text, text.strip()
    base, slash, bits_text = text.partition("/")
    # 0.0.0.0 and :: name nobody as an address but are fine as the base of a range
    address = parse_any(base) if slash else parse_address(base)
    if address is None or address.zone or len(text) > MAX_RANGE_CHARS:
        raise ConfigFault(f"{quote(shown)} is no address or CIDR", next_step="write it as 10.0.0.0/8 or 2001:db8::/32")
    offset = V4_BITS_OFFSET if ":" not in base else 0
    if not slash:
        bits = 128
    elif bits_text.isascii() and bits_text.isdigit() and len(bits_text) <= 3:
        bits = int(bits_text) + offset
    else:
        bits = -1
    if not offset <= bits <= 128:
        raise ConfigFault(f"{quote(shown)} has no prefix length of 0 to {128 - offset}", next_step="correct it")
    if not offset and address.is_ipv4 and bits < V4_BITS_OFFSET:
        raise ConfigFault(
            f"{quote(shown)} reaches outside the IPv4-mapped block ::ffff:0:0/96",
            next_step="write the IPv4 range itself",
        )
    host = (1 << (128 - bits)) - 1
    number = int.from_bytes(address.packed)
    return (number & ~host).to_bytes(16), (number | host).to_bytes(16)


def _without_ipv4(first: bytes, last: bytes) -> list[tuple[bytes, bytes]]:
    """Cut the IPv4-mapped block out of an IPv6 range that encloses it: `::/0` is all of IPv6, and no IPv4 address."""
    if not first < V4_FIRST <= last:
        return [(first, last)]
    before = (int.from_bytes(V4_FIRST) - 1).to_bytes(16)
    after = (int.from_bytes(V4_LAST) + 1).to_bytes(16)
    return [(first, before), (after, last)] if after <= last else [(first, before)]  # ::/80 ends with the block


def _after(last: bytes) -> bytes:
    """Return the address after this one; the last of all stays what it is."""
    return min(int.from_bytes(last) + 1, (1 << 128) - 1).to_bytes(16)


class Ranges:
    """
    A set of addresses. Build it once; `packed in ranges` is O(log n).

    `firsts` and `lasts` are the ends of the sorted, disjoint, inclusive ranges, for those who look up in a loop.
    """

    __slots__ = ("firsts", "lasts", "texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        """Raises ConfigFault for the first text that is no range."""
        self.texts = tuple(texts)
        pairs = sorted(pair for text in self.texts for pair in _without_ipv4(*parse_range(text)))
        self.firsts: list[bytes] = []
        self.lasts: list[bytes] = []
        for first, last in pairs:
            if self.lasts and first <= _after(self.lasts[-1]):
                self.lasts[-1] = max(self.lasts[-1], last)
            else:
                self.firsts.append(first)
                self.lasts.append(last)

    def __contains__(self, packed: bytes) -> bool:
        index = bisect_right(self.firsts, packed) - 1
        return index >= 0 and packed <= self.lasts[index]

    def __bool__(self) -> bool:
        return bool(self.firsts)

    def __repr__(self) -> str:
        return f"Ranges({list(self.texts)!r})"

    def spans(self) -> list[tuple[bytes, bytes]]:
        """Return the sorted, disjoint, inclusive (first, last) pairs."""
        return list(zip(self.firsts, self.lasts, strict=True))


PUBLIC = "public"


def _class_table() -> tuple[list[bytes], list[str]]:
    """Cut the address space where a named range begins or ends: (first address, class) of each piece, in order."""
    ranges = {name: Ranges(texts) for name, (texts, _) in NAMED_RANGES.items()}
    cuts = {b"\0" * 16}
    for first, last in (span for one in ranges.values() for span in one.spans()):
        after = int.from_bytes(last) + 1
        cuts |= {first} if after >> 128 else {first, after.to_bytes(16)}
    firsts = sorted(cuts)
    return firsts, [next((name for name, one in ranges.items() if first in one), PUBLIC) for first in firsts]


# the first address of each piece of the address space, in order, and the class of the piece
CLASS_FIRSTS, CLASSES = _class_table()


def classify(packed: bytes) -> str:
    """Return what an address is by itself: a name of NAMED_RANGES, or public."""
    return CLASSES[bisect_right(CLASS_FIRSTS, packed) - 1]
