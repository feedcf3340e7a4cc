"""Alerts as objects: there and back, whatever is in them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alerts import Alert
from pipeline.alerts.document import ALERT_KEYS, MAX_DOCUMENT_BYTES, as_document, as_row, parse_document
from pipeline.errors import UsageFault
from tests.pipeline.alerts.test_alert import ALERT
from tests.pipeline.conftest import NOON

FULL = replace(
    ALERT, evidence=("12 requests", "a tool"), techniques=("T1190",), remedy="block it", sources=("203.0.113.9",),
    key="DE FR", ended=NOON + timedelta(seconds=1.5), details={"level": 12.5, "country": "DE"},
)  # fmt: skip


def test_every_field_has_its_key() -> None:
    assert set(ALERT_KEYS) == {one.name for one in fields(Alert)} | {"id"}
    assert list(as_row(FULL)) == list(as_document(FULL)) == list(ALERT_KEYS)


def test_there_and_back() -> None:
    assert parse_document(orjson.loads(orjson.dumps(as_document(FULL))), "here") == FULL


def test_times_are_utc_and_say_so() -> None:
    assert as_document(FULL)["ended"] == "2026-01-01T12:00:01.500000Z"
    assert as_document(FULL)["day"] == "2026-01-01"


@given(st.text(), st.dictionaries(st.text(), st.one_of(st.text(), st.floats(), st.integers(), st.none())))
@settings(deadline=None)
def test_no_text_and_no_figure_is_an_error(text: str, details: dict[str, Any]) -> None:
    odd = replace(ALERT, title=text, evidence=(text,), details=details)
    written = orjson.dumps(as_document(odd))
    assert parse_document(orjson.loads(written), "here").fingerprint == ALERT.fingerprint


@pytest.mark.parametrize("surrogate", ["\ud800", "a\udfffb"])
def test_what_is_no_utf8_is_escaped(surrogate: str) -> None:
    assert "\\ud" in as_document(replace(ALERT, title=surrogate))["title"]


def test_a_document_is_bounded_and_stays_an_alert() -> None:
    huge = replace(
        ALERT, evidence=("x" * 10_000,) * 50, sources=("203.0.113.9",) * 50_000, details={"all": "y" * 10**6}
    )
    document = as_document(huge)
    assert len(orjson.dumps(document)) < MAX_DOCUMENT_BYTES
    assert document["details"] == {"cut": True}
    assert parse_document(document, "here").fingerprint == huge.fingerprint


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity": "awful"}, "no severity is 'awful'"),
        ({"subject_kind": "host"}, "no subject_kind is 'host'"),
        ({"requests": "12"}, "is no count"),
        ({"began": "yesterday"}, "is no alert"),
        ({"evidence": "one"}, "is no list"),
        ({"title": None}, "is no text"),
    ],
)
def test_what_is_no_alert_says_why(change: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageFault, match=words) as caught:
        parse_document(as_document(FULL) | change, "line 3")
    assert str(caught.value).startswith("line 3: ")


def test_a_key_that_lacks_is_named() -> None:
    document = as_document(FULL)
    del document["rule"]
    with pytest.raises(UsageFault, match="lacks 'rule'"):
        parse_document(document, "line 1")
    with pytest.raises(UsageFault, match="no object"):
        parse_document([], "line 1")
