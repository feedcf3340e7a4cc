"""From what was seen to a verdict, without a network."""

import pytest

from echo.clientip import parse_hop
from echo.probe.answers import NONCE_HEADER, WHOAMI, WHOFROM, Answer
from echo.probe.arrival import Sent
from echo.probe.canaries import CANARIES, canaries
from echo.probe.judge import judge
from echo.probe.outcomes import NOTES, OUTCOMES, PRACTICES
from echo.probe.seen import Seen

PUBLIC, INNER, LOOPBACK, GATEWAY = "81.2.69.142", "192.168.1.5", "127.0.0.1", "81.2.69.1"
PROXY, PORT = "10.0.0.1", 40000
XFF, REAL = "X-Forwarded-For", "X-Real-IP"


def seen(
    mine,
    peer,
    client,
    *headers,
    proxied=None,
    port=0,
    kind=WHOFROM,
    verdict="preserved-at-socket",
    number=1,
    id_="",
    **more,
):
    """Return a request and its answer."""
    found = Answer(
        kind, "/explain?format=json&x=1", ((NONCE_HEADER, "n"), *headers), parse_hop(peer or ""), port,
        parse_hop(proxied or ""), parse_hop(client or ""), verdict=verdict, connection=id_, number=number, **more,
    )  # fmt: skip
    return Seen(parse_hop(mine or ""), PORT, "81.2.69.200", None, found)


def verdict(base, *, mine=(), local=(), forged=(), kept=()):
    """Return the code of the verdict."""
    sent = Sent(
        tuple(map(parse_hop, mine)),
        tuple(map(parse_hop, local)),
        frozenset({NONCE_HEADER.lower()}),
        "",
        "/explain?format=json",
    )
    return judge(sent, base, list(forged), list(kept)).outcome.code


# label -> one request, addresses given as ours, the verdict
ONE = {
    "at the socket": (seen(PUBLIC, PUBLIC, PUBLIC), (), "preserved"),
    "by a PROXY header": (seen(PUBLIC, PROXY, PUBLIC, proxied=PUBLIC), (), "preserved"),
    "in a header that is believed": (seen(PUBLIC, PROXY, PUBLIC, (XFF, PUBLIC)), (), "preserved"),
    "at the socket, and a header repeats it": (seen(PUBLIC, PUBLIC, PUBLIC, (XFF, PUBLIC)), (), "preserved"),
    "an inner address, inside": (seen(INNER, INNER, INNER), (), "preserved"),
    "a mapped address": (seen("::ffff:81.2.69.142", PUBLIC, PUBLIC), (), "preserved"),
    "at loopback, the port is ours": (seen(LOOPBACK, LOOPBACK, LOOPBACK, port=PORT), (), "preserved"),
    "at loopback, another port: port-forward": (seen(LOOPBACK, LOOPBACK, LOOPBACK, port=7), (), "unclear"),
    "a proxy on our machine": (seen(INNER, INNER, INNER, ("Via", "1.1 x"), port=7), (), "unclear"),
    "a proxy that passes our address through": (seen(INNER, INNER, INNER, (XFF, INNER), port=7), (), "preserved"),
    "an inner address out of a public one": (seen(INNER, INNER, INNER, verdict="ambiguous"), (), "unclear"),
    "a node, to its cluster's balancer": (seen(INNER, INNER, INNER), (), "preserved"),
    "in a header that is not believed": (seen(PUBLIC, PROXY, PROXY, (XFF, PUBLIC)), (), "unbelieved"),
    "in X-Real-IP, not read": (seen(PUBLIC, PROXY, None, (REAL, PUBLIC)), (), "unbelieved"),
    "at the socket, another is named": (seen(PUBLIC, PUBLIC, "6.6.6.6"), (), "passed-over"),
    "a node's address": (seen(PUBLIC, PROXY, PROXY), (), "lost"),
    "an ingress wrote a node's": (seen(PUBLIC, PROXY, "192.168.0.11", (XFF, "192.168.0.11")), (), "lost"),
    "from inside, another inner address": (seen(INNER, PROXY, PROXY), (), "lost"),
    "nobody is named": (seen(PUBLIC, PROXY, None), (), "nobody"),
    "a UNIX socket": (seen(PUBLIC, None, None), (), "nobody"),
    # our public address is not known
    "NAT": (seen(INNER, GATEWAY, GATEWAY), (), "preserved-behind-nat"),
    "NAT, in a header": (seen(INNER, PROXY, GATEWAY, (XFF, GATEWAY)), (), "preserved-behind-nat"),
    "NAT, header agrees": (seen(INNER, GATEWAY, GATEWAY, (XFF, GATEWAY)), (), "preserved-behind-nat"),
    "NAT, a CDN that is not believed": (seen(INNER, "81.2.69.9", "81.2.69.9", (XFF, GATEWAY)), (), "lost-behind-proxy"),
    "NAT, the server doubts": (seen(INNER, GATEWAY, GATEWAY, verdict="ambiguous"), (), "unclear-behind-nat"),
    "NAT, an inner address is named": (seen(INNER, PROXY, PROXY), (), "lost"),
    "a tunnel on this machine": (seen(LOOPBACK, GATEWAY, GATEWAY), (), "preserved-behind-nat"),
    # given
    "NAT, ours is given": (seen(INNER, GATEWAY, GATEWAY), (GATEWAY,), "preserved"),
    "NAT, ours is given and is another": (seen(INNER, GATEWAY, GATEWAY), (PUBLIC,), "lost"),
    "several are given": (seen(INNER, GATEWAY, GATEWAY), (PUBLIC, GATEWAY), "preserved"),
    "given, only in a header": (seen(INNER, PROXY, PROXY, (XFF, GATEWAY)), (GATEWAY,), "unbelieved"),
    # whoami
    "whoami: at the socket": (seen(PUBLIC, PUBLIC, None, kind=WHOAMI), (), "preserved"),
    "whoami: in a header": (seen(PUBLIC, PROXY, None, (XFF, PUBLIC), kind=WHOAMI), (), "preserved-in-header"),
    "whoami: lost": (seen(PUBLIC, PROXY, None, kind=WHOAMI), (), "lost"),
    "whoami: NAT": (seen(INNER, GATEWAY, None, kind=WHOAMI), (), "preserved-behind-nat"),
}


