"""Sets of addresses."""

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from echo.clientip import NAMED_RANGES, ConfigFault, Ranges, parse_address, parse_range
from echo.clientip.ranges import MAX_RANGE_CHARS

# ranges, address, is it inside
CONTAINED = [
    # realistic
    (["10.0.0.0/8"], "10.0.0.0", True),
    (["10.0.0.0/8"], "10.255.255.255", True),
    (["10.0.0.0/8"], "9.255.255.255", False),
    (["10.0.0.0/8"], "11.0.0.0", False),
    (["192.168.0.17"], "192.168.0.17", True),
    (["192.168.0.17"], "192.168.0.18", False),
    (["2001:db8::/32"], "2001:db8:ffff::1", True),
    (["2001:db8::/32"], "2001:db9::", False),
    (["10.0.0.0/8"], "::ffff:10.1.2.3", True),
    (["fe80::/10"], "fe80::1%eth0", True),
    (["172.18.0.90/26"], "172.18.0.65", True),  # host bits are dropped
    ([], "10.0.0.1", False),
    # synthetic
    (["::ffff:10.0.0.0/104"], "10.1.2.3", True),
    (["::ffff:10.0.0.0/104"], "11.0.0.0", False),
    (["::ffff:0:0/96"], "192.0.2.1", True),
    (["::ffff:0:0/96"], "2001:db8::1", False),
    (["0:0:0:0:0:0:0:0/0"], "2001:db8::1", True),
    (["10.0.0.0/8", "10.1.0.0/16"], "10.2.0.0", True),  # nested
    (["10.1.0.0/16", "10.0.0.0/8"], "10.2.0.0", True),
    (["10.0.0.0/9", "10.128.0.0/9"], "10.127.255.255", True),  # adjacent
    (["0.0.0.0/0"], "255.255.255.255", True),
    (["0.0.0.0/0"], "2001:db8::1", False),
    (["::/0"], "2001:db8::1", True),
    (["::/0"], "192.0.2.1", False),  # IPv4 stands inside ::/0 as bytes, and was not meant
    (["::/8"], "192.0.2.1", False),
    (["::/80"], "192.0.2.1", False),
    (["::/80"], "::fffe:ffff:ffff", True),
    (["::/0"], "::fffe:0:0", True),
    (["::/0"], "::1:0:0:0", True),
    (["::/0", "0.0.0.0/0"], "192.0.2.1", True),
    (["::/0", "192.0.2.0/24"], "192.0.2.1", True),
    (["::/96"], "::192.0.2.1", True),
    (["::/96"], "192.0.2.1", False),
]

NOT_RANGES = [
    # realistic
    "",
    " ",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/",
    "10.0.0/8",
    "10.0.0.0/8,192.168.0.0/16",
    "2001:db8::/129",
    "load_balancers",
    "10.0.0.1-10.0.0.9",
    "10.0.0.0/255.0.0.0",
    "10.*",
    "0.0.0.0",
    "::",
    # synthetic
    "10.0.0.0/8/8",
    "10.0.0.0/+8",
    "10.0.0.0/ 8",
    "10.0.0.0/0x8",
    "10.0.0.0/٨",
    "fe80::1%eth0/64",
    "[2001:db8::1]/64",
    "010.0.0.0/8",
    # pathological
    "10.0.0.0/" + "9" * 10_000,
    "1" * (MAX_RANGE_CHARS + 1),
    "10.0.0.0/8\0",
]


@pytest.mark.parametrize(("texts", "address", "inside"), CONTAINED)
def test_contains(texts, address, inside):
    assert (parse_address(address).packed in Ranges(texts)) is inside


@pytest.mark.parametrize("text", NOT_RANGES, ids=lambda text: ascii(text[:30]))
def test_no_range(text):
    with pytest.raises(ConfigFault) as caught:
        parse_range(text)
    assert len(str(caught.value)) < 200
    assert caught.value.next_step


@pytest.mark.parametrize("text", ["::ffff:10.0.0.0/8", "::ffff:10.0.0.0/95", "::ffff:0:1/0"])
def test_a_mapped_range_that_leaves_ipv4_is_refused(text):
    """Meant as IPv4, it would trust a piece of IPv6 that nobody thought of."""
    with pytest.raises(ConfigFault, match="reaches outside the IPv4-mapped block"):
        parse_range(text)


