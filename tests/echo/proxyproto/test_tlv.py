"""TLVs of version 2 (proxy-protocol.txt §2.2.1 to §2.2.8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.proxyproto.tlv import Ssl, TlvOverrun, cut, named, ssl

# bytes behind the addresses -> types and values
CUT = {
    "": (),
    "04 0000": ((0x04, b""),),
    "02 0004 68 6f 73 74": ((0x02, b"host"),),
    "01 0002 6832 02 0001 68 01 0000": ((0x01, b"h2"), (0x02, b"h"), (0x01, b"")),
    "ff 0100" + "00" * 256: ((0xFF, bytes(256)),),
}
# bytes -> first byte of the TLV that reaches over the end
OVERRUN = {
    "02": 0,
    "02 00": 0,
    "02 0001": 0,
    "02 0005 686f7374": 0,
    "02 0001 68 04": 4,
    "04 0000 04 0000 02 ffff 00": 6,
}

# type, value -> name, and what people read
NAMED = {
    # realistic
    (0x01, b"h2"): ("alpn", "h2"),
    (0x02, b"app.example"): ("authority", "app.example"),
    (0x03, bytes.fromhex("25c91172")): ("crc32c", "25c91172"),
    (0x05, b"6dc1-42"): ("unique_id", "6dc1-42"),
    (0x30, b"blue"): ("netns", "blue"),
    (0xEA, b"\x01vpce-08d2bf15fac5001c9"): ("aws_vpc_endpoint_id", "vpce-08d2bf15fac5001c9"),
    (0xEE, b"\x01\x8b\x05\x00\x34"): ("azure_private_endpoint_link_id", str(0x3400058B)),
    (0xE0, bytes.fromhex("0018bdfa40bc9002")): ("gcp_psc_connection_id", str(0x0018BDFA40BC9002)),
    # synthetic: a type without a name, a value of another form
    (0xE4, b"hello"): ("0xe4", "hello"),
    (0x05, bytes(range(16))): ("unique_id", "000102030405060708090a0b0c0d0e0f"),
    (0xEA, b"\x02vpce"): ("aws_vpc_endpoint_id", "0276706365"),
    (0xEE, b"\x01\x8b\x05\x00"): ("azure_private_endpoint_link_id", "018b0500"),
    (0xE0, b"\x01\x02"): ("gcp_psc_connection_id", "0102"),
    (0xEA, b""): ("aws_vpc_endpoint_id", ""),
    # pathological: what a terminal obeys is not shown
    (0x02, b"\x1b[2J"): ("authority", "1b5b324a"),
    (0x02, b"a\nb"): ("authority", "610a62"),
    (0x02, "ü".encode()): ("authority", "c3bc"),
    (0x02, b"x" * 4000): ("authority", "x" * 4000),
}

PARTS = "21 0007 544c5376312e33 22 0003 626f62 23 0003 616263 24 0001 64 25 0001 65 26 0001 66 27 0001 67 28 0001 68"
NAMES = ("version", "cn", "cipher", "sig_alg", "key_alg", "group", "sig_scheme", "client_cert")
# value of the SSL TLV -> what it says
SSL = {
    "07 00000000" + PARTS: Ssl(7, True, 0, dict(zip(NAMES, ("TLSv1.3", "bob", "abc", *"defgh"), strict=True))),
    "01 00000000 29 0001 69": Ssl(1, False, 0, {"0x29": "i"}),
    "01 00000001": Ssl(1, False, 1, {}),
    "01 00000000": Ssl(1, False, 0, {}),
    "03 00000000": Ssl(3, True, 0, {}),
    "05 00000000": Ssl(5, True, 0, {}),
    "03 0000000a": Ssl(3, False, 10, {}),
    "00 00000000": Ssl(0, False, 0, {}),
    "00 ffffffff": Ssl(0, False, 0xFFFFFFFF, {}),
    "01 00000000 22 0004 1b5b324a": Ssl(1, False, 0, {"cn": "1b5b324a"}),
}
NOT_SSL = ["", "01", "01 000000", "01 00000000 21", "01 00000000 21 0001", "01 00000000 21 0001 61 22 0002 61"]


@pytest.mark.parametrize(("text", "tlvs"), CUT.items(), ids=lambda value: repr(value)[:40])
def test_cut(text, tlvs):
    assert cut(bytes.fromhex(text)) == tlvs


@pytest.mark.parametrize(("text", "position"), OVERRUN.items())
def test_the_first_tlv_over_the_end_is_named_by_its_place(text, position):
    with pytest.raises(TlvOverrun) as caught:
        cut(bytes.fromhex(text))
    assert caught.value.position == position


@pytest.mark.parametrize(("tlv", "shown"), NAMED.items(), ids=lambda value: repr(value)[:60])
def test_named(tlv, shown):
    assert named((tlv,)) == dict([shown])


def test_padding_and_ssl_are_not_named_and_the_last_of_two_wins():
    tlvs = ((0x04, b"\0\0"), (0x02, b"first.example"), (0x20, b"\1\0\0\0\0"), (0x02, b"last.example"))
    assert named(tlvs) == {"authority": "last.example"}


@pytest.mark.parametrize(("text", "said"), SSL.items())
def test_ssl(text, said):
    assert ssl(((0x02, b"app.example"), (0x20, bytes.fromhex(text)))) == said


@pytest.mark.parametrize("text", NOT_SSL)
def test_a_malformed_ssl_says_nothing(text):
    assert ssl(((0x20, bytes.fromhex(text)),)) is None


def test_without_ssl():
    assert ssl(()) is ssl(((0x21, bytes(5)),)) is None


# --- properties -------------------------------------------------------------------------------------------------------

pairs = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=8).map(tuple)


def written(tlvs):
    return b"".join(bytes([kind]) + len(value).to_bytes(2) + value for kind, value in tlvs)


@given(pairs)
def test_what_is_written_is_cut_into_what_it_was(tlvs):
    assert cut(written(tlvs)) == tlvs


@given(st.binary(max_size=60) | st.lists(st.sampled_from([0, 1, 2, 3, 32]), max_size=60).map(bytes))
def test_any_bytes_are_cut_to_the_end_or_to_the_place_of_the_error(data):
    end = len(data)
    try:
        cut(data)
    except TlvOverrun as overrun:
        end = overrun.position
    assert written(cut(data[:end])) == data[:end]


@given(pairs, st.binary(max_size=40))
def test_any_value_is_shown_as_printable_ascii(tlvs, value):
    said = ssl(((0x20, value), *tlvs))
    shown = [*named(tlvs).values(), *(said.parts.values() if said else ())]
    assert all(text.isascii() and text.isprintable() for text in shown)
