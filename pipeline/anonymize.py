"""
Addresses made unrecognisable before anything is written.

    truncate   the network stays: IPv4 is cut to /24, IPv6 to /48
    pseudonym  each address has a number of 100::/64 in its place, the same one wherever it occurs: the first 64 bits of
               its HMAC-SHA256 by a key. Who has the key can tell whether a given address was here, and nobody else

Rules:

1. What needs whole addresses is worked out first: the client, its class, its place. Then no whole address is left
   anywhere in a row or a reject: not in the columns of addresses, not in headers, targets, user agents, names of
   sources, nor in the text of a rejected line. Ports stay.
2. In text an address is what inet_pton takes, wherever it stands, `%3A` and `%2E` for colon and dot included, leading
   zeros too. N.0.0.0 is left in text: no host has it, and browsers write their versions so (Chrome/120.0.0.0).
3. A peer that the log names (`peer_name`) is as good as its address: a pseudonym takes its place, or nothing.
4. 6to4 (2002::/16) holds an IPv4 address in its first 48 bits: it is cut so that /24 of that is left.
5. Addresses spelt in another way are not found: with dashes (1-2-3-4.example.net), as one number, in base 64.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from pathlib import Path
from socket import AF_INET6, inet_pton

import pyarrow as pa
import pyarrow.compute as pc

from echo.clientip import Address, parse_hop, printable
from echo.clientip.address import V4_PREFIX
from pipeline.errors import UsageFault
from pipeline.rows import HEADERS_TYPE

TRUNCATE, PSEUDONYM = "truncate", "pseudonym"
MODES = (TRUNCATE, PSEUDONYM)
KEPT_V4, KEPT_V6, KEPT_6TO4 = 3, 6, 5  # bytes: /24, /48; 2002: and /24 of what follows
PREFIX_6TO4 = b"\x20\x02"
PSEUDONYM_PREFIX = bytes.fromhex("0100000000000000")  # 100::/64 is routed to nowhere (RFC 6666): no host has one
MIN_KEY_BYTES = 16  # fewer can be tried through; so can all IPv4 addresses by whoever has the key
MAX_KEY_BYTES = 4096
MAX_RUN = 256  # characters that could be of an IPv6 address: a longer run is none, and looking into it would cost
NOTHING = "[…]"  # in place of such a run

OCTET = r"0{0,2}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
DOT, COLON = r"(?:\.|%2[Ee])", r"(?::|%3[Aa])"
IPV4 = re.compile(rf"(?<![0-9])({OCTET}){DOT}({OCTET}){DOT}({OCTET}){DOT}({OCTET})(?![0-9])", re.ASCII)
IPV6_RUN = re.compile(rf"(?:[0-9A-Fa-f]|{DOT}|{COLON})+", re.ASCII)
MIN_V6_CHARS, MAX_V6_CHARS = 3, 45  # of IPv6 text, the form with a dotted quad
# What may hold an address, in RE2's grammar: the texts that are worth looking into
SUSPECT = rf"[0-9]{DOT}[0-9]+{DOT}[0-9]+{DOT}[0-9]|{COLON}[0-9A-Fa-f]*{COLON}"

ADDRESSES = ("peer_ip", "proxied_ip", "local_ip", "client_ip")
WHOLE = ("client_ip_num", "anonymized")  # made anew
UNIX = "unix:"

Mapping16 = Callable[[bytes], bytes]


class Anonymizer:
    """
    A way to make addresses unrecognisable.

    mark  what column `anonymized` says of a row that went through it
    """

    def __init__(self, mode: str, key: bytes = b"") -> None:
        self._key = key
        self._map: Mapping16 = truncated if mode == TRUNCATE else self._pseudonym
        self._keyed = mode == PSEUDONYM
        self.mark = f"{PSEUDONYM} {self._digest(b'key')[:4].hex()}" if self._keyed else TRUNCATE

    def _digest(self, data: bytes) -> bytes:
        return hmac.new(self._key, data, hashlib.sha256).digest()

    def _pseudonym(self, packed: bytes) -> bytes:
        return PSEUDONYM_PREFIX + self._digest(packed)[:8]

    def address(self, text: str) -> str:
        """Return what stands for a text that should be an address alone."""
        found = parse_hop(text)
        return self.text(text) if found is None else self._shown(found.packed)

    def _shown(self, packed: bytes) -> str:
        return str(Address(self._map(packed)))

    def text(self, text: str) -> str:
        """Return text with all addresses in it replaced."""
        return IPV4.sub(self._quad, IPV6_RUN.sub(self._run, text))

    def _quad(self, found: re.Match[str]) -> str:
        octets = bytes(int(part) for part in found.groups())
        if not any(octets[1:]):
            return found[0]
        return self._shown(V4_PREFIX + octets)

    def _run(self, found: re.Match[str]) -> str:
        """Return a run of characters of IPv6 addresses with those replaced: from each place on the longest."""
        run = found[0]
        if len(run) < MIN_V6_CHARS or run.count(":") + run.count("%") < 2:
            return run
        if len(run) > MAX_RUN:
            return NOTHING
        plain = re.sub(COLON, ":", re.sub(DOT, ".", run))
        parts, at, kept = [], 0, 0
        while at < len(plain):
            end, packed = _longest(plain, at)
            if packed is None:
                at += 1
                continue
            parts += [plain[kept:at], self._shown(packed)]
            at = kept = end
        return "".join([*parts, plain[kept:]]) if parts else run

    def name(self, text: str) -> str | None:
        """Return what stands for a host name; None where nothing does."""
        if text.startswith(UNIX):
            return self.text(text)
        return f"{PSEUDONYM}-{self._digest(text.encode())[:8].hex()}" if self._keyed else None

    def rows(self, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Return columns of the lake without whole addresses."""
        made = {}
        for name, column in columns.items():
            if name in ADDRESSES:
                made[name] = _mapped(column, self.address)
            elif name == "peer_name":
                made[name] = _mapped(column, self.name)
            elif column.type == HEADERS_TYPE:
                made[name] = self._headers(column)
            elif column.type == pa.string() and name not in WHOLE:
                made[name] = self.texts(column)
            else:
                made[name] = column
        clients = made["client_ip"].dictionary_encode()
        packed = [_packed(text) for text in clients.dictionary.to_pylist()]
        made["client_ip_num"] = pa.array(packed, pa.binary()).take(clients.indices)
        made["anonymized"] = pa.repeat(pa.scalar(self.mark), len(clients))
        return made

    def rejects(self, table: pa.Table) -> pa.Table:
        """Return rejects without whole addresses."""
        for number, field in enumerate(table.schema):
            if field.type == pa.string():
                texts = self.texts(table.column(number).combine_chunks())
                table = table.set_column(number, field, texts)
        return table

    def texts(self, column: pa.Array) -> pa.Array:
        """Return a column of texts, each distinct one that may hold an address looked into once."""
        encoded = column.dictionary_encode()
        distinct = encoded.dictionary
        suspect = pc.fill_null(pc.match_substring_regex(distinct, SUSPECT), fill_value=False)
        if not pc.any(suspect).as_py():
            return column
        found = pa.array([self.text(text) for text in distinct.filter(suspect).to_pylist()], pa.string())
        return pc.replace_with_mask(distinct, suspect, found).take(encoded.indices)

    def _headers(self, headers: pa.Array) -> pa.Array:
        start, end = (headers.offsets[at].as_py() for at in (0, len(headers)))
        lists = headers.items.slice(start, end - start)
        first, last = (lists.offsets[at].as_py() for at in (0, len(lists)))
        values = self.texts(lists.values.slice(first, last - first))
        items = pa.ListArray.from_arrays(
            pc.subtract(lists.offsets, first), values, mask=lists.is_null() if lists.null_count else None
        )
        keys = self.texts(headers.keys.slice(start, end - start))
        offsets = pc.subtract(headers.offsets, start)
        if headers.null_count:  # a null at an offset is a null map; the last offset is none's
            nulls = pa.concat_arrays([headers.is_null(), pa.array([False])])
            offsets = pc.if_else(nulls, pa.scalar(None, pa.int32()), offsets)
        return pa.MapArray.from_arrays(offsets, keys, items).cast(HEADERS_TYPE)


