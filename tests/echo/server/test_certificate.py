"""
Subjects as whoami prints them.

SUBJECTS was recorded from whoami v1.11.0 built with Go 1.19, 1.24 and 1.25, to which these certificates were shown by
TLS; the rest from crypto/x509 of Go 1.25, with which 20,000 damaged certificates were compared as well.
"""

import contextlib
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from hypothesis import given
from hypothesis import strategies as st

from echo.certificate import MAX_CERTIFICATE_BYTES, NAMED, CertificateError, subject

UTF8, PRINTABLE, T61, IA5 = _ASN1Type.UTF8String, _ASN1Type.PrintableString, _ASN1Type.T61String, _ASN1Type.IA5String
BMP, NUMERIC = _ASN1Type.BMPString, _ASN1Type.NumericString
SERIALNUMBER, CN, OU, O, POSTALCODE, STREET, L, ST, C = NAMED  # noqa: E741 - as X.520 calls it
MAIL, DC, UID = "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25", "0.9.2342.19200300.100.1.1"
KEY = ec.generate_private_key(ec.SECP256R1())
ISSUER = x509.Name([x509.NameAttribute(x509.ObjectIdentifier(CN), "an issuer")])


def attribute(oid, value, kind=UTF8):
    return x509.NameAttribute(x509.ObjectIdentifier(oid), value, kind, _validate=False)


def alone(oid, value, kind=UTF8):
    return x509.RelativeDistinguishedName([attribute(oid, value, kind)])


def certificate(*groups):
    """Return a certificate with a subject of these sets of attributes."""
    start, end = datetime.datetime(2020, 1, 1), datetime.datetime(2040, 1, 1)  # noqa: DTZ001 - UTC by definition
    builder = x509.CertificateBuilder(ISSUER, x509.Name(groups), KEY.public_key(), 7, start, end)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


SUBJECTS = [
    (
        [
            *(alone(MAIL, "a@b.c"), alone(DC, "corp"), alone(C, "FR", PRINTABLE), alone(ST, "France")),
            *(alone(L, "Lyon"), alone(STREET, "rue \\1"), alone(O, "Trae, fik+Labs"), alone(OU, "b-unit")),
            *(alone(OU, "a-unit"), alone(CN, "client x <é>"), alone(SERIALNUMBER, "42")),
        ],
        (
            "SERIALNUMBER=42,CN=client x \\<é\\>,OU=b-unit+OU=a-unit,O=Trae\\, fik\\+Labs,STREET=rue \\\\1,L=Lyon,"
            "ST=France,C=FR,0.9.2342.19200300.100.1.25=#1304636f7270,1.2.840.113549.1.9.1=#0c056140622e63"
        ),
    ),
    ([], ""),
    ([alone(CN, "first"), alone(CN, "last")], "CN=last"),
    ([x509.RelativeDistinguishedName([attribute(CN, "a"), attribute(OU, "b"), attribute(O, "c")])], "CN=a,OU=b,O=c"),
    ([alone(CN, " lead and trail ")], "CN=\\ lead and trail\\ "),
    ([alone(CN, "#hash #in"), alone(O, " "), alone(OU, "#")], "CN=\\#hash #in,OU=\\#,O=\\ "),
    ([alone(CN, 'q"b\\s;l<g>e=c,p+')], 'CN=q\\"b\\\\s\\;l\\<g\\>e=c\\,p\\+'),
    ([alone(CN, "日本 💥")], "CN=日本 💥"),
    (
        [alone(POSTALCODE, "69001"), alone(POSTALCODE, "69002"), alone(C, "FR", PRINTABLE), alone(C, "DE", PRINTABLE)],
        "POSTALCODE=69001+POSTALCODE=69002,C=FR+C=DE",
    ),
    (
        [alone(DC, "example", IA5), alone(DC, "com", IA5), alone(UID, "jdoe"), alone(CN, "x")],
        (
            "CN=x,0.9.2342.19200300.100.1.1=#13046a646f65,0.9.2342.19200300.100.1.25=#1303636f6d,"
            "0.9.2342.19200300.100.1.25=#13076578616d706c65"
        ),
    ),
    ([alone(CN, "plain", BMP), alone(O, "Ünïcode 中", BMP)], "CN=plain,O=Ünïcode 中"),
    (
        [alone(CN, "Zo", T61), alone(MAIL, "é@b"), alone("2.5.4.65", "pseudo *&"), alone("2.5.4.12", "x" * 200)],
        f"CN=Zo,2.5.4.12=#1381c8{'78' * 200},2.5.4.65=#0c0970736575646f202a26,1.2.840.113549.1.9.1=#0c04c3a94062",
    ),
    (
        [
            *(alone(SERIALNUMBER, "0123 4", NUMERIC), alone("1.3.6.1.4.1.311.60.2.1.3", "FR", PRINTABLE)),
            *(alone("2.5.4.3.1", "not CN"), alone("2.999.7", "big root")),
        ],
        (
            "SERIALNUMBER=0123 4,2.999.7=#130862696720726f6f74,2.5.4.3.1=#13066e6f7420434e,"
            "1.3.6.1.4.1.311.60.2.1.3=#13024652"
        ),
    ),
    ([alone(CN, "line\nbreak\0nul")], "CN=line\nbreak\0nul"),
]


