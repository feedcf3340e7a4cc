"""Real nginx and HAProxy, each configured in a way that is met: the probe names what it does."""

import pytest

from echo.probe.errors import ProbeFault
from tests.echo.peers.programs import CLIENT
from tests.echo.probe.ways import codes, fates, haproxy, nginx, probed

# way, server -> (verdict, practices, what became of X-Forwarded-For and of X-Real-IP)
WAYS = {
    # realistic: the proxy writes, the server trusts it
    ("append", "trusting"): ("preserved", ["appends"], "appended", "unchanged"),
    ("replace", "trusting"): ("preserved", ["replaces"], "replaced", "replaced"),
    ("beside", "trusting"): ("preserved", ["adds-field"], "beside", "unchanged"),
    ("x-real-ip", "real-ip"): ("preserved", ["passes"], "unchanged", "replaced"),
    ("keep-original", "trusting"): ("preserved", ["replaces", "keeps-original"], "replaced", "replaced"),
    ("pool", "trusting"): ("preserved", ["appends"], "appended", "unchanged"),
    # the proxy writes, the server does not trust it
    ("append", "plain"): ("unbelieved", ["appends"], "appended", "unchanged"),
    ("replace", "plain"): ("unbelieved", ["replaces"], "replaced", "replaced"),
    ("x-real-ip", "plain"): ("unbelieved", ["passes"], "unchanged", "replaced"),
    # nobody writes
    ("strip", "plain"): ("lost", ["strips"], "stripped", "unchanged"),
    ("strip", "trusting"): ("nobody", ["strips"], "stripped", "unchanged"),
    ("untouched", "plain"): ("lost", ["passes"], "unchanged", "unchanged"),
    # forged
    ("over-trusting", "trusting"): ("forgeable", ["appends", "over-trusting"], "appended", "replaced"),
    ("over-trusting", "plain"): ("unbelieved", ["appends", "over-trusting"], "appended", "replaced"),
    ("over-trusting", "real-ip"): ("forgeable", ["appends", "over-trusting"], "appended", "replaced"),
    ("over-trusting-replace", "trusting"): ("forgeable", ["replaces", "over-trusting"], "unchanged", "replaced"),
    ("over-trusting-full", "trusting"): (
        "forgeable-at-proxy",
        ["appends", "over-trusting", "keeps-original"],
        "appended",
        "replaced",
    ),
    ("untouched", "trusting"): ("forgeable", ["passes"], "unchanged", "unchanged"),
    ("untouched", "cloudflare"): ("forgeable", ["passes"], "unchanged", "unchanged"),
    ("append", "leftmost"): ("forgeable", ["appends"], "appended", "unchanged"),
    ("append", "counting"): ("forgeable", ["appends"], "appended", "unchanged"),
    ("append", "odd"): ("forgeable", ["appends"], "appended", "unchanged"),
}
# way, server -> what is said of a header that holds our address and that the server does not read or not believe
UNREAD = {
    ("append", "plain"): ["bearer-steady"],
    ("replace", "plain"): ["bearer-steady"],
    ("x-real-ip", "plain"): ["bearer-steady"],
    ("append", "leftmost"): ["bearer-steady"],
    ("append", "counting"): ["bearer-steady"],
    ("append", "odd"): ["bearer-steady"],
    ("over-trusting", "plain"): ["bearer-forged"],
    ("over-trusting", "trusting"): ["bearer-forged"],
    ("over-trusting", "real-ip"): ["bearer-forged"],
    ("over-trusting-replace", "trusting"): ["bearer-forged"],
    ("over-trusting-full", "trusting"): ["bearer-forged"],
}


@pytest.fixture(scope="module")
def urls(tmp_path_factory, serve):
    """(way, server) -> URL, through one nginx."""
    ways: dict[str, dict[str, str]] = {}
    for way, server in WAYS:
        more = "keepalive 4;" if way == "pool" else ""
        ways.setdefault(server, {})[way] = f"server 127.0.0.1:{serve(server)}; {more}"
    both = f"server 127.0.0.1:{serve('plain')}; server 127.0.0.1:{serve('trusting')};"
    dead = f"server 127.0.0.1:{serve('trusting')} max_fails=0; server 127.0.0.1:1 max_fails=0;"
    ways["several"] = {"two": both, "half-dead": dead}
    with nginx(tmp_path_factory.mktemp("nginx"), ways) as found:
        yield found


@pytest.mark.parametrize(("way", "server"), WAYS)
def test_a_way_is_named(urls, way, server):
    """Verdict, practices, and what became of the two headers."""
    judgement = probed(urls[way, server])
    found = fates(judgement)
    named = (judgement.outcome.code, codes(judgement.practices), found["xff"], found["x-real-ip"])
    assert named == WAYS[way, server]
    assert judgement.connection == ("pooled" if way == "pool" else "per-request")
    assert codes(judgement.notes) == [*UNREAD.get((way, server), []), "target-changed", "host-changed"]


def test_who_takes_a_forged_address_is_told(urls):
    """X-Real-IP is where nginx writes whom it believes; the server that reads it believes it too."""
    judgement = probed(urls["over-trusting", "real-ip"])
    fate = next(one for one in judgement.fates if one.canary.code == "xff-two")
    assert (fate.copied, fate.taken, fate.believed) == (("X-Real-IP",), True, True)
    assert fate.by == ("192.0.2.3",)
    assert "X-Forwarded-For chooses the address" in judgement.says


