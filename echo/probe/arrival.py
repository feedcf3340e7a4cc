"""
Does our address arrive, with one request? Pure.

1. A server's own idea of its client is not enough: it is compared with ours.
2. A machine has several addresses, and its kernel may choose another than the one that a connection begins with (a
   node's, towards a pod behind its own bridge). Since others elsewhere may have the same (172.17.0.1 is Docker's bridge
   on many machines), such an address is ours only where the server is sure of what it names, or doubts it and the port
   is ours. It is sure if it was with one of our requests and doubted the others: it may be too busy to time each
   handshake.
3. An address that is ours at the server's socket may yet be that of a program beside us, or of one far away that has
   the same: at loopback, with a proxy proven in between, or where an inner address was to come out of a public one and
   the server is not sure, it counts only if the port is ours too.
4. Where our own address is of an inner network and the server's is not, ours is unknown. Then the server's verdict
   counts, but for what a probe knows better: a header that we did not send was written by a proxy, and with a proxy in
   between, who connects to the server is not us.
"""

from collections.abc import Sequence
from typing import NamedTuple

from echo.clientip import Address, parse_hop
from echo.probe.answers import NONCE_HEADER, WHOAMI, WHOFROM, Answer
from echo.probe.seen import Seen, entries, entry_address, is_inside, is_loopback, same

# what happened to our address with one request -> the outcome, if it happened with all
ARRIVED, BEHIND_NAT, IN_HEADER = "preserved", "preserved-behind-nat", "preserved-in-header"
GOOD = frozenset({ARRIVED, BEHIND_NAT, IN_HEADER})
DOUBTFUL = "ambiguous"  # one of them
PRESERVED = "preserved-"  # verdicts of the server's begin with it


class Sent(NamedTuple):
    """
    What is known of the requests before they are answered.

    mine     addresses given as ours; empty: those of our ends of the connections are
    local    other addresses of this machine
    names    lower-case names of the fields that all requests have
    host     of the Host header
    path     of the target, with the query, as far as it is the same in all
    """

    mine: tuple[Address, ...] = ()
    local: tuple[Address, ...] = ()
    names: frozenset[str] = frozenset()
    host: str = ""
    path: str = ""


class Bearer(NamedTuple):
    """A header that holds our address: at which place from the right, and whether no canary could change that."""

    header: str
    place: int
    is_steady: bool = True


class Known(NamedTuple):
    """
    What all requests together tell of each.

    has_proxy  a program that speaks HTTP is proven to stand in between
    sure       clients that the server named, sure that it is they
    """

    has_proxy: bool = False
    sure: frozenset[bytes] = frozenset()


def sure_of(answers: Sequence[Answer]) -> frozenset[bytes]:
    """
    Return the clients of whom the server was sure at times, and never sure of the contrary.

    answers  to requests that forge nothing: of others the server says that they were forged
    """
    named = [(answer.client.packed, answer.verdict) for answer in answers if answer.client is not None]
    contrary = {packed for packed, verdict in named if not verdict.startswith(PRESERVED) and verdict != DOUBTFUL}
    return frozenset(packed for packed, verdict in named if verdict.startswith(PRESERVED)) - contrary


def arrival(sent: Sent, seen: Seen, answer: Answer, known: Known) -> str:
    """Return what happened to our address with one request: a code of OUTCOMES."""
    is_sure = answer.client is not None and answer.client.packed in known.sure
    mine = own(sent, seen)
    socket = answer.proxied or answer.peer
    named = answer.client if answer.kind == WHOFROM else socket
    held = _held(mine, answer)
    if named is None:
        return "unbelieved" if held else "nobody"
    if same(named, mine):
        at_socket = answer.proxied is None and same(answer.peer, mine) and not held
        doubtful = known.has_proxy or any(map(is_loopback, mine)) or (_goes_far(seen) and not is_sure)
        return "unclear" if at_socket and doubtful and not _same_port(seen, answer) else ARRIVED
    if not sent.mine and same(named, sent.local):
        # the port does not outweigh that the server knows its clients to be hidden there, as by Docker's bridge
        is_ours = is_sure or (answer.verdict == DOUBTFUL and _same_port(seen, answer))
        return ARRIVED if is_ours else "unclear-other"
    if held:
        return IN_HEADER if answer.kind == WHOAMI else "unbelieved"
    if same(socket, mine):
        return "passed-over"
    if sent.mine or not mine or not all(map(is_inside, mine)) or is_inside(named):
        return "lost"
    at_socket = same(named, [socket] if socket else []) and answer.proxied is None
    if at_socket and known.has_proxy and not _held([named], answer):
        return "lost-behind-proxy"
    if answer.kind == WHOAMI or answer.verdict.startswith(PRESERVED):
        return BEHIND_NAT
    return "unclear-behind-nat"


def own(sent: Sent, seen: Seen) -> tuple[Address, ...]:
    """Return the addresses that are ours with one request."""
    return sent.mine or ((seen.mine,) if seen.mine is not None else ())


def _same_port(seen: Seen, answer: Answer) -> bool:
    return bool(answer.port) and seen.port == answer.port


def _goes_far(seen: Seen) -> bool:
    """Return whether we called a public address from an inner one."""
    to = parse_hop(seen.to)
    inner = seen.mine is not None and is_inside(seen.mine)
    return inner and to is not None and not is_inside(to)


def _places(header: str, values: Sequence[str], mine: Sequence[Address]) -> list[int]:
    """Return at which places from the right, from 1, our address stands in a header."""
    from_right = reversed(entries(values))
    return [place for place, text in enumerate(from_right, 1) if same(entry_address(header, text), mine)]


def _held(mine: Sequence[Address], answer: Answer) -> dict[str, int]:
    """Return the headers that hold our address: name -> place from the right."""
    found: dict[str, int] = {}
    for name in dict.fromkeys(name.lower() for name, _ in answer.headers):
        if name == NONCE_HEADER.lower() or name == "host":
            continue
        places = _places(name, answer.values(name), mine)
        if places:
            found[name] = places[0]
    return found


def bearers_of(mine: Sequence[Address], answers: Sequence[Answer], forged: Sequence[Seen]) -> tuple[Bearer, ...]:
    """Return the headers that hold our address in all answers to base requests."""
    held = [_held(mine, answer) for answer in answers]
    spelling = {name.lower(): name for answer in answers for name, _ in answer.headers}
    found = []
    for name, place in held[0].items():
        if all(one.get(name) == place for one in held):
            steady = all(
                place in _places(name, one.answer.values(name), mine) for one in forged if one.answer is not None
            )
            found.append(Bearer(spelling[name], place, steady))
    return tuple(found)