@pytest.mark.parametrize("label", ONE)
def test_one_request(label):
    base, mine, code = ONE[label]
    assert verdict([base], mine=mine) == code


# label -> one request, addresses given as ours, other addresses of this machine, the verdict
OTHER = {
    "a node, by its bridge": (seen("192.168.0.11", "172.18.0.65", "172.18.0.65"), (), "preserved"),
    "the server is not sure": (seen(INNER, "172.17.0.1", "172.17.0.1", verdict="ambiguous"), (), "unclear-other"),
    "the server says that it is lost": (seen(INNER, "172.17.0.1", "172.17.0.1", verdict="lost"), (), "unclear-other"),
    "the port is ours": (seen(INNER, "172.17.0.1", "172.17.0.1", verdict="ambiguous", port=PORT), (), "preserved"),
    "Docker's bridge": (seen(INNER, "172.17.0.1", "172.17.0.1", verdict="lost", port=PORT), (), "unclear-other"),
    "whoami is never sure": (seen(INNER, "172.17.0.1", None, kind=WHOAMI, verdict=""), (), "unclear-other"),
    "ours is given": (seen(INNER, "172.17.0.1", "172.17.0.1"), (PUBLIC,), "lost"),
}


@pytest.mark.parametrize("label", OTHER)
def test_another_address_of_this_machine(label):
    base, mine, code = OTHER[label]
    assert verdict([base], mine=mine, local=("172.18.0.65", "172.17.0.1")) == code


def test_a_server_that_is_sure_once_is_sure():
    """It may be too busy to time each handshake; but where it says the contrary once, nothing is sure."""
    doubts, sure, contrary = (
        seen("192.168.0.11", "172.18.0.65", "172.18.0.65", verdict=verdict)
        for verdict in ("ambiguous", "preserved-at-socket", "lost")
    )
    forged = contrary._replace(canary=canaries()[0])
    assert verdict([doubts, doubts], local=["172.18.0.65"]) == "unclear-other"
    assert verdict([doubts, doubts], local=["172.18.0.65"], forged=[forged], kept=[sure]) == "preserved"
    assert verdict([doubts, sure], local=["172.18.0.65"]) == "preserved"
    assert verdict([doubts, sure, contrary], local=["172.18.0.65"]) == "unclear-other"


def test_another_address_of_this_machine_is_told():
    base = seen("192.168.0.11", "172.18.0.65", "172.18.0.65")
    found = judge(Sent(local=(parse_hop("172.18.0.65"),)), [base], [], [])
    assert found.says.startswith("Your address 172.18.0.65 arrives")
    assert [note.code for note in found.notes] == ["other-address"]


def test_nat_and_a_pool_of_connections():
    """Who connects to the server is the proxy, though no header says that there is one."""
    base = [seen(INNER, GATEWAY, GATEWAY, id_="a", number=number) for number in (1, 2)]
    assert verdict(base) == "lost-behind-proxy"
    assert verdict(
        [one._replace(answer=one.answer._replace(connection=str(n), number=1)) for n, one in enumerate(base)]
    ) == ("preserved-behind-nat")


def test_ways():
    """One that loses the address outweighs those that keep it; one that does not answer is told."""
    good, lost = seen(PUBLIC, PUBLIC, PUBLIC), seen(PUBLIC, PROXY, PROXY)
    dead = Seen(None, 0, "", fault="it is gone")
    assert verdict([good, lost, good]) == "several-paths"
    assert verdict([lost, lost]) == "lost"
    assert verdict([good, dead]) == "unsteady"
    assert verdict([lost, dead]) == "lost"
    found = judge(Sent(), [good, good, lost, dead], [], [])
    assert [(path.times, path.arrival, path.fault) for path in found.paths] == [
        (2, "preserved", ""),
        (1, "lost", ""),
        (1, "", "it is gone"),
    ]
    assert "2 of 4 requests" in found.says
    assert found.told is lost.answer  # what is wrong is explained


