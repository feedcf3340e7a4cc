"""
A client's certificate → its subject, as Go prints it. No I/O.

    SERIALNUMBER=42,CN=client,OU=b-unit+OU=a-unit,O=Trae\\, fik,C=FR,1.2.840.113549.1.9.1=#0c056140622e63

Rules (Go 1.25 crypto/x509 parser.go, pkix.go Name.String, encoding/asn1; X.690):

1. The order is Go's, not the certificate's: the nine types it has names for, then the others, the last one first.
2. Several values of a type are joined by `+` as they come. Of CN and SERIALNUMBER only the last counts, unless empty.
3. A type without a name is printed as its number and its value in hexadecimal DER, written anew: a PrintableString
   where the value allows, else a UTF8String.
4. T61String is read as Latin-1, and a BMPString with surrogates or noncharacters is refused: Go before 1.25, which
   whoami v1.11.0 may be built with, prints U+FFFD for both.
5. A value that is no string: of a named type it is left out, of others its DER is printed as it came. The newest Go
   does so; before, it refused the handshake, as it still does for strings that break the rules of their kind.
6. The certificate is read as far as its subject. Whether the rest is sound is for the TLS library to say.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_CERTIFICATE_BYTES = 100 << 10  # what OpenSSL takes of a whole chain (SSL_MAX_CERT_LIST_DEFAULT)
MAX_ARC = (1 << 31) - 1  # of an object identifier: Go's limit, so that 32-bit machines read the same

# The types with names, in the order in which they are printed
NAMED = {
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.3": "CN",
    "2.5.4.11": "OU",
    "2.5.4.10": "O",
    "2.5.4.17": "POSTALCODE",
    "2.5.4.9": "STREET",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.6": "C",
}
SINGLE = ("CN", "SERIALNUMBER")

_HIGH_TAG = 0x1F  # the tag goes on in the next byte: nothing here has one
_INTEGER, _OID, _UTF8, _SEQUENCE, _SET = 0x02, 0x06, 0x0C, 0x30, 0x31
_NUMERIC, _PRINTABLE, _T61, _IA5, _BMP = 0x12, 0x13, 0x14, 0x16, 0x1E
_VERSION = 0xA0  # [0], constructed

_PRINTABLE_TEXT = re.compile(r"[A-Za-z0-9'()+,\-./ :=?]*")
_ALLOWED = {
    _PRINTABLE: ("PrintableString", re.compile(rb"[A-Za-z0-9'()+,\-./ :=?*&]*")),  # the last two by custom
    _NUMERIC: ("NumericString", re.compile(rb"[0-9 ]*")),
    _IA5: ("IA5String", re.compile(rb"[\x00-\x7f]*")),
}
_NO_UCS2 = re.compile("[\ud800-\udfff\ufdd0-\ufdef\ufffe-\U0010ffff]")
_SPECIAL = re.compile(r'[,+"\\<>;]|^[ #]| \Z')


class CertificateError(ValueError):
    """The bytes are no certificate with a subject, in Go's words."""


class _Element(NamedTuple):
    """One DER value: where it starts, its contents from `at` to `end`."""

    der: bytes
    start: int
    tag: int
    at: int
    end: int

    @property
    def contents(self) -> bytes:
        return self.der[self.at : self.end]


def subject(der: bytes) -> str:
    """Return the subject of a certificate in DER. Raises CertificateError."""
    named: dict[str, list[str]] = {name: [] for name in NAMED.values()}
    others: list[str] = []
    for oid, value in _attributes(_find_subject(der)):
        name = NAMED.get(oid)
        text = _text(value)
        if name is None:
            encoded = der[value.start : value.end] if text is None else _encoded(text)
            others.append(f"{oid}=#{encoded.hex()}")
        elif text is not None:
            if name in SINGLE:
                named[name].clear()
            if text or name not in SINGLE:
                named[name].append(f"{name}={_SPECIAL.sub(_escape, text)}")
    return ",".join(["+".join(values) for values in named.values() if values] + others[::-1])


