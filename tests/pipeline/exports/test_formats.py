"""Lists, read by the programs that they are for."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import orjson
import pytest
import stix2
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2patterns.validator import run_validator

from pipeline.errors import UsageFault
from pipeline.exports.comments import MAX_COMMENT_CHARS, comment_of
from pipeline.exports.crowdsec import KEYS
from pipeline.exports.difference import difference, existing
from pipeline.exports.entries import Entry
from pipeline.exports.formats import FORMATS, check_name
from pipeline.exports.merging import absorbed
from tests.pipeline.exports.made import AT, HOSTILE, alert, entries_of, gathered

SUBJECTS = ("203.0.113.9", "198.51.100.0/24", "192.0.2.1", "2a00:1450:4001::5", "2a01::/48")
ENTRIES = absorbed(entries_of(*SUBJECTS))
HOSTILE_ENTRIES = absorbed(
    gathered(*(alert(one, rule=HOSTILE, title=HOSTILE, techniques=(HOSTILE,)) for one in SUBJECTS)).entries
)
NETWORKS = {one.network for one in ENTRIES}
BOTH = pytest.mark.parametrize("entries", [ENTRIES, HOSTILE_ENTRIES, []], ids=["usual", "hostile", "empty"])

nft = shutil.which("nft") or shutil.which("nft", path="/usr/sbin")
ipset = shutil.which("ipset") or shutil.which("ipset", path="/usr/sbin")
nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def written(form: str, entries: list[Entry]) -> str:
    return FORMATS[form].write(entries, "whofrom", AT)


def in_a_namespace(script: str, files: Path) -> str:
    """Run a script in a network of its own, which ends with it."""
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace may be made here: it takes root")
    done = subprocess.run(
        ["unshare", "--net", "sh", "-ec", script], cwd=files, capture_output=True, text=True, check=False, timeout=60
    )
    if "Operation not permitted" in done.stderr or "Kernel error" in done.stderr:
        pytest.skip(f"the kernel has none of it here: {done.stderr.strip()[:80]}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_entries_are_the_same_list(form: str) -> None:
    assert written(form, ENTRIES) == written(form, list(ENTRIES))


@pytest.mark.parametrize("form", FORMATS)
def test_every_entry_has_its_reason_and_its_end(form: str) -> None:
    text = written(form, ENTRIES)
    assert text.count("sqli") >= len(ENTRIES)
    assert text.count("120") >= len(ENTRIES)
    ends = re.findall(
        r"until 2026-11-27T07:05:00Z|timeout 83100|\"valid_until\": \"2026-11-27T07:05:00.000Z\"|83100s", text
    )
    assert len(ends) >= len(ENTRIES)


@pytest.mark.parametrize("form", FORMATS)
@given(text=st.text(max_size=200))
@settings(max_examples=40, deadline=None)
def test_no_text_of_an_attacker_adds_an_entry_or_a_line(form: str, text: str) -> None:
    entries = gathered(*(alert(one, rule=text or "r", title=text, techniques=(text,)) for one in SUBJECTS)).entries
    made = written(form, entries)
    if form == "stix":
        assert len(orjson.loads(made)["objects"]) == 2 * len(entries) + 1
    else:
        assert made.isascii()
        assert len(made.splitlines()) == len(written(form, ENTRIES).splitlines())
    assert {one.network for one in existing(made)} == NETWORKS


@given(st.text(max_size=300))
@settings(deadline=None)
def test_a_comment_has_no_character_that_a_format_has_a_use_for(text: str) -> None:
    (entry,) = gathered(alert("203.0.113.9", rule=text or "r")).entries
    comment = comment_of(entry)
    assert re.fullmatch(r"[A-Za-z0-9 .,:_-]*", comment)
    assert len(comment) <= MAX_COMMENT_CHARS
    assert "until 2026-11-27T07:05:00Z" in comment, "a long name takes nothing from what counts"


@pytest.mark.parametrize("name", ["", "9a", "A", "a-b", "a b", "a;b", "a" * 25, "a\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageFault):
        check_name(name)
    assert check_name("whofrom_2") == "whofrom_2"


@BOTH
@pytest.mark.skipif(nginx is None, reason="no nginx")
def test_nginx_takes_its_lists(entries: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "deny.conf").write_text(written("nginx-deny", entries))
    (tmp_path / "geo.conf").write_text(written("nginx-geo", entries))
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; include {tmp_path}/geo.conf; include {tmp_path}/deny.conf;\n"
        f"client_body_temp_path {tmp_path}/b; proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;\n"
        f"uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n"
        "server { listen 127.0.0.1:1; if ($whofrom) { return 403; } } }\n"
    )
    assert nginx is not None
    done = subprocess.run(
        [nginx, "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@BOTH
@pytest.mark.skipif(nft is None, reason="no nft")
def test_nft_takes_its_sets_again_and_again(entries: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "list").write_text(written("nftables", entries))
    (tmp_path / "other").write_text(written("nftables", entries_of("203.0.113.200", "2a02::1")))
    out = in_a_namespace(
        f"{nft} -c -f list; {nft} -f other; {nft} -f list; {nft} -f list; {nft} list ruleset", tmp_path
    )
    assert {one.network for one in existing(out)} == {one.network for one in entries}
    assert out.count("timeout 23h5m") == out.count("comment") == len(entries)


@BOTH
@pytest.mark.skipif(ipset is None, reason="no ipset")
def test_ipset_takes_its_sets_again_and_again(entries: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "list").write_text(written("ipset", entries))
    (tmp_path / "other").write_text(written("ipset", entries_of("203.0.113.200", "2a02::1")))
    script = f"{ipset} restore <other; {ipset} restore <list; {ipset} restore <list; {ipset} save"
    out = in_a_namespace(script, tmp_path)
    assert {one.network for one in existing(out)} == {one.network for one in entries}
    assert out.count("create") == 2
    assert len(re.findall(r"^add .* timeout 83\d\d\d .*comment", out, re.MULTILINE)) == len(entries)


@BOTH
def test_stix2_takes_the_bundle(entries: list[Entry]) -> None:
    text = written("stix", entries)
    bundle = stix2.parse(text, allow_custom=False, version="2.1")
    indicators = [one for one in bundle.objects if one.type == "indicator"]
    assert len(indicators) == len(entries)
    for entry, one in zip(entries, indicators, strict=True):
        assert run_validator(one.pattern, stix_version="2.1") == []
        assert one.valid_until == entry.expires
        (sighting,) = [seen for seen in bundle.objects if seen.get("sighting_of_ref") == one.id]
        assert (sighting.count, sighting.last_seen) == (entry.requests, entry.ended)
    assert len({one.id for one in bundle.objects}) == len(bundle.objects)


def test_a_bundle_that_is_made_later_names_the_same_objects() -> None:
    before, after = (
        orjson.loads(written("stix", entries_of("203.0.113.9", ended=ended, began=began)))["objects"][1]
        for began, ended in ((AT - timedelta(hours=3), AT), (AT - timedelta(hours=2), AT + timedelta(minutes=9)))
    )
    assert (before["id"], before["created"]) == (after["id"], after["created"])
    assert before["modified"] < after["modified"]


@BOTH
def test_crowdsec_reads_both_forms_alike(entries: list[Entry]) -> None:
    decisions = orjson.loads(written("crowdsec", entries))
    assert list(csv.DictReader(io.StringIO(written("crowdsec-csv", entries)))) == decisions
    assert all(tuple(one) == KEYS for one in decisions)
    assert {one["value"]: one["scope"] for one in decisions} == {
        str(entry.network).removesuffix("/32"): "ip" if str(entry.network).endswith("/32") else "range"
        for entry in entries
    }


@pytest.mark.parametrize("form", FORMATS)
def test_a_list_is_compared_with_what_it_would_be(form: str) -> None:
    before = written(form, entries_of("203.0.113.9", "203.0.113.50"))
    after = [*entries_of("203.0.113.9", ended=AT), *entries_of("203.0.113.60")]
    changes = {row["network"]: row["change"] for row in difference(before, after)}
    told = form in ("plain", "nginx-deny", "nginx-geo", "nftables", "ipset", "stix")
    assert changes == {
        "203.0.113.9": "extended" if told else "same",
        "203.0.113.50": "removed",
        "203.0.113.60": "added",
    }


@pytest.mark.parametrize("form", FORMATS)
def test_a_list_is_the_same_as_itself(form: str) -> None:
    assert {row["change"] for row in difference(written(form, ENTRIES), ENTRIES)} == {"same"}


@pytest.mark.parametrize("text", ["", "{", "[1, null]", "# 203.0.113.9\n", '"203.0.113.9"', "deny all;\n", "\x00\xff"])
def test_what_is_no_list_has_no_network(text: str) -> None:
    assert list(existing(text)) == []


def test_a_set_as_nft_prints_it() -> None:
    text = (
        "table inet whofrom {\n set blocked4 { elements = { 203.0.113.9 timeout 1d expires 23h, 198.51.100.0/24 } }\n}"
    )
    assert {one.network for one in existing(text)} == {ip_network("203.0.113.9"), ip_network("198.51.100.0/24")}
