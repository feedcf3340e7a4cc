"""Lists of ranges in files: the shipped ones, and those that users keep."""

from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault, classify, load_config, parse_address, parse_config, parse_range
from echo.clientip.lists import MAX_LIST_BYTES, PROVIDERS, PROVIDERS_FOLDER, parse_list, provider_list, read_list


def fault(path: Path) -> str:
    with pytest.raises(ConfigFault) as caught:
        read_list(path)
    assert caught.value.next_step
    return str(caught.value)


def trusts(config, text):
    return parse_address(text).packed in config.policy.trusted


def test_one_range_a_line():
    text = "# date: 2026-11-24\n# by hand\n\n 203.0.113.0/24 # the balancer\r\n2001:db8::7\n"
    found = parse_list(text, "list")
    assert found.ranges == ("203.0.113.0/24", "2001:db8::7")
    assert found.about == {"date": "2026-11-24"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.0/8\nexample.com\n", "list line 2: 'example.com' is no address or CIDR"),
        ("10.0.0.0/8, 10.1.0.0/16", "list line 1"),
        ('{"addresses": []}', "list line 1"),
        ("10.0.0.0/33", "list line 1: '10.0.0.0/33' has no prefix length of 0 to 32"),
        ("\n# nothing\n", "list: no range in it"),
        ("", "list: no range in it"),
    ],
)
def test_what_is_no_range_is_named_with_its_line(text, words):
    with pytest.raises(ConfigFault, match=words.replace("(", r"\(")) as caught:
        parse_list(text, "list")
    assert caught.value.next_step


@given(st.text())
def test_any_text_is_a_list_or_a_fault(text):
    with suppress(ConfigFault):
        assert parse_list(text, "list").ranges


def test_a_file_that_cannot_be_read(tmp_path):
    assert "No such file" in fault(tmp_path / "absent")
    assert "directory" in fault(tmp_path)
    assert "null byte" in fault(Path("a\0b"))
    (tmp_path / "latin").write_bytes(b"# caf\xe9\n10.0.0.0/8\n")
    assert "not UTF-8" in fault(tmp_path / "latin")
    (tmp_path / "big").write_bytes(b"#" * (MAX_LIST_BYTES + 1))
    assert "larger than" in fault(tmp_path / "big")


def test_a_byte_order_mark_is_no_part_of_the_first_range(tmp_path):
    (tmp_path / "list").write_text("10.0.0.0/8\n", encoding="utf-8-sig")
    assert read_list(tmp_path / "list").ranges == ("10.0.0.0/8",)


# --- named in the configuration ---------------------------------------------------------------------------------------


def test_a_file_is_looked_for_beside_the_toml(tmp_path):
    (tmp_path / "cdn.txt").write_text("203.0.113.0/24\n")
    (tmp_path / "whofrom.toml").write_text(
        '[network]\nload_balancers = ["file:cdn.txt"]\n[trust]\nranges = ["load_balancers", "file:cdn.txt"]\n'
    )
    config = load_config(str(tmp_path / "whofrom.toml"))
    assert trusts(config, "203.0.113.9")
    assert not trusts(config, "198.51.100.9")
    assert parse_address("203.0.113.9").packed in config.network["load_balancers"]


def test_a_file_of_the_flag_is_looked_for_where_the_command_runs(tmp_path, monkeypatch):
    (tmp_path / "cdn.txt").write_text("203.0.113.0/24\n")
    monkeypatch.chdir(tmp_path)
    assert trusts(load_config(None, ["file:cdn.txt"]), "203.0.113.9")
    assert trusts(load_config(None, [f"file:{tmp_path}/cdn.txt"]), "203.0.113.9")


def test_an_error_names_the_toml_the_file_and_the_line(tmp_path):
    (tmp_path / "cdn.txt").write_text("nonsense\n")
    with pytest.raises(ConfigFault) as caught:
        parse_config('[trust]\nranges = ["file:cdn.txt"]', str(tmp_path / "whofrom.toml"))
    assert "whofrom.toml [trust] ranges: " in str(caught.value)
    assert "cdn.txt line 1" in str(caught.value)


@pytest.mark.parametrize("entry", ["Cloudflare", "cloudfare", "privat"])
def test_a_misspelt_name_is_told_the_right_one(entry):
    with pytest.raises(ConfigFault) as caught:
        parse_config(f'[trust]\nranges = ["{entry}"]', "whofrom.toml")
    assert caught.value.next_step in {"did you mean cloudflare?", "did you mean private?"}


# --- the shipped lists ------------------------------------------------------------------------------------------------


def test_each_provider_has_a_file_and_each_file_a_provider():
    assert sorted(path.stem for path in PROVIDERS_FOLDER.iterdir()) == sorted(PROVIDERS)


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_shipped_list_says_where_it_is_from_and_how_to_refresh_it(name):
    about = provider_list(name).about
    assert list(about) == ["meaning", "source", "date", "refresh"]
    assert date.fromisoformat(about["date"])
    assert about["refresh"].endswith(f"> {name}.txt")


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_shipped_list_holds_public_addresses_only(name):
    for text in provider_list(name).ranges:
        assert {classify(packed) for packed in parse_range(text)} == {"public"}


@pytest.mark.parametrize(("name", "edge"), [("cloudflare", "172.64.0.1"), ("cloudflare", "2606:4700::1")])
def test_a_provider_is_trusted_by_name(name, edge):
    config = parse_config("", "", [name])
    assert trusts(config, edge)
    assert not trusts(config, "8.8.8.8")