@pytest.mark.parametrize(("groups", "printed"), SUBJECTS)
def test_subject(groups, printed):
    assert subject(certificate(*groups)) == printed


# --- by hand ----------------------------------------------------------------------------------------------------------


def der(tag: int, *contents: bytes) -> bytes:
    body = b"".join(contents)
    size = len(body)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(digits)]) + digits) + body


EMPTY = der(0x30)
NAME_CN, NAME_OU, NAME_TITLE = b"\x55\4\3", b"\x55\4\x0b", b"\x55\4\x0c"


def around(name: bytes, *, version: bytes = b"\xa0\3\2\1\2") -> bytes:
    """Return what is read of a certificate, around a name."""
    return der(0x30, der(0x30, version, der(2, b"\7"), EMPTY, EMPTY, EMPTY, name))


def named(*attributes: tuple[bytes, int, bytes]) -> bytes:
    sets = (der(0x31, der(0x30, der(6, oid), der(tag, value))) for oid, tag, value in attributes)
    return around(der(0x30, *sets))


VALUES = [
    ((NAME_CN, 0x14, b"Zo\xeb"), "CN=Zoë"),  # T61String
    ((NAME_CN, 0x1E, b"\0a\0\0"), "CN=a"),  # BMPString with a terminator
    ((NAME_CN, 0x1E, b"\0\0\0\0"), "CN=\0"),
    ((NAME_CN, 0x13, b"*.a & b"), "CN=*.a & b"),  # neither is a PrintableString's, both are common
    ((NAME_CN, 0x0C, b""), ""),
    ((NAME_OU, 0x0C, b""), "OU="),
    ((NAME_TITLE, 0x0C, b""), "2.5.4.12=#1300"),
    ((NAME_TITLE, 0x14, b"\xeb"), "2.5.4.12=#0c02c3ab"),
    ((NAME_TITLE, 0x03, b"\0\xff"), "2.5.4.12=#030200ff"),  # no string
    ((NAME_CN, 0x03, b"\0\xff"), ""),
    ((b"\x4f", 0x0C, b"x"), "1.39=#130178"),
    ((b"\x50", 0x0C, b"x"), "2.0=#130178"),
    ((b"\x2a\x87\xff\xff\xff\x7f", 0x0C, b"x"), "1.2.2147483647=#130178"),
]


@pytest.mark.parametrize(("attribute", "printed"), VALUES)
def test_value(attribute, printed):
    assert subject(named(attribute)) == printed


def test_an_empty_common_name_forgets_the_one_before():
    assert subject(named((NAME_CN, 0x0C, b"x"), (NAME_CN, 0x0C, b""))) == ""


def test_the_first_version_has_no_version():
    assert subject(around(EMPTY, version=b"")) == ""


BAD = "invalid RDNSequence: invalid attribute value: "
BAD_VALUES = [
    ((NAME_CN, 0x13, b"a@b"), BAD + "invalid PrintableString"),
    ((NAME_CN, 0x13, b"a_b\n"), BAD + "invalid PrintableString"),
    ((NAME_TITLE, 0x12, b"1a"), BAD + "invalid NumericString"),
    ((NAME_CN, 0x16, b"\xe9"), BAD + "invalid IA5String"),
    *(((NAME_CN, 0x0C, raw), BAD + "invalid UTF-8 string") for raw in (b"\xff", b"\xed\xa0\x80", b"\xc0\x80")),
    *(
        ((NAME_CN, 0x1E, raw), BAD + "invalid BMPString")
        for raw in (b"a", b"\xd8\0", b"\xd8\x3d\xdc\xa5", b"\xff\xfe", b"\xfd\xd0", b"\0\0\0")
    ),
    *(
        ((oid, 0x0C, b"x"), "invalid RDNSequence: invalid attribute type")
        for oid in (b"", b"\x2a\x81", b"\x2a\x80\x01", b"\x2a\x88\x80\x80\x80\0", b"\xff" * 1000 + b"\x7f")
    ),
]


