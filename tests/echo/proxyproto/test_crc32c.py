"""CRC32c against published vectors, and what every CRC of 32 bits detects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.proxyproto.crc32c import crc32c

READ_10 = bytes.fromhex(
    "01c00000 00000000 00000000 00000000 14000000 00000400 00000014 00000018 28000000 00000000 02000000 00000000"
)

# RFC 3720 B.4, which prints the bytes as they are sent: the lowest first
RFC_3720 = {
    bytes(32): "aa36918a",
    b"\xff" * 32: "43aba862",
    bytes(range(32)): "4e79dd46",
    bytes(reversed(range(32))): "5cdb3f11",
    READ_10: "563a96d9",
}
RESIDUE = 0x48674BC7  # of any message and its checksum behind it, lowest byte first (0xb798b438 before the last xor)


@pytest.mark.parametrize(("data", "sent"), RFC_3720.items(), ids=["zeros", "ones", "up", "down", "SCSI Read (10)"])
def test_rfc_3720(data, sent):
    assert crc32c(data).to_bytes(4, "little").hex() == sent


@pytest.mark.parametrize(("data", "checksum"), [(b"", 0), (b"123456789", 0xE3069283)])
def test_check_value(data, checksum):
    assert crc32c(data) == checksum


@given(st.binary(max_size=300))
def test_a_message_and_its_checksum_leave_the_residue(data):
    assert crc32c(data + crc32c(data).to_bytes(4, "little")) == RESIDUE


@given(st.integers(0, 60), st.integers(1, 0xFFFFFFFF), st.binary(min_size=64, max_size=64))
def test_a_burst_of_up_to_32_bits_is_detected(place, burst, data):
    spoilt = bytearray(data)
    for index, byte in enumerate(burst.to_bytes(4)):
        spoilt[place + index] ^= byte
    assert crc32c(spoilt) != crc32c(data)
