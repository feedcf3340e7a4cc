"""Fuzz PROXY headers."""

import contextlib

from echo.proxyproto import Header, NeedMore, NotProxy, ProxyError, Reader, tlv, v1, v2
from echo.proxyproto.receivers import PYTHON, RECEIVERS, receive

PREFIXES = (b"", v1.PREFIX, v2.SIGNATURE, v2.SIGNATURE + b"\x21\x11\x00\x40", v2.SIGNATURE + b"\x21\x21\x00\x60")


def outcome(pieces: list[bytes]) -> object:
    """Return what a reader makes of the pieces: a header and the rest, a wish, no header, or the error's words."""
    reader = Reader()
    result: object = NeedMore(1)
    for number, piece in enumerate(pieces):
        try:
            result = reader.feed(piece)
        except ProxyError as error:
            assert str(error).isprintable()
            return str(error)
        if not isinstance(result, NeedMore):
            return result, reader.rest + b"".join(pieces[number + 1 :])
    return result


def check(data: bytes) -> None:
    """Only ProxyError is raised, however the bytes are cut; what is taken is bounded; all receivers take any bytes."""
    for prefix in PREFIXES:
        whole = prefix + data
        result = outcome([whole])
        assert result == outcome([whole[:7], whole[7:20], whole[20:]])
        if type(result) is tuple and isinstance(result[0], Header):
            assert result[0].size + len(result[1]) == len(whole)
            assert result[0].size <= v2.MAX_BYTES
            tlv.named(result[0].tlvs)
            tlv.ssl(result[0].tlvs)
        elif type(result) is tuple:
            assert isinstance(result[0], NotProxy)
            assert result[1] == whole
        for receiver in (*RECEIVERS.values(), *PYTHON.values()):
            with contextlib.suppress(ProxyError):
                assert receive(receiver, whole).size <= len(whole)
