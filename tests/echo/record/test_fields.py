"""The table of the record's fields."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.record import FIELDS, REDACTED, REDACTED_HEADERS, SCHEMA_VERSION, header_text

NAMES = [field.name for field in FIELDS]
VERSION_1 = """
    v ts peer_ip peer_port proxied_ip proxied_port local_ip local_port method target host protocol user_agent headers
    client_ip client_source client_reason finding user login status response_bytes request_bytes duration_us
    connection_id connection_request tls_version node pod namespace request_id trace_id error
""".split()  # noqa: SIM905 # thirty-three quoted names would hide the list


def test_no_field_of_version_1_is_gone_or_moved():
    """Within a version fields are only added."""
    assert [name for name in NAMES if name in VERSION_1] == VERSION_1


def test_a_field_is_described_once():
    assert len(set(NAMES)) == len(NAMES)
    assert all(re.fullmatch("[a-z][a-z_]*", name) for name in NAMES)
    assert all(field.meaning.endswith(".") for field in FIELDS)


def test_the_version_leads_and_no_field_is_newer_than_it():
    assert NAMES[0] == "v"
    assert all(1 <= field.since <= SCHEMA_VERSION for field in FIELDS)


def test_types_are_those_that_the_reader_knows():
    assert {field.type for field in FIELDS} == {"int", "text", "ip", "timestamp", "headers"}


def test_addresses_may_be_unknown_and_counts_may_not():
    """A UNIX socket has no address; every answer has a status, even the answer to garbage."""
    nullable = {field.name for field in FIELDS if field.nullable}
    assert {field.name for field in FIELDS if field.type == "ip"} <= nullable
    assert nullable.isdisjoint({"v", "ts", "headers", "client_reason", "status", "duration_us", "response_bytes"})


@pytest.mark.parametrize("dotted", ["otel", "ecs"])
def test_dotted_names_are_dotted_names_and_used_once(dotted):
    names = [name for field in FIELDS if (name := getattr(field, dotted))]
    assert all(re.fullmatch(r"@?[a-z][a-z0-9_.]*", name) for name in names)
    assert len(set(names)) == len(names)


def test_secrets_are_redacted_by_lower_case_name():
    assert frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"}) == REDACTED_HEADERS
    assert REDACTED == "[redacted]"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        # realistic
        (b"curl/8.5.0", "curl/8.5.0"),
        ("Zürich".encode(), "Zürich"),
        # synthetic
        (b"Z\xfcrich", r"Z\xfcrich"),
        (b"\xff\xfe", r"\xff\xfe"),
        # pathological
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),  # a surrogate, encoded
        (b"\0\x1b[2J", "\0\x1b[2J"),  # JSON escapes it; a terminal is the reader's business
        (b"", ""),
    ],
)
def test_header_text(raw, text):
    assert header_text(raw) == text


@given(st.binary())
def test_any_bytes_become_text_that_json_carries(raw):
    text = header_text(raw)
    assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text
