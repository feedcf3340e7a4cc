"""One payload, written in all the ways that hide it."""

from __future__ import annotations

import time
from base64 import b64encode
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.signatures.decode import HEAD_CHARS, MAX_CHARS, bounded, decoded, lookups, plain_path, readings, shell


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("%3Cscript%3E", "<script>"),  # realistic
        ("%253Cscript%253E", "<script>"),
        ("%25253Cscript%25253E", "<script>"),
        ("&lt;script&gt;", "<script>"),
        ("&#60;script&#x3e;", "<script>"),
        ("%26lt%3Bscript%26%2362%3B", "<script>"),
        (r"\u003cscript\x3E", "<script>"),
        (r"\u{3c}script\u{3E}", "<script>"),
        ("%u003cscript%u003E", "<script>"),
        ("\uff1cscript\uff1e", "<script>"),
        ("%ef%bc%9cscript%EF%BC%9E", "<script>"),
        ("..%c0%af..%c0%AFetc", "../../etc"),
        ("%c0%ae%c0%ae/", "../"),
        ("%e0%80%af", "/"),
        ("%f0%80%80%af", "/"),
        ("un%00ion", "union"),
        ("a%0bb%a0c", "a b\ufffdc"),
        ("%C2%A0", " "),
        ("http://169。254。169。254/", "http://169.254.169.254/"),
        ("irc://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "irc://localhost"),
        ("%D8%B3%D8%B1%D8%AE", "سرخ"),  # what is no attack stays what it is
        ("caf%C3%A9", "café"),
        ("100%", "100%"),  # pathological
        ("%zz%4", "%zz%4"),
        ("%ud800", "\ufffd"),
        (r"\ud83d", "\ufffd"),
        ("&#xd800;", "\ufffd"),
        ("&#99999999;", "&#99999999;"),
        ("&lt=5&amp", "&lt=5&amp"),
        ("", ""),
    ],
    ids=ascii,
)
def test_decoded(written: str, plain: str) -> None:
    assert decoded(written) == plain


def test_a_plus_is_a_space_in_a_query_alone() -> None:
    assert decoded("a+b%2Bc", plus=True) == "a b+c"
    assert decoded("a+b") == "a+b"


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/a//b///c", "/a/b/c"),
        ("/a/./b/././c", "/a/b/c"),
        ("/a;x=1/b;y", "/a/b"),
        ("\\a\\b", "/a/b"),
        ("/a/../b", "/a/../b"),
        ("/..;/manager", "/../manager"),
    ],
)
def test_plain_path(path: str, plain: str) -> None:
    assert plain_path(path) == plain


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("un/**/ion se/*x*/lect", "union select"),
        ("union/**/select", "union select"),
        ("1/*!50000union*/select", "1 union select"),
        ("c''at /e\"\"tc", "cat /etc"),
        ("c\\at", "cat"),
        ("c$@at", "cat"),
        ("cat${IFS}/etc", "cat /etc"),
        ("cat$IFS$9/etc", "cat /etc"),
        ("w^hoami", "whoami"),
        ("${${lower:J}ndi:x}", "${jndi:x}"),
        ("${${::-j}${env:no:-n}di:x}", "${jndi:x}"),
        ("${base64:JHtqbmRpOnh9}", "${jndi:x}"),
        ("select\t\n  1", "select 1"),
        ("eval=" + b64encode(b"while(true); // a").decode(), "while(true); // a"),
        ("eval=" + b64encode(rb"\u0077hile(true);").decode(), "while(true);"),
    ],
)
def test_readings(text: str, reading: str) -> None:
    assert reading in list(readings(text))


def test_words_are_no_base64() -> None:
    assert list(readings("q=internationalisation&token=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")) == []


def test_what_is_too_long_is_looked_at_from_both_ends() -> None:
    text = "a" + "x" * 100_000 + "b"
    assert len(bounded(text)) == MAX_CHARS
    assert bounded(text)[0] == "a"
    assert bounded(text)[-1] == "b"
    assert bounded(text)[HEAD_CHARS] == " "


ENCODINGS = {
    "percent": lambda text: quote(text, safe=""),
    "all percent": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent u": lambda text: "".join(f"%u{ord(char):04x}" if ord(char) < 0x10000 else char for char in text),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hex entities": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "escapes": lambda text: "".join(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else char for char in text),
    "overlong": lambda text: "".join(f"%{0xC0 | ord(c) >> 6:02x}%{0x80 | ord(c) & 63:02x}" if c in "/<>'" else c
                                     for c in text),
    "fullwidth": lambda text: "".join(chr(ord(char) + 0xFEE0) if char in "<>'()" else char for char in text),
}  # fmt: skip
PAYLOADS = ("<script>alert(1)</script>", "1' union select 1,2--", "../../../../etc/passwd", "${jndi:ldap://x/a}", ";id")


@settings(deadline=None)
@given(st.sampled_from(PAYLOADS), st.lists(st.sampled_from(sorted(ENCODINGS)), max_size=3))
def test_encodings_one_upon_another_are_undone(payload: str, chain: list[str]) -> None:
    written = payload
    for name in chain:
        longer = ENCODINGS[name](written)
        written = longer if len(longer) <= MAX_CHARS else written
    assert decoded(written) == payload


@settings(deadline=None)
@given(st.text(st.characters()) | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_is_too_odd(text: str) -> None:
    """Lone surrogates included, none of which is left: Arrow takes no such text."""
    plain = decoded(text)
    plain.encode()
    assert len(plain) <= MAX_CHARS
    for reading in readings(plain):
        reading.encode()
    plain_path(plain)


@pytest.mark.parametrize(
    "piece",
    [
        "%25",
        "&#",
        "&amp;",
        "\\u",
        "${",
        "${lower:",
        "${a:-",
        "}",
        "/*",
        "*/",
        "/*!",
        ";",
        "/./",
        "//",
        "A",
        "''",
        "ﷺ",
        "%c0",
    ],
)
def test_hostile_lengths_take_no_time(piece: str) -> None:
    """Some milliseconds each; what is not linear would take minutes."""
    text = (piece * 65536)[:65536]
    start = time.process_time()
    for reading in (shell, lookups, lambda text: list(readings(text))):
        reading(decoded(text))
    assert time.process_time() - start < 5
