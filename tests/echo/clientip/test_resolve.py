"""Who the client is: the resolution of one request under one policy."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from echo.clientip import make_policy, parse_address, parse_hop
from echo.clientip import resolve as resolve_module

WALKING = ("rightmost-untrusted", "rightmost-count:3", "rightmost-nonprivate", "leftmost-nonprivate")
CLUSTER = ["10.0.0.0/8", "2001:db8:10::/48"]


def xff(values):
    return {"x-forwarded-for": values}


# fields of X-Forwarded-For -> client, reason, depth, rejected; the peer 10.0.0.1:40000 is trusted
WALKS = {
    # realistic
    ("203.0.113.7",): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("203.0.113.7, 10.0.0.2",): ("203.0.113.7", "rightmost-untrusted", 2, ""),
    ("1.2.3.4, 203.0.113.7, 10.0.0.2, 10.0.0.3",): ("203.0.113.7", "rightmost-untrusted", 3, ""),
    ("10.0.0.9, 203.0.113.7, 10.0.0.2",): ("203.0.113.7", "rightmost-untrusted", 2, ""),
    ("1.2.3.4", "203.0.113.7"): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("1.2.3.4, 203.0.113.7", "10.0.0.2, 10.0.0.3"): ("203.0.113.7", "rightmost-untrusted", 3, ""),
    ("203.0.113.7:51234",): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("[2001:db8:20::7]:51234, 2001:db8:10::2",): ("2001:db8:20::7", "rightmost-untrusted", 2, ""),
    ("::ffff:203.0.113.7, ::ffff:10.0.0.2",): ("203.0.113.7", "rightmost-untrusted", 2, ""),
    (): (None, "no-header", 0, ""),
    ("10.0.0.2",): (None, "all-trusted", 1, ""),
    ("10.0.0.2", "10.0.0.3, 10.0.0.4"): (None, "all-trusted", 3, ""),
    ("203.0.113.7, unknown",): (None, "hop-invalid", 1, "unknown"),
    ("unknown, 203.0.113.7",): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("203.0.113.7, unknown, 10.0.0.2",): (None, "hop-invalid", 2, "unknown"),
    # synthetic
    ("",): (None, "hop-invalid", 1, ""),
    ("203.0.113.7,",): (None, "hop-invalid", 1, ""),
    ("203.0.113.7", ""): (None, "hop-invalid", 1, ""),
    (", 10.0.0.2",): (None, "hop-invalid", 2, ""),
    (", 203.0.113.7",): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("1.2.3.4,203.0.113.7",): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("1.2.3.4 ,  \t 203.0.113.7  ",): ("203.0.113.7", "rightmost-untrusted", 1, ""),
    ("1.2.3.4; 203.0.113.7",): (None, "hop-invalid", 1, "1.2.3.4; 203.0.113.7"),
    ("203.0.113.7, 0.0.0.0",): (None, "hop-invalid", 1, "0.0.0.0"),
    ("203.0.113.7, 10.0.0.02",): (None, "hop-invalid", 1, "10.0.0.02"),
    ("fe80::7%eth0",): ("fe80::7%eth0", "rightmost-untrusted", 1, ""),
    # pathological
    ("," * 10_000,): (None, "hop-invalid", 1, ""),
    ("203.0.113.7, \x1b[2J",): (None, "hop-invalid", 1, "\x1b[2J"),
    ("203.0.113.7, \0",): (None, "hop-invalid", 1, "\0"),
    ("203.0.113.7, \ud800",): (None, "hop-invalid", 1, "\ud800"),
    ("203.0.113.7" + ", 10.0.0.2" * 10_000,): ("203.0.113.7", "rightmost-untrusted", 10_001, ""),
}

# peer -> client, reason, of a request that forges X-Forwarded-For: 203.0.113.7
PEERS = {
    # realistic
    "198.51.100.9:40000": ("198.51.100.9", "peer-untrusted"),
    "[2001:db8:99::1]:40000": ("2001:db8:99::1", "peer-untrusted"),
    "::ffff:198.51.100.9": ("198.51.100.9", "peer-untrusted"),
    "10.0.0.1": ("203.0.113.7", "rightmost-untrusted"),
    "[::ffff:10.0.0.1]:40000": ("203.0.113.7", "rightmost-untrusted"),
    # a UNIX socket, or a log without the peer: the strategy reads on, as realclientip-go does
    "@": ("203.0.113.7", "rightmost-untrusted"),
    "": ("203.0.113.7", "rightmost-untrusted"),
    None: ("203.0.113.7", "rightmost-untrusted"),
    "0.0.0.0": ("203.0.113.7", "rightmost-untrusted"),
}


@pytest.mark.parametrize(("values", "expected"), WALKS.items(), ids=lambda value: ascii(value)[:50])
def test_walk_from_a_trusted_peer(values, expected):
    resolution = make_policy(trusted=CLUSTER).resolve("10.0.0.1:40000", xff(values))
    client = None if resolution.client is None else str(resolution.client)
    assert (client, resolution.reason.code, resolution.depth, resolution.rejected) == expected
    assert resolution.source == ("x-forwarded-for" if client else "")


@pytest.mark.parametrize(("peer", "expected"), PEERS.items())
def test_the_peer_decides_whether_the_header_is_read(peer, expected):
    resolution = make_policy(trusted=CLUSTER).resolve(peer, xff(["203.0.113.7"]))
    assert (str(resolution.client), resolution.reason.code) == expected


@pytest.mark.parametrize("peer", PEERS)
def test_remote_addr_never_reads_the_header(peer):
    resolution = make_policy("remote-addr", trusted=CLUSTER).resolve(peer, xff(["203.0.113.7"]))
    assert resolution.client == (parse_hop(peer) if peer else None)
    assert resolution.reason.code == ("peer" if resolution.client else "peer-invalid")


def test_remote_addr_keeps_what_the_peer_was_instead_of_an_address():
    assert make_policy().resolve("@", xff([])).rejected == "@"
    assert make_policy().resolve(None, []).rejected == ""


@pytest.mark.parametrize(("proxied", "source"), [(False, "peer"), (True, "proxied-peer")])
def test_a_peer_from_a_proxy_header_says_so(proxied, source):
    for policy in (make_policy(), make_policy(trusted=CLUSTER)):
        assert policy.resolve("198.51.100.9:40000", xff([]), proxied=proxied).source == source


# --- properties -------------------------------------------------------------------------------------------------------

POLICY = make_policy(trusted=CLUSTER)
trusted_text = st.sampled_from(
    ["10.0.0.1", "10.255.0.3:8080", "::ffff:10.0.0.2", "2001:db8:10::2", "[2001:db8:10::3]:1"]
)
stranger_text = st.sampled_from(["203.0.113.7", "198.51.100.9:40000", "2001:db8:20::7", "fe80::7%eth0", "11.0.0.0"])
entry = trusted_text | stranger_text | st.text(max_size=12) | st.ip_addresses().map(str)
header_fields = st.lists(st.lists(entry, max_size=6).map(", ".join), max_size=4)


@given(stranger_text, header_fields)
def test_an_untrusted_peers_header_changes_nothing(peer, values):
    assert POLICY.resolve(peer, xff(values)) == POLICY.resolve(peer, xff([]))


@given(entry, header_fields)
@example("10.0.0.1", ["10.0.0.2, 10.0.0.3"])
def test_a_trusted_address_is_never_the_client(peer, values):
    client = POLICY.resolve(peer, xff(values)).client
    assert client is None or client.packed not in POLICY.trusted


@given(entry, header_fields)
def test_the_client_was_written_by_someone_and_prints_canonically(peer, values):
    """No address is invented: it is the peer, or stands in the header as an entry of its own."""
    client = POLICY.resolve(peer, xff(values)).client
    if client is not None:
        assert client in {parse_hop(text) for text in [peer, *",".join(values).split(",")]}
        assert parse_address(str(client)) == client


@given(trusted_text, header_fields, st.lists(entry, min_size=1, max_size=3))
def test_what_stands_left_of_the_boundary_changes_nothing(peer, values, forged):
    resolution = POLICY.resolve(peer, xff(values))
    assume(resolution.client is not None)
    assert POLICY.resolve(peer, xff([", ".join(forged), *values])) == resolution
    assert POLICY.resolve(peer, xff([f"{', '.join(forged)},{values[0]}", *values[1:]])) == resolution


@given(trusted_text, header_fields.filter(bool))
def test_one_field_or_several_are_one_list(peer, values):
    """RFC 9110 §5.3: a proxy may join fields of one name with commas."""
    assert POLICY.resolve(peer, xff(values)) == POLICY.resolve(peer, xff([", ".join(values)]))


@given(entry, header_fields, st.lists(st.sampled_from([trusted_text, stranger_text]).flatmap(lambda text: text)))
def test_a_policy_that_trusts_nobody_takes_the_peer(peer, values, more):
    assume(parse_hop(peer) is not None)
    resolution = make_policy("rightmost-untrusted").resolve(peer, xff([*values, *more]))
    assert resolution.client == parse_hop(peer)


# --- cost: counted, not timed -----------------------------------------------------------------------------------------


class Counted(str):
    """Text that counts the characters which splits of it touch, and hands the count on to what is left of it."""

    __slots__ = ("touched",)

    def __new__(cls, text, touched=None):
        counted = super().__new__(cls, text)
        counted.touched = [0] if touched is None else touched
        return counted

    def _split(self, parts):
        self.touched[0] += len(self)
        return [Counted(parts[0], self.touched), *parts[1:]]

    def rsplit(self, sep, most):
        return self._split(super().rsplit(sep, most))

    def split(self, sep):
        return self._split(super().split(sep))

    def partition(self, sep):
        self.touched[0] += len(self)
        return super().partition(sep)


HOSTILE = {
    "commas": "," * 100_000,
    "trusted hops": "10.0.0.2," * 11_000 + "10.0.0.3",
    "one long entry": "x" * 100_000,
    "opening brackets": "[," * 50_000,
    "blanks": " " * 100_000 + "10.0.0.2",
    "trusted hops between blanks": "10.0.0.2      ,      " * 5_000 + "10.0.0.3",
    "percent signs": "::1" + "%" * 100_000,
}


@pytest.mark.parametrize("strategy", WALKING)
@pytest.mark.parametrize("kind", HOSTILE)
def test_work_is_linear_in_the_header(kind, strategy):
    header = Counted(HOSTILE[kind])
    make_policy(strategy, trusted=CLUSTER).resolve("10.0.0.1", xff([header]))
    assert 0 < header.touched[0] <= 3 * len(header)


def test_each_hop_is_parsed_once(monkeypatch):
    parsed = []
    monkeypatch.setitem(resolve_module.PARSERS, "x-forwarded-for", lambda text: parsed.append(text) or parse_hop(text))
    policy = make_policy(trusted=CLUSTER)
    assert policy.resolve("10.0.0.1", xff(["10.0.0.2," * 999 + "10.0.0.3"] * 3)).depth == 3_000
    assert len(parsed) == 3_000


def test_a_trusted_right_end_is_recognised_whole(monkeypatch):
    """Proxies are few and speak often: the second request through them costs one parse."""
    parsed = []
    monkeypatch.setitem(resolve_module.PARSERS, "x-forwarded-for", lambda text: parsed.append(text) or parse_hop(text))
    policy = make_policy(trusted=CLUSTER)
    for client in ("203.0.113.7", "203.0.113.8", "203.0.113.9"):
        resolution = policy.resolve("10.0.0.1", xff([f"{client}, 10.0.0.2, 10.0.0.3"]))
        assert (str(resolution.client), resolution.depth) == (client, 3)
    assert parsed == [" 10.0.0.3", " 10.0.0.2", "203.0.113.7", "203.0.113.8", "203.0.113.9"]


@given(st.lists(st.tuples(entry, header_fields), min_size=1, max_size=8))
def test_what_a_policy_remembers_changes_no_answer(requests):
    """A policy that has seen requests answers as one that has seen none."""
    seasoned = make_policy(trusted=CLUSTER)
    for peer, values in requests:
        assert seasoned.resolve(peer, xff(values)) == make_policy(trusted=CLUSTER).resolve(peer, xff(values))


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(resolve_module, "MAX_KNOWN", 3)
    policy = make_policy(trusted=CLUSTER)
    for number in range(1, 9):
        for _ in range(2):
            resolution = policy.resolve(f"10.0.0.{number}", xff([f"203.0.113.7, 10.0.1.{number}"]))
            assert str(resolution.client) == "203.0.113.7"
    kept = [cell.cell_contents for cell in policy.resolve.__closure__ if isinstance(cell.cell_contents, set | dict)]
    assert sorted(map(len, kept)) == [3, 3]


def test_two_megabytes_of_trusted_hops_are_walked_to_the_end():
    """Quadratic work on this would outlast the test's time limit many times over."""
    header = "10.0.0.2," * 220_000 + "10.0.0.3"
    assert POLICY.resolve("10.0.0.1", xff([header])).depth == 220_001
