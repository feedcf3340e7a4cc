"""The binary header of version 2 (proxy-protocol.txt §2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import Address
from echo.proxyproto import Command, Family, Header, ProxyError, Transport
from echo.proxyproto.v2 import FIXED_BYTES, MAX_BYTES, Otherwise, Rules, block_length, parse_header

SIGNATURE = bytes.fromhex("0d0a0d0a000d0a515549540a")
V4 = "cb007107 c0000202 dc04 01bb "  # 203.0.113.7:56324 to 192.0.2.2:443
V6 = "20010db8000000000000000000000007 20010db8000000000000000000000001 007b 01bb "
NOOP = "04 0002 0000 "
WRONG = "03 0004 00000000 "  # a checksum


def spelled(text):
    """Return a header: two bytes and a block in hexadecimal digits, the length put between."""
    start, block = bytes.fromhex(text[:4]), bytes.fromhex(text[4:])
    return SIGNATURE + start + len(block).to_bytes(2) + block


# header -> family, transport, source, its port, destination, its port
ADDRESSES = {
    "2111" + V4: (Family.INET, Transport.STREAM, "203.0.113.7", 56324, "192.0.2.2", 443),
    "2112" + V4: (Family.INET, Transport.DGRAM, "203.0.113.7", 56324, "192.0.2.2", 443),
    "2121" + V6: (Family.INET6, Transport.STREAM, "2001:db8::7", 123, "2001:db8::1", 443),
    "2122" + V6: (Family.INET6, Transport.DGRAM, "2001:db8::7", 123, "2001:db8::1", 443),
    "2111" + V4 + NOOP: (Family.INET, Transport.STREAM, "203.0.113.7", 56324, "192.0.2.2", 443),
}
OWN = (Family.UNSPEC, Transport.UNSPEC)
LOCAL = ("2000", "2011" + V4, "2011 c0", "20ff ffffffff", "2000" + NOOP, "2011" + V4 + WRONG)
REFUSED = {
    "2211" + V4: "unknown command 2 at byte 12",
    "2f00": "unknown command 15 at byte 12",
    "2141" + V4: "family and transport 0x41 are not supported at byte 13",
    "2113" + V4: "family and transport 0x13 are not supported at byte 13",
    "2101": "family and transport 0x01 are not supported at byte 13",
    "2111" + V4[:-3]: "a block of 11 bytes, where addresses take 12 at byte 14",
    "2121" + V4: "a block of 12 bytes, where addresses take 36 at byte 14",
    "2131" + "2f" * 215: "a block of 215 bytes, where addresses take 216 at byte 14",
    "2111" + V4 + "04": "a TLV over the end of the header at byte 28",
    "2111" + V4 + NOOP + "04 0001": "a TLV over the end of the header at byte 33",
    "2111" + V4 + "03 0003 616263": "a CRC32c of 3 bytes at byte 28",
    "2111" + V4 + NOOP + WRONG: "the CRC32c does not match at byte 33",
}

# Checksums that other programs computed, out of their test suites
CHECKED = [
    "2111 00000000 7f000001 0000 0019 030004 25c91172",
    "2121 00000000000000000000000000000001 00000000000000000000000000000001 0000 0019 030004 708692e9",
    "2100 030004 3ec9894e",
]
LOCAL_BIT = {8 * 12 + 7}

STANDARD, OWN_OTHERWISE = Rules(), Rules(commands=Otherwise.OWN, otherwise=Otherwise.OWN)
# header -> rules by which it is read, the source then, rules by which it is refused
RULES = {
    "2211" + V4: (OWN_OTHERWISE, "None", STANDARD),
    "2141" + V4: (OWN_OTHERWISE, "None", STANDARD),
    "2112" + V4: (STANDARD, "203.0.113.7", Rules(kinds=frozenset({0x11}))),
    "2113" + V4: (Rules(any_transport=True), "203.0.113.7", STANDARD),
    "2111" + V4 + "04": (Rules(tlvs=False), "203.0.113.7", STANDARD),
    "2111" + V4 + WRONG: (Rules(crc=False), "203.0.113.7", STANDARD),
    "2011" + V4 + WRONG: (STANDARD, "None", Rules(crc_local=True)),
}


@pytest.mark.parametrize(("text", "read"), ADDRESSES.items())
def test_addresses(text, read):
    header = parse_header(spelled(text))
    ends = (str(header.source), header.source_port, str(header.destination), header.destination_port)
    assert (header.family, header.transport, *ends) == read


@pytest.mark.parametrize(("text", "command"), [("2100", Command.PROXY), *((text, Command.LOCAL) for text in LOCAL)])
def test_unspec_and_local_are_the_senders_own_connection_whatever_the_block(text, command):
    assert parse_header(spelled(text)) == Header(2, len(spelled(text)), command, *OWN)


@pytest.mark.parametrize(("text", "complaint"), REFUSED.items())
def test_refused(text, complaint):
    with pytest.raises(ProxyError, match=f"^PROXY header: {complaint}$"):
        parse_header(spelled(text))


@pytest.mark.parametrize("version", [0, 1, 3, 15])
def test_another_version_is_refused_by_the_first_bytes(version):
    with pytest.raises(ProxyError, match=f"version {version}, not 2 at byte 12"):
        block_length(SIGNATURE + bytes([version << 4 | 1, 0x11, 0, 12]))


@pytest.mark.parametrize("limit", [MAX_BYTES, 28])
def test_the_length_is_limited_before_the_block_is_there(limit):
    head = SIGNATURE + b"\x21\x11"
    assert block_length(head + (limit - FIXED_BYTES).to_bytes(2), Rules(limit)) == limit - FIXED_BYTES
    with pytest.raises(ProxyError, match=f"{limit + 1} bytes, more than {limit} at byte 14"):
        block_length(head + (limit - FIXED_BYTES + 1).to_bytes(2), Rules(limit))


@pytest.mark.parametrize("text", CHECKED)
def test_a_flipped_bit_is_refused(text):
    """All but those that take the checksum away: PROXY becomes LOCAL, or the TLV one of another type."""
    data = spelled(text)
    accepted = set()
    for bit in range(8 * len(SIGNATURE), 8 * len(data)):
        try:
            parse_header((int.from_bytes(data) ^ 1 << 8 * len(data) - 1 - bit).to_bytes(len(data)))
        except ProxyError:
            continue
        accepted.add(bit)
    assert parse_header(data).tlvs == ((3, data[-4:]),)
    assert accepted == LOCAL_BIT | set(range(8 * (len(data) - 7), 8 * (len(data) - 6)))


@pytest.mark.parametrize(("text", "outcome"), RULES.items())
def test_rules(text, outcome):
    reads, source, refuses = outcome
    assert str(parse_header(spelled(text), reads).source) == source
    with pytest.raises(ProxyError):
        parse_header(spelled(text), refuses)


# --- properties: a header made from a value is read back as that value ------------------------------------------------

ports = st.integers(0, 65535)
tlvs = st.lists(st.tuples(st.integers(4, 255), st.binary(max_size=300)), max_size=4).map(tuple)
FORMS = {4: ("2111", Family.INET, b"\0" * 10 + b"\xff\xff"), 6: ("2121", Family.INET6, b"")}
paths = st.binary(max_size=108).map(lambda path: path.rstrip(b"\0"))


def digits(found):
    return "".join(f"{kind:02x}{len(value):04x}{value.hex()}" for kind, value in found)


@given(st.sampled_from([4, 6]), st.data(), ports, ports, tlvs)
def test_addresses_ports_and_tlvs(version, data, source_port, destination_port, found):
    source, destination = (data.draw(st.ip_addresses(v=version)).packed for _ in range(2))
    start, family, prefix = FORMS[version]
    ends = (Address(prefix + source), source_port, Address(prefix + destination), destination_port)
    raw = spelled(f"{start}{source.hex()}{destination.hex()}{source_port:04x}{destination_port:04x}{digits(found)}")
    assert parse_header(raw) == Header(2, len(raw), Command.PROXY, family, Transport.STREAM, *ends, tlvs=found)


@given(paths, paths, tlvs)
def test_paths_and_tlvs(source, destination, found):
    ends = (source, destination)
    raw = spelled("2132" + "".join(path.ljust(108, b"\0").hex() for path in ends) + digits(found))
    assert parse_header(raw) == Header(2, len(raw), Command.PROXY, Family.UNIX, Transport.DGRAM, paths=ends, tlvs=found)