def test_servers_are_told_apart():
    """Behind one address, by the names they give; where names of DNS are several addresses, by those."""
    one, other = (seen(PUBLIC, PUBLIC, PUBLIC, server=name) for name in ("pod-1", "pod-2"))
    found = judge(Sent(), [one, other, other], [], [])
    assert (found.outcome.code, [(path.server, path.times) for path in found.paths]) == (
        "preserved",
        [("pod-2", 2), ("pod-1", 1)],
    )
    found = judge(Sent(), [one, one._replace(to="81.2.69.201")], [], [])
    assert [path.to for path in found.paths] == ["81.2.69.200", "81.2.69.201"]


def forging(code, base, *headers, client=None):
    """Return the answer to a canary."""
    canary = next(one for one in canaries() if one.code == code)
    answer = base.answer._replace(headers=((NONCE_HEADER, "n"), *headers), client=parse_hop(client or ""))
    return base._replace(canary=canary, answer=answer)


def test_a_forged_address_that_is_believed_outweighs_all():
    base = seen(PUBLIC, PROXY, None)
    forged = forging("xff", base, (XFF, "192.0.2.1"), client="192.0.2.1")
    found = judge(Sent(), [base], [forged], [])
    assert (found.outcome.code, [note.code for note in found.also]) == ("forgeable", ["nobody"])
    assert found.says.startswith("Whoever sends X-Forwarded-For chooses")


def test_who_can_hide():
    base = seen(PUBLIC, PROXY, PUBLIC, (XFF, PUBLIC), reads=("X-Forwarded-For",))
    assert verdict([base], forged=[forging("xff", base, (XFF, f"192.0.2.1, {PUBLIC}"), client=None)]) == "hideable"


def test_a_header_of_whoami_that_can_be_forged():
    """A header that holds our address whatever was forged is one to believe; one that is changed is not."""
    base = seen(PUBLIC, PROXY, None, (XFF, PUBLIC), (REAL, PUBLIC), kind=WHOAMI)
    steady = forging("xff", base, (XFF, f"192.0.2.1, {PUBLIC}"), (REAL, PUBLIC))
    other = forging("xff-two", base, (XFF, f"192.0.2.3, 192.0.2.4, {PUBLIC}"), (REAL, "192.0.2.3, 192.0.2.4"))
    fooled = forging("xff-two", base, (XFF, f"192.0.2.3, 192.0.2.4, {PUBLIC}"), (REAL, "192.0.2.3"))
    both = forging("xff-two", base, (XFF, "192.0.2.3, 192.0.2.4"), (REAL, "192.0.2.3"))
    assert verdict([base], forged=[steady, fooled]) == "forgeable-at-proxy"
    found = judge(Sent(), [base], [steady, other], [])
    assert found.outcome.code == "preserved-in-header"
    assert "arrives in X-Forwarded-For, at" in found.says
    assert {one.header: one.is_steady for one in found.bearers} == {XFF: True, REAL: False}
    assert verdict([base], forged=[steady, both]) == "forgeable-header"


def test_the_worst_of_several_rounds_is_told():
    base = seen(PUBLIC, PUBLIC, PUBLIC)
    rounds = [
        forging("xff", base, (XFF, "192.0.2.1"), client=PUBLIC),
        forging("xff", base, (XFF, "192.0.2.1"), client="192.0.2.1"),
        base._replace(canary=forging("xff", base).canary, answer=None),
    ]
    (fate,) = judge(Sent(), [base], rounds, []).fates
    assert (fate.code, fate.believed) == ("unchanged", True)


def test_whom_the_server_trusts():
    base = seen(INNER, INNER, INNER, trusted=("rubbish", "192.168.0.0/16"))
    assert [note.code for note in judge(Sent(), [base], [], []).notes] == ["mine-trusted"]


def test_templates_take_what_is_known():
    """Each text of the tables can be filled in."""
    known = dict.fromkeys(
        ("mine", "client", "peer", "header", "headers", "count", "total", "why", "target", "host"), "x"
    )
    for one in OUTCOMES.values():
        assert "{" not in one.says.format_map(known) + one.todo.format_map(known)
    for text in (*NOTES.values(), *PRACTICES.values()):
        assert "{" not in text.format_map(known)


def test_canaries_are_told_apart():
    """No address twice; where the path has one of a block, another block is taken."""
    for table in (
        canaries(),
        canaries([parse_hop("192.0.2.200"), parse_hop("10.213.86.1")], ["198.51.100.0/25", "private", "x"]),
    ):
        marks = [mark for canary in table for mark in canary.marks]
        assert len(set(marks)) == len(marks)
        assert [canary.code for canary in table] == [row.code for row in CANARIES]
    assert str(table[0].marks[0]) == "203.0.113.1"
    assert next(str(one.marks[0]) for one in table if one.code == "xff-private") == "172.27.213.5"