def truncated(packed: bytes) -> bytes:
    """Return an address cut to its network."""
    if packed.startswith(V4_PREFIX):
        kept = len(V4_PREFIX) + KEPT_V4
    else:
        kept = KEPT_6TO4 if packed.startswith(PREFIX_6TO4) else KEPT_V6
    return packed[:kept].ljust(16, b"\0")


def load_key(path: str | None) -> bytes:
    """Read the file of a key. Raises UsageFault."""
    step = "make one, and keep it secret: head -c 32 /dev/urandom > whofrom.key"
    if path is None:
        raise UsageFault("a pseudonym needs a key", "--anonymize-key", step)
    try:
        with Path(path).open("rb") as file:
            key = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise UsageFault(f"cannot read the key: {error.strerror or error}", printable(path), step) from None
    if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
        raise UsageFault(f"a key has {MIN_KEY_BYTES} to {MAX_KEY_BYTES:,} bytes", printable(path), step)
    return key


def _longest(text: str, start: int) -> tuple[int, bytes | None]:
    """Return the end and the bytes of the longest IPv6 address that begins at start; (start, None) if none does."""
    for end in range(min(len(text), start + MAX_V6_CHARS), start + 1, -1):
        piece = text[start:end]
        if piece.count(":") < 2:
            break
        try:
            packed = inet_pton(AF_INET6, piece)
        except OSError:
            continue
        return (end, packed) if any(packed) else (start, None)
    return start, None


def _mapped(column: pa.Array, replaced: Callable[[str], str | None]) -> pa.Array:
    encoded = column.dictionary_encode()
    made = [None if text is None else replaced(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(made, pa.string()).take(encoded.indices)


def _packed(text: str | None) -> bytes | None:
    found = None if text is None else parse_hop(text)
    return None if found is None else found.packed