def _find_subject(der: bytes) -> _Element:
    """Return the name that the certificate is about."""
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise CertificateError(f"x509: certificate larger than {MAX_CERTIFICATE_BYTES} bytes")
    certificate = _read(der, 0, len(der), _SEQUENCE, "malformed certificate")
    if certificate.end != len(der):
        raise CertificateError("x509: trailing data")
    inner = _read(der, certificate.at, certificate.end, _SEQUENCE, "malformed tbs certificate")
    at, end = inner.at, inner.end
    if der[at : at + 1] == bytes((_VERSION,)):
        at = _read(der, at, end, _VERSION, "malformed version").end
    at = _read(der, at, end, _INTEGER, "malformed serial number").end
    at = _read(der, at, end, _SEQUENCE, "malformed signature algorithm identifier").end
    at = _read(der, at, end, _SEQUENCE, "malformed issuer").end
    at = _read(der, at, end, _SEQUENCE, "malformed validity").end
    return _read(der, at, end, _SEQUENCE, "malformed subject")


def _attributes(name: _Element) -> Iterator[tuple[str, _Element]]:
    """Yield the type and the value of each attribute of a name, those of one set like those of several."""
    wrong = "invalid RDNSequence"
    for group in _parts(name, _SET, wrong):
        for attribute in _parts(group, _SEQUENCE, wrong + ": invalid attribute"):
            der, at, end = attribute.der, attribute.at, attribute.end
            oid = _read(der, at, end, _OID, wrong + ": invalid attribute type")
            yield _dotted(oid.contents), _read(der, oid.end, end, None, wrong + ": invalid attribute value")


def _parts(whole: _Element, tag: int, wrong: str) -> Iterator[_Element]:
    at = whole.at
    while at < whole.end:
        part = _read(whole.der, at, whole.end, tag, wrong)
        yield part
        at = part.end


def _read(der: bytes, at: int, end: int, tag: int | None, wrong: str) -> _Element:
    """Read the element that starts at `at` and ends before `end`; its length must be written as short as it can be."""
    if end - at >= 2 and der[at] & _HIGH_TAG != _HIGH_TAG and tag in (None, der[at]):
        length, first = der[at + 1], at + 2
        if length >= 0x80:
            first += length & 0x7F
            digits = der[at + 2 : first]
            length = int.from_bytes(digits, "big") if first <= end and 0 < len(digits) <= 4 and digits[0] else 0
            if length < 0x80:
                raise CertificateError("x509: " + wrong)
        if length <= end - first:
            return _Element(der, at, der[at], first, first + length)
    raise CertificateError("x509: " + wrong)


def _dotted(contents: bytes) -> str:
    """Return an object identifier in digits."""
    arcs: list[int] = []
    arc, begun = 0, False
    for byte in contents:
        arc = arc << 7 | byte & 0x7F
        if arc > MAX_ARC or (byte == 0x80 and not begun):
            break
        begun = byte >= 0x80
        if not begun:
            arcs.append(arc)
            arc = 0
    else:
        if arcs and not begun:
            root = min(arcs[0] // 40, 2)
            return ".".join(map(str, (root, arcs[0] - 40 * root, *arcs[1:])))
    raise CertificateError("x509: invalid RDNSequence: invalid attribute type")


def _text(value: _Element) -> str | None:
    """Return what a string says; None for what is none."""
    contents = value.contents
    if value.tag == _UTF8:
        try:
            return contents.decode()
        except UnicodeDecodeError:
            raise _bad_value("invalid UTF-8 string") from None
    if value.tag == _T61:
        return contents.decode("latin-1")
    if value.tag == _BMP:
        text = contents.removesuffix(b"\0\0").decode("utf-16-be", "surrogatepass") if len(contents) % 2 == 0 else None
        if text is None or _NO_UCS2.search(text):
            raise _bad_value("invalid BMPString")
        return text
    if value.tag not in _ALLOWED:
        return None
    kind, allowed = _ALLOWED[value.tag]
    if not allowed.fullmatch(contents):
        raise _bad_value("invalid " + kind)
    return contents.decode("ascii")


def _bad_value(words: str) -> CertificateError:
    return CertificateError("x509: invalid RDNSequence: invalid attribute value: " + words)


def _escape(found: re.Match[str]) -> str:
    return "\\" + found[0]


def _encoded(text: str) -> bytes:
    """Return a string in DER, of the kind that encoding/asn1 chooses."""
    contents = text.encode()
    size = len(contents)
    length = bytes((size,)) if size < 0x80 else size.to_bytes((size.bit_length() + 7) // 8, "big")
    marker = b"" if size < 0x80 else bytes((0x80 | len(length),))
    return bytes((_PRINTABLE if _PRINTABLE_TEXT.fullmatch(text) else _UTF8,)) + marker + length + contents
