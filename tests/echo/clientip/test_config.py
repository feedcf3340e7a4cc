"""The TOML that both halves read."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import NAMED_RANGES, ConfigFault, Ranges, load_config, parse_address, parse_config
from echo.clientip.config import MAX_CONFIG_BYTES, PROXY_PROTOCOL, TRUST_KEYS
from echo.clientip.network import (
    INGRESS_NGINX_KEYS,
    MAX_SERVICES,
    NETWORK_KEYS,
    NETWORK_RANGES,
    NODE_POD_PREFIX,
    POLICIES,
    SERVICE_KEYS,
)

ARTICLE = """
[network]
nodes = ["192.168.0.0/24"]
pods = ["172.18.0.0/16"]
node_pod_prefix = 26
services = "172.18.240.0/20"
load_balancers = ["100.64.0.0/10"]
ingress = ["172.18.0.90"]
service_lb = "172.18.0.99"
node_external = ["198.51.100.111", "198.51.100.117"]
bridges = ["172.18.0.1"]
vpc_pods = ["192.168.253.0/24"]
cdn = ["cloudflare"]
[[network.service]]
name = "kube-system/ingress-nginx"
policy = "Cluster"
endpoints = ["ingress", "192.168.253.10"]
addresses = "198.51.100.10"
[network.ingress_nginx]
use-forwarded-headers = "true"
[trust]
strategy = "rightmost-untrusted"
headers = ["X-Forwarded-For"]
ranges = ["load_balancers", "ingress", "loopback", "198.51.100.0/24"]
[[login]]
path = "/login"
"""


def trusts(config, text):
    return parse_address(text).packed in config.policy.trusted


def fault(text, path="whofrom.toml", **options):
    with pytest.raises(ConfigFault) as caught:
        parse_config(text, path, **options)
    assert "\n" not in str(caught.value)
    assert caught.value.next_step
    return str(caught.value)


# --- what a good file means -------------------------------------------------------------------------------------------


def test_without_a_file_nobody_is_trusted():
    config = load_config(None)
    assert config.policy.strategy == "remote-addr"
    assert (config.network, config.tables, config.path, config.node_pod_prefix) == ({}, {}, "", None)


def test_an_empty_file_is_no_file():
    assert parse_config("", "whofrom.toml").policy.id == load_config(None).policy.id


def test_the_articles_cluster():
    config = parse_config(ARTICLE, "whofrom.toml")
    assert config.policy.strategy == "rightmost-untrusted:x-forwarded-for"
    assert set(config.network) == set(NETWORK_RANGES)
    assert config.node_pod_prefix == 26
    assert parse_address("172.18.250.1").packed in config.network["services"]
    assert config.path == "whofrom.toml"
    (service,) = config.services
    assert (service.name, service.policy) == ("kube-system/ingress-nginx", "Cluster")
    assert parse_address("172.18.0.90").packed in service.endpoints
    assert parse_address("192.168.253.10").packed in service.endpoints
    assert parse_address("198.51.100.10").packed in service.addresses
    assert config.ingress_nginx == {"use-forwarded-headers": "true"}


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("100.64.1.1", True),  # a name of [network]
        ("172.18.0.90", True),  # a name of [network] that holds one address
        ("127.0.0.1", True),  # a named range
        ("198.51.100.7", True),  # a CIDR
        ("192.168.0.17", False),  # a node: in [network], but not in ranges
        ("203.0.113.7", False),
    ],
)
def test_names_in_ranges_expand(address, trusted):
    assert trusts(parse_config(ARTICLE, "whofrom.toml"), address) is trusted


@pytest.mark.parametrize("name", NAMED_RANGES)
def test_every_named_range_can_be_trusted_by_name(name):
    config = parse_config(f'[trust]\nranges = ["{name}"]', "")
    assert config.policy.trusted.spans() == Ranges(NAMED_RANGES[name][0]).spans()


def test_a_name_of_network_means_what_network_says():
    """`ingress` is no constant: the same name in another file is another range."""
    config = parse_config('[network]\ningress = "10.1.0.0/16"\n[trust]\nranges = "ingress"', "")
    assert trusts(config, "10.1.2.3")
    assert not trusts(config, "172.18.0.90")


def test_ranges_alone_choose_the_walk():
    assert parse_config('[trust]\nranges = ["10.0.0.0/8"]', "").policy.strategy == "rightmost-untrusted:x-forwarded-for"


def test_ranges_of_the_flag_are_added_to_those_of_the_file():
    config = parse_config(ARTICLE, "whofrom.toml", ["203.0.113.0/24", "nodes", "cgnat"])
    assert all(trusts(config, text) for text in ("203.0.113.7", "192.168.0.17", "100.64.1.1", "198.51.100.7"))


def test_tables_of_other_stages_are_handed_on_unread():
    config = parse_config(ARTICLE + '[geo]\nanything = "goes"', "whofrom.toml")
    assert config.tables == {"login": [{"path": "/login"}], "geo": {"anything": "goes"}}


# --- what a wrong one is told -----------------------------------------------------------------------------------------

# text -> what the fault says, beginning with file and table, ending with the next step
WRONG = {
    # realistic
    '[network]\nnodes = ["192.168.0.0/33"]': (
        "whofrom.toml [network] nodes: '192.168.0.0/33' has no prefix length of 0 to 32; correct it"
    ),
    '[trust]\nranges = ["10.0.0/8"]': (
        "whofrom.toml [trust] ranges: '10.0.0/8' is no address or CIDR; write it as 10.0.0.0/8 or 2001:db8::/32"
    ),
    '[trust]\nranges = ["ingress"]': (
        "whofrom.toml [trust] ranges: 'ingress' is not set in [network]; add ingress = […] to [network]"
    ),
    '[trust]\nrange = ["10.0.0.0/8"]': "whofrom.toml [trust]: 'range' is unknown; did you mean ranges?",
    '[trust]\nheader = "X-Forwarded-For"': "whofrom.toml [trust]: 'header' is unknown; did you mean headers?",
    '[network]\nload-balancers = "10.0.0.0/8"': (
        "whofrom.toml [network]: 'load-balancers' is unknown; did you mean load_balancers?"
    ),
    '[trsut]\nranges = "10.0.0.0/8"': "whofrom.toml: 'trsut' is unknown; did you mean trust?",
    '[trust]\nstrategy = "leftmost"': (
        "whofrom.toml [trust]: strategy 'leftmost' is unknown; use one of "
        "remote-addr, rightmost-untrusted, rightmost-count, rightmost-nonprivate, leftmost-nonprivate, "
        "single-header, chain"
    ),
    # synthetic
    '[trust]\nstrategy = ["remote-addr"]': (
        'whofrom.toml [trust] strategy: must be a string; for example "rightmost-untrusted"'
    ),
    "[trust]\nheaders = []": ('whofrom.toml [trust] headers: give exactly one header; for example ["X-Forwarded-For"]'),
    '[trust]\nheaders = "X-Real-IP"': (
        "whofrom.toml [trust]: header 'x-real-ip' is not a list of hops that whofrom reads; "
        "use X-Forwarded-For or Forwarded, or single-header:x-real-ip"
    ),
    "[network]\npods = [172.18]": ('whofrom.toml [network] pods: must be a list of strings; for example pods = ["…"]'),
    "[network]\nnode_pods_prefix = 26": (
        "whofrom.toml [network]: 'node_pods_prefix' is unknown; did you mean node_pod_prefix?"
    ),
    '[trust]\nranges = "node_pod_prefix"': (
        "whofrom.toml [trust] ranges: 'node_pod_prefix' is no address or CIDR; write it as 10.0.0.0/8 or 2001:db8::/32"
    ),
    '[network]\nservice = "x"': "whofrom.toml [[network.service]]: must be tables; write [[network.service]] over each",
    "[[network.service]]\npolcy = 1": "whofrom.toml [[network.service]] 1: 'polcy' is unknown; did you mean policy?",
    '[[network.service]]\nendpoints = "10.0.0.1"': (
        'whofrom.toml [[network.service]] 1 policy: must be one of Cluster, Local, Direct; for example "Cluster"'
    ),
    '[[network.service]]\npolicy = "Local"': (
        'whofrom.toml [[network.service]] 1 endpoints: missing; name the pods behind it, for example ["ingress"]'
    ),
    '[[network.service]]\npolicy = "Local"\nendpoints = "ingress"': (
        "whofrom.toml [[network.service]] 1 endpoints: 'ingress' is not set in [network]; "
        "add ingress = […] to [network]"
    ),
    '[[network.service]]\npolicy = "Local"\nname = 1': (
        'whofrom.toml [[network.service]] 1 name: must be a string; for example name = "default/whofrom"'
    ),
    "[network]\ningress_nginx = 1": (
        "whofrom.toml [network.ingress_nginx]: must be a table; write [network.ingress_nginx]"
    ),
    "[network.ingress_nginx]\nuse-forwarded-headers = true": (
        "whofrom.toml [network.ingress_nginx] use-forwarded-headers: must be a string; "
        'as in the ConfigMap: use-forwarded-headers = "true"'
    ),
    "[network.ingress_nginx]\nuse-forwarded-header = 1": (
        "whofrom.toml [network.ingress_nginx]: 'use-forwarded-header' is unknown; did you mean use-forwarded-headers?"
    ),
    "trust = 5": "whofrom.toml: trust must be a table; write [trust]",
    '[[network]]\npods = "10.0.0.0/8"': "whofrom.toml: network must be a table; write [network]",
    "qqqqqq = 1": "whofrom.toml: 'qqqqqq' is unknown; known are network, trust, login, geo, attacks, alerts, logins",
}


@pytest.mark.parametrize(("text", "said"), WRONG.items(), ids=lambda value: value.splitlines()[-1][:40])
def test_wrong_file(text, said):
    assert fault(text) == said


@pytest.mark.parametrize("value", ["7", "129", "-26", '"26"', "26.0", "true", "[26]", "{}"])
def test_node_pod_prefix_is_a_prefix_length(value):
    assert fault(f"[network]\n{NODE_POD_PREFIX} = {value}") == (
        "whofrom.toml [network] node_pod_prefix: must be a whole number from 8 to 128; for example node_pod_prefix = 26"
    )


@pytest.mark.parametrize("value", [8, 26, 128])
def test_node_pod_prefix(value):
    assert parse_config(f"[network]\nnode_pod_prefix = {value}", "").node_pod_prefix == value


@pytest.mark.parametrize(("table", "known"), [("network", NETWORK_KEYS), ("trust", TRUST_KEYS)])
def test_a_misspelt_key_is_answered_with_the_right_one(table, known):
    for key in known:
        assert f"did you mean {key}?" in fault(f"[{table}]\n{key}z = 1")


def test_every_policy_of_a_service_is_taken_and_their_number_is_bounded():
    for policy in POLICIES:
        text = f'[[network.service]]\npolicy = "{policy}"\nendpoints = "10.0.0.1"\n'
        assert [service.policy for service in parse_config(text, "").services] == [policy]
    assert "more than 1000 of them" in fault(text * (MAX_SERVICES + 1))
    assert len(parse_config(text * MAX_SERVICES, "").services) == MAX_SERVICES


def test_the_keys_of_a_service_and_of_ingress_nginx_are_those_of_the_tables():
    service = 'policy = "Local"\nendpoints = "10.0.0.1"\n'
    assert set(SERVICE_KEYS) == {"name", "policy", "endpoints", "addresses"}
    assert parse_config(f'[[network.service]]\nname = "a"\naddresses = []\n{service}', "").services[0].name == "a"
    for key in INGRESS_NGINX_KEYS:
        assert parse_config(f'[network.ingress_nginx]\n{key} = "x"', "").ingress_nginx == {key: "x"}


def test_a_wrong_flag_names_the_flag_not_the_file():
    assert fault("", trust=["10.0.0.0/99"]).startswith("--trust: '10.0.0.0/99' has no prefix length")
    assert fault("", trust=["nodes"]).startswith("--trust: 'nodes' is not set in [network]")


@pytest.mark.parametrize(
    "text",
    [
        "[trust",
        "[trust]\nranges = [",
        "[trust]\n[trust]",
        '[trust]\nranges = "10.0.0.0/8"\nranges = "11.0.0.0/8"',
        # pathological
        "x = " + "1" * 5_000,
        "x = " + "[" * 50_000,
        "x = " + "{a=" * 50_000,
        "x = 2023-02-31",
        "\0",
    ],
    ids=lambda text: ascii(text[:30]),
)
def test_text_that_is_no_toml_is_a_fault_with_the_file(text):
    assert fault(text).startswith("whofrom.toml: not TOML: ")
    assert len(fault(text)) < 350


def test_hostile_names_are_quoted_and_cut():
    said = fault(f'"\\u001B[2J{"x" * 1_000}" = 1')
    assert r"'\x1b[2J" in said
    assert len(said) < 200


def test_a_long_path_is_named_to_its_end_and_a_strange_one_printably():
    path = "/srv/" + "deep/" * 30 + "whofrom.toml"
    assert fault("qqqqqq = 1", path).startswith(f"{path}: ")
    assert fault("qqqqqq = 1", "\x1b[2J.toml").startswith(r"\x1b[2J.toml: ")


# --- reading the file -------------------------------------------------------------------------------------------------


def test_a_file_is_read(tmp_path):
    path = tmp_path / "whofrom.toml"
    path.write_text(ARTICLE)
    assert (
        load_config(str(path), ["203.0.113.0/24"]).policy.id == parse_config(ARTICLE, "", ["203.0.113.0/24"]).policy.id
    )


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigFault, match=r"absent\.toml: cannot read it: No such file or directory; name a readable"):
        load_config("absent.toml")
    with pytest.raises(ConfigFault, match="cannot read it: Is a directory"):
        load_config(".")


def test_a_file_that_is_not_utf8(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("latin1.toml").write_bytes(b"# Z\xfcrich\n")
    with pytest.raises(ConfigFault, match=r"latin1\.toml: byte 3 is not UTF-8; save the file as UTF-8"):
        load_config("latin1.toml")


def test_a_huge_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte, sparse: to read it all is a MemoryError
    with pytest.raises(ConfigFault, match=f"larger than {MAX_CONFIG_BYTES} bytes"):
        load_config(str(path))


@given(st.text("[]{}=\"'#.,\n 0123456789truefalsenetwork-:T_", max_size=80) | st.text(max_size=80))
def test_any_text_is_a_config_or_a_fault(text):
    with suppress(ConfigFault):
        parse_config(text, "whofrom.toml")


@pytest.mark.parametrize("value", PROXY_PROTOCOL)
def test_proxy_protocol(value):
    config = parse_config(f'[trust]\nproxy_protocol = "{value}"\nranges = "10.0.0.0/8"', "")
    assert config.proxy_protocol == value


@pytest.mark.parametrize("value", ['"on"', "true", "1", "[]"])
def test_proxy_protocol_is_one_of_three_words(value):
    assert fault(f"[trust]\nproxy_protocol = {value}") == (
        "whofrom.toml [trust] proxy_protocol: must be one of off, optional, required; "
        'for example proxy_protocol = "required"'
    )


def test_an_optional_proxy_header_needs_someone_to_take_it_from():
    assert "there are none" in fault('[trust]\nproxy_protocol = "optional"')


@pytest.mark.parametrize("value", ["optional", "required"])
def test_ranges_that_say_who_may_send_a_proxy_header_need_no_strategy_that_reads_others(value):
    text = f'[trust]\nproxy_protocol = "{value}"\nstrategy = "remote-addr"\nranges = "10.0.0.0/8"'
    assert parse_config(text, "").policy.strategy == "remote-addr"