def test_a_proxy_that_is_fooled_is_a_finding(urls):
    """Though the server is not: it reads another header, or none."""
    judgement = probed(urls["over-trusting-full", "trusting"])
    assert (judgement.outcome.code, judgement.outcome.exit) == ("forgeable-at-proxy", 4)
    assert "it wrote one into X-Real-IP. Who reads that is fooled; this server was not." in judgement.says
    also = [note.code for note in probed(urls["over-trusting", "plain"]).also]
    assert also == ["forgeable-at-proxy"]


def test_a_record_is_no_belief(urls):
    """X-Original-Forwarded-For holds what the client sent; nobody believes it."""
    judgement = probed(urls["keep-original", "trusting"])
    fate = next(one for one in judgement.fates if one.canary.code == "xff")
    assert (fate.copied, fate.taken, fate.believed) == (("X-Original-Forwarded-For",), False, False)
    assert fate.by == (CLIENT,)


def test_a_header_that_the_server_alone_reads_is_tried(urls):
    """The table lacks it; the server's policy names it."""
    judgement = probed(urls["append", "odd"])
    (believed,) = [fate for fate in judgement.fates if fate.believed]
    assert (believed.canary.code, believed.canary.header.lower()) == ("read-x-my-client", "x-my-client")


def test_several_ways_are_found(urls):
    """nginx takes two servers in turn; one trusts it."""
    judgement = probed(urls["two", "several"], count=8)
    assert judgement.outcome.code == "several-paths"
    assert "4 of 8 requests" in judgement.says
    found = {(path.client, path.arrival, path.times) for path in judgement.paths}
    assert found == {(CLIENT, "preserved", 4), ("127.0.0.1", "unbelieved", 4)}
    assert "paths-many" in codes(judgement.notes)


def test_a_server_that_is_gone_is_a_way_too(urls):
    """Half of the requests get 502 of nginx."""
    judgement = probed(urls["half-dead", "several"], count=6)
    assert (judgement.outcome.code, judgement.outcome.exit) == ("unsteady", 1)
    assert "3 of 6 requests got no answer" in judgement.says
    assert {path.times for path in judgement.paths} == {3}
    assert any("502" in path.fault for path in judgement.paths)


def test_the_address_of_a_proxy_beside_us_is_not_ours(urls):
    """Bound to 127.0.0.1, probe and nginx look the same to the server."""
    judgement = probed(urls["untouched", "plain"], bind="127.0.0.1")
    assert judgement.outcome.code == "unclear"


def test_an_address_that_is_given_counts(urls):
    """--my-address is what is looked for; this end's own is not."""
    assert probed(urls["append", "trusting"], mine="198.18.0.7").outcome.code == "lost"
    assert probed(urls["append", "plain"], bind="127.0.0.8", mine="127.0.0.8").outcome.code == "unbelieved"


def test_a_server_without_anything_in_between(serve):
    """Each address of loopback is its own client."""
    for bind in ("127.0.0.1", "127.0.0.2"):
        judgement = probed(f"http://127.0.0.1:{serve('plain')}/", bind=bind)
        assert (judgement.outcome.code, judgement.connection) == ("preserved", "end-to-end")
        assert (str(judgement.told.client), judgement.notes, judgement.added) == (bind, (), ())
        assert set(fates(judgement).values()) == {"unchanged"}


def test_whom_the_server_trusts_may_forge(serve):
    """It is told that it is trusted, since from outside the answer is another."""
    judgement = probed(f"http://127.0.0.1:{serve('trusting')}/", bind="127.0.0.1")
    assert (judgement.outcome.code, codes(judgement.notes)) == ("forgeable", ["mine-trusted"])
    judgement = probed(f"http://127.0.0.1:{serve('trusting')}/")
    assert (judgement.outcome.code, codes(judgement.notes)) == ("preserved", [])


def test_haproxy_adds_a_field(tmp_path, serve):
    """`option forwardfor` writes a field of its own."""
    with haproxy(tmp_path, serve("trusting"), more="option forwardfor") as url:
        judgement = probed(url)
    assert (judgement.outcome.code, codes(judgement.practices)) == ("preserved", ["adds-field"])
    assert fates(judgement)["xff-fields"] == "beside"
    assert judgement.added == ("x-forwarded-for",)


def test_haproxy_speaks_the_proxy_protocol(tmp_path, serve):
    """Version 2: nothing in HTTP tells of it."""
    with haproxy(tmp_path, serve("requiring"), mode="tcp", flags="send-proxy-v2") as url:
        judgement = probed(url)
    assert (judgement.outcome.code, codes(judgement.practices)) == ("preserved", ["passes"])
    assert judgement.connection == "end-to-end"
    assert judgement.told.source == "proxied-peer"
    assert (str(judgement.told.peer), str(judgement.told.proxied)) == ("127.0.0.1", CLIENT)


def test_haproxy_says_nothing(tmp_path, serve):
    """Bytes passed on over a connection of its own: our address is gone, with no trace in HTTP."""
    with haproxy(tmp_path, serve("plain"), mode="tcp") as url:
        judgement = probed(url)
    assert (judgement.outcome.code, str(judgement.told.client)) == ("lost", "127.0.0.1")


def test_a_proxy_header_that_is_missing_is_guessed(serve):
    """The server closes the connection."""
    with pytest.raises(ProbeFault) as fault:
        probed(f"http://127.0.0.1:{serve('requiring')}/")
    assert "PROXY" in fault.value.next_step or "400" in fault.value.fault