def test_the_fault_quotes_the_text_and_says_how_to_write_it():
    with pytest.raises(ConfigFault, match=r"^'10\.0\.0\.0/33' has no prefix length of 0 to 32; correct it$"):
        Ranges(["192.168.0.0/16", "10.0.0.0/33"])
    with pytest.raises(ConfigFault, match=r"^'ten' is no address or CIDR; write it as 10\.0\.0\.0/8"):
        Ranges(["ten"])


def test_blanks_around_are_fine():
    assert parse_range(" 10.0.0.0/8\n") == parse_range("10.0.0.0/8")


def test_an_empty_set_is_false_and_holds_nothing():
    assert not Ranges()
    assert Ranges(["::1"])
    assert Ranges().spans() == []


def test_the_set_shows_what_it_was_built_from():
    assert repr(Ranges(["10.1.2.3/8"])) == "Ranges(['10.1.2.3/8'])"


@pytest.mark.parametrize("name", NAMED_RANGES)
def test_named_ranges_are_ranges_written_without_host_bits(name):
    texts, source = NAMED_RANGES[name]
    assert [str(ipaddress.ip_network(text)) for text in texts] == list(texts)
    assert source


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("127.0.0.53", "loopback"),
        ("::1", "loopback"),
        ("169.254.169.254", "cloud-metadata"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("172.31.255.255", "private"),
        ("fd12::1", "private"),
        ("100.127.255.255", "cgnat"),
        ("203.0.113.7", "documentation"),
        ("198.19.0.1", "benchmarking"),
        ("ff02::1", "multicast"),
        ("255.255.255.255", "reserved"),
        ("172.32.0.0", None),
        ("100.128.0.0", None),
        ("1.1.1.1", None),
        ("2606:4700::1111", None),
    ],
)
def test_the_first_named_range_of_an_address(address, name):
    packed = parse_address(address).packed
    assert next((name for name, (texts, _) in NAMED_RANGES.items() if packed in Ranges(texts)), None) == name


# --- properties: the standard library's ipaddress is the oracle -------------------------------------------------------


def network_of(address):
    return st.integers(0, address.max_prefixlen).map(lambda bits: ipaddress.ip_network((address, bits), strict=False))


networks = st.ip_addresses().flatmap(network_of).filter(lambda network: not inside_mapped(network))
v4_mapped = ipaddress.ip_network("::ffff:0:0/96")


def inside_mapped(network):
    return network.version == 6 and network.network_address in v4_mapped


@st.composite
def networks_and_address(draw):
    """Some networks, and an address that is often at an edge of one of them."""
    chosen = draw(st.lists(networks, max_size=8))
    edges = [int(edge) + step for net in chosen for edge in (net[0], net[-1]) for step in (-1, 0, 1)]
    families = [net.version for net in chosen for _ in range(6)]
    at_edges = [
        (ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address)(number)
        for number, version in zip(edges, families, strict=True)
        if 0 < number < 1 << (32 if version == 4 else 128)
    ]
    anywhere = st.ip_addresses().filter(int)
    return chosen, draw(st.sampled_from(at_edges) | anywhere if at_edges else anywhere)


@given(networks_and_address())
@example(([ipaddress.ip_network("::/0")], ipaddress.ip_address("192.0.2.1")))
@example(([ipaddress.ip_network("::/0")], ipaddress.ip_address("::fffe:ffff:ffff")))
def test_containment_is_that_of_ipaddress(case):
    chosen, address = case
    meant = address.ipv4_mapped or address if address.version == 6 else address
    parsed = parse_address(str(meant))
    if parsed is not None:  # 0.0.0.0, mapped
        assert (parsed.packed in Ranges(map(str, chosen))) is any(meant in network for network in chosen)


@given(st.lists(networks, max_size=12))
@example([ipaddress.ip_network("10.0.0.1/32")] * 2)
def test_spans_are_sorted_and_disjoint_whatever_the_order(chosen):
    texts = [str(network) for network in chosen]
    spans = Ranges(texts).spans()
    assert all(first <= last for first, last in spans)
    assert all(last < first for (_, last), (first, _) in pairwise(spans))
    assert Ranges(reversed(texts)).spans() == spans


@given(st.text(max_size=70))
def test_any_text_is_a_range_or_a_fault(text):
    try:
        first, last = parse_range(text)
    except ConfigFault:
        return
    assert len(first) == len(last) == 16
    assert first <= last