@pytest.mark.parametrize(("attribute", "error"), BAD_VALUES)
def test_what_no_attribute_is(attribute, error):
    with pytest.raises(CertificateError) as caught:
        subject(named(attribute))
    assert str(caught.value) == "x509: " + error


GOOD = named((NAME_CN, 0x0C, b"x"))
DAMAGED = [
    (b"", "malformed certificate"),
    (b"\x30", "malformed certificate"),
    (b"-----BEGIN CERTIFICATE-----", "malformed certificate"),
    (GOOD[:-1], "malformed certificate"),
    (GOOD + b"\0", "trailing data"),
    (EMPTY, "malformed tbs certificate"),
    (b"\x30\x80\0\0", "malformed certificate"),  # of indefinite length: BER, not DER
    (b"\x30\x81\x7f" + bytes(127), "malformed certificate"),  # a length longer than it need be
    (b"\x30\x82\0\x80" + bytes(128), "malformed certificate"),
    (b"\x30\x85\1\0\0\0\0", "malformed certificate"),
    (b"\x30\x84\xff\xff\xff\xff", "malformed certificate"),
    (b"\x3f\x30\0", "malformed certificate"),
    (der(0x30, der(0x30, b"\xa0\4\2\1\2")), "malformed version"),
    (der(0x30, der(0x30, b"\2")), "malformed serial number"),
    (der(0x30, der(0x30, b"\2\1\7", der(0x31))), "malformed signature algorithm identifier"),
    (der(0x30, der(0x30, b"\2\1\7", EMPTY)), "malformed issuer"),
    (der(0x30, der(0x30, b"\2\1\7", EMPTY, EMPTY)), "malformed validity"),
    (der(0x30, der(0x30, b"\2\1\7", EMPTY, EMPTY, EMPTY)), "malformed subject"),
    (around(der(0x30, EMPTY)), "invalid RDNSequence"),
    (around(der(0x30, der(0x31, der(0x31)))), "invalid RDNSequence: invalid attribute"),
    (around(der(0x30, der(0x31, EMPTY))), "invalid RDNSequence: invalid attribute type"),
    (around(der(0x30, der(0x31, der(0x30, der(6, NAME_CN))))), "invalid RDNSequence: invalid attribute value"),
    (b"\x30" * MAX_CERTIFICATE_BYTES + b"\0", f"certificate larger than {MAX_CERTIFICATE_BYTES} bytes"),
]


@pytest.mark.parametrize(("data", "error"), DAMAGED)
def test_what_no_certificate_is(data, error):
    with pytest.raises(CertificateError) as caught:
        subject(data)
    assert str(caught.value) == "x509: " + error


def only_refuses(data: bytes) -> None:
    with contextlib.suppress(CertificateError):
        assert isinstance(subject(data), str)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_certificate(data):
    only_refuses(data)


REAL = certificate(*SUBJECTS[0][0])


@given(st.integers(0, len(REAL) - 1), st.binary(max_size=4), st.integers(0, 4))
def test_a_damaged_certificate_is_read_or_refused(at, replacement, removed):
    only_refuses(REAL[:at] + replacement + REAL[at + removed :])


@given(
    st.lists(
        st.tuples(st.sampled_from([NAME_CN, NAME_OU, NAME_TITLE]), st.text(st.characters(codec="utf-8"), max_size=300)),
        max_size=5,
    )
)
def test_any_text_is_printed(attributes):
    encoded = [(oid, 0x0C, text.encode()) for oid, text in attributes]
    printed = subject(named(*encoded))
    assert printed.count("2.5.4.12=#") == sum(oid == NAME_TITLE for oid, _ in attributes)
    for oid, text in attributes:
        if oid == NAME_TITLE:
            assert text.encode().hex() in printed


def test_nesting_costs_nothing():
    """Elements are stepped over, not into."""
    deep = EMPTY
    while len(deep) < 60_000:
        deep = der(0x30, deep)
    assert subject(der(0x30, der(0x30, b"\2\1\7", EMPTY, deep, EMPTY, EMPTY))) == ""
