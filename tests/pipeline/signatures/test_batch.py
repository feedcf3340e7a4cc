"""Batches: what a row matches does not depend on the others, nor on what was seen before."""

from __future__ import annotations

import time
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rows import HEADERS_TYPE
from pipeline.signatures import BY_ID, SIGNATURES, Example, prefilter, signatures_of
from pipeline.signatures import batch as module
from pipeline.signatures.match import matched
from pipeline.signatures.signature import Area, example
from pipeline.signatures.texts import texts_of
from tests.pipeline.signatures.asked import columns, found

EXAMPLES = [example(one) for signature in SIGNATURES for one in (*signature.positive, *signature.negative)]
SEVERE = ("sqli-union", "xss-script", "traversal-unix", "log4shell-jndi", "rce-unix-chain")


def test_a_row_alone_is_as_in_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    together = found(*EXAMPLES)
    monkeypatch.setattr(module, "TABLES", {name: module.Table(one.area) for name, one in module.TABLES.items()})
    some = range(0, len(EXAMPLES), 41)
    assert [found(EXAMPLES[number])[0] for number in some] == [together[number] for number in some]


@pytest.mark.parametrize("area", prefilter.PREFILTERED)
def test_few_values_are_told_as_many_are(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = sorted({text for one in EXAMPLES for text in (one.target, one.agent, one.referer) if text})
    values = pa.array([*texts, None, "", "\n", "a\u0301.env"])
    few = [prefilter.suspects(area, values.slice(start, 20)) for start in range(0, len(values), 20)]
    monkeypatch.setattr(prefilter, "FEW_BYTES", -1)
    assert pa.concat_arrays(few) == prefilter.suspects(area, values)
    assert 0 < sum(pa.concat_arrays(few).to_pylist()) < len(values)


def test_what_is_remembered_is_what_was_found() -> None:
    assert found(*EXAMPLES[:50]) == found(*EXAMPLES[:50])


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(*EXAMPLES[:200])
    monkeypatch.setattr(module, "TABLES", {name: module.Table(one.area) for name, one in module.TABLES.items()})
    monkeypatch.setattr(module, "CHUNK_CHARS", 300)
    assert found(*EXAMPLES[:200]) == whole


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KNOWN", 10)
    table = module.Table("line")
    for number in range(25):
        table.remember(f"/{number}", ())
    table.remember("/" + "x" * module.MAX_KNOWN_CHARS, ())
    assert len(table.known) == 5


def test_ordinary_values_are_known_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ORDINARY", 30)
    table = module.Table("line")
    for start in range(0, 100, 20):
        values = pa.array([f"/page/{number}" for number in range(start, start + 20)] + ["/.env", None])
        assert table.suspects(values).to_pylist() == [20]
        assert table.suspects(values).to_pylist() == [20]
    assert table.ordinary.to_pylist() == [f"/page/{number}" for number in range(30)]


def test_rows_without_anything() -> None:
    nothing = {name: pa.nulls(3, pa.string()) for name in ("method", "target", "protocol", "user_agent")}
    assert signatures_of(nothing | {"headers": pa.nulls(3, HEADERS_TYPE)}).to_pylist() == [[], [], []]
    empty = {name: column.slice(0, 0) for name, column in nothing.items()}
    assert signatures_of(empty | {"headers": pa.nulls(0, HEADERS_TYPE)}).to_pylist() == []


def test_ids_stand_in_the_order_of_the_catalogue_each_once() -> None:
    [ids] = found(Example("/.env?a=1'+union+select+1--", agent="sqlmap/1", referer="https://x/?a=1'+union+select+1--"))
    order = list(BY_ID)
    assert ids == sorted(set(ids), key=order.index)
    assert {"sqli-union", "sensitive-env", "agent-exploit"} <= set(ids)


def test_slices_and_headers_of_several_fields() -> None:
    """Arrow arrays that begin in the middle of others, and headers that were sent twice."""
    headers = [
        [("x-a", ["fine"])],
        [("x-a", ["fine", "${jndi:ldap://x/a}"]), ("referer", ["https://a.example/?q=<script>"])],
        [],
        None,
    ]
    full = columns(["/"] * 4) | {"headers": pa.array(headers, HEADERS_TYPE)}
    assert [bool(ids) for ids in signatures_of(full).to_pylist()] == [False, True, False, False]
    part = {name: column.slice(1, 2) for name, column in full.items()}
    assert {"log4shell-jndi", "xss-script"} <= set(signatures_of(part).to_pylist()[0])
    assert signatures_of(part).to_pylist()[1] == []


def test_a_signature_for_some_methods_counts_for_these() -> None:
    put, get = found(Example("/x.jsp", method="PUT"), Example("/x.jsp"))
    assert "cve-tomcat-put" in put
    assert "cve-tomcat-put" not in get


CHAINS = {
    "percent": lambda text: quote(text, safe=""),
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "upper": str.upper,
    "entities": lambda text: quote("".join(f"&#{ord(char)};" for char in text), safe=""),
    "unicode": lambda text: "".join(f"%u{ord(char):04x}" for char in text),
}


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SEVERE), st.lists(st.sampled_from(sorted(CHAINS)), min_size=1, max_size=2))
def test_a_payload_is_found_however_it_is_written(which: str, chain: list[str]) -> None:
    signature = BY_ID[which]
    payload = {
        "sqli-union": "1' UnIoN SeLeCt 1,2",
        "xss-script": "<ScRiPt>x</sCrIpT>",
        "traversal-unix": "../../EtC/../etc/passwd",
        "log4shell-jndi": "${jNdI:LdAp://x/a}",
        "rce-unix-chain": ";cat /etc/hosts",
    }[which]
    for name in chain:
        payload = CHAINS[name](payload)
    [ids] = found(f"/search?q={payload}")
    assert signature.id in ids, payload


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_are_too_odd(values: list[bytes]) -> None:
    texts = [value.decode("utf-8", "replace") for value in values]
    requests = [Example(text, agent=text, referer=text, protocol=text, headers=(("x-a", text),)) for text in texts]
    assert len(found(*requests)) == len(requests)
    matched([texts_of("line", value.decode("latin-1")) for value in values])


HOSTILE = (
    "'",
    "(",
    "a ",
    "<",
    "/",
    "../",
    "select ",
    "%25",
    "${",
    "or 1=",
    "\\",
    "=",
    ";",
    "&a=",
    "union(",
    "for %",
    " ",
)


def test_hostile_targets_of_64_kib_take_no_time() -> None:
    """About 20 ms each; a pattern that is not linear would take hours."""
    requests = [f"/?a={(piece * 65536)[:65536]}" for piece in HOSTILE]
    start = time.process_time()
    found(*requests, *(Example(agent=one, referer=one) for one in requests))
    assert time.process_time() - start < 60
