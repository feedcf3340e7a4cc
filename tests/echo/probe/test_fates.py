"""What became of a header: what was sent beside what arrived."""

import pytest

from echo.clientip import parse_hop
from echo.probe.answers import WHOFROM, Answer
from echo.probe.canaries import canaries
from echo.probe.fates import FATES, PROXY_HEADER, fate_of

TABLE = {canary.code: canary for canary in canaries()}
ME = "203.0.113.7"


def answer(*headers, client=None, proxied=None, reads=()):
    """Return an answer with these headers."""
    return Answer(
        WHOFROM, "/", headers, parse_hop("10.0.0.1"), proxied=proxied and parse_hop(proxied),
        client=client and parse_hop(client), reads=reads,
    )  # fmt: skip


# canary, values that arrived -> fate, what was added or stands instead
IN_PLACE = [
    ("xff", ["192.0.2.1"], "unchanged", ()),
    ("xff", ["192.0.2.1:443"], "unchanged", ()),  # Azure's gateways write ports
    ("xff", [], "stripped", ()),
    ("xff", [""], "stripped", ()),
    ("xff", [f"192.0.2.1, {ME}"], "appended", (ME,)),
    ("xff", [f"192.0.2.1,{ME},10.0.0.1"], "appended", (ME, "10.0.0.1")),
    ("xff", ["192.0.2.1", ME], "beside", (ME,)),
    ("xff", [f"{ME}, 192.0.2.1"], "prepended", (ME,)),
    ("xff", [ME], "replaced", (ME,)),
    ("xff", [ME, "unknown"], "replaced", (ME, "unknown")),
    ("xff", [f"{ME}, 192.0.2.1, {ME}"], "altered", (ME, "192.0.2.1", ME)),
    ("xff-two", ["192.0.2.3,192.0.2.4"], "unchanged", ()),
    ("xff-two", ["192.0.2.3", "192.0.2.4"], "unchanged", ()),
    ("xff-two", [f"192.0.2.4, {ME}"], "altered", ("192.0.2.4", ME)),
    ("xff-two", ["192.0.2.3"], "replaced", ("192.0.2.3",)),  # nginx that believes it, with $remote_addr
    ("xff-fields", ["192.0.2.6", "192.0.2.7"], "unchanged", ()),
    ("xff-fields", ["192.0.2.6, 192.0.2.7"], "joined", ()),
    ("xff-fields", [f"192.0.2.6, 192.0.2.7, {ME}"], "appended", (ME,)),
    ("xff-fields", ["192.0.2.6", f"192.0.2.7, {ME}"], "appended", (ME,)),
    ("xff-fields", ["192.0.2.6", "192.0.2.7", ME], "beside", (ME,)),
    ("xff-fields", [f"192.0.2.7, {ME}"], "altered", ("192.0.2.7", ME)),
    ("xff-v6", ["2001:DB8:213:86:0:0:0:8"], "unchanged", ()),
    ("forwarded", ["for=192.0.2.9"], "unchanged", ()),
    ("forwarded", ['For="192.0.2.9"'], "unchanged", ()),
    ("forwarded", [f"for=192.0.2.9, for={ME};proto=https"], "appended", (f"for={ME};proto=https",)),
    ("forwarded", [f"for={ME}"], "replaced", (f"for={ME}",)),
    ("x-real-ip", ["192.0.2.11"], "unchanged", ()),
    ("x-real-ip", [ME], "replaced", (ME,)),
    ("x-real-ip", ["192.0.2.11", ME], "beside", (ME,)),
]


@pytest.mark.parametrize(("code", "values", "fate", "by"), IN_PLACE)
def test_what_became_of_the_header(code, values, fate, by):
    canary = TABLE[code]
    found = fate_of(canary, answer(*((canary.header.lower(), value) for value in values)))
    assert (found.code, found.by) == (fate, by)
    assert not found.copied


# headers that arrived beside X-Forwarded-For -> where it was copied, whether a proxy took it
COPIES = [
    ([("X-Real-IP", "192.0.2.1")], ("X-Real-IP",), True),
    ([("X-Envoy-External-Address", "192.0.2.1")], ("X-Envoy-External-Address",), True),
    ([("X-Original-Forwarded-For", "192.0.2.1")], ("X-Original-Forwarded-For",), False),
    ([("Forwarded", 'for="192.0.2.1:80";proto=http')], ("Forwarded",), True),
    ([("X-Seen", "chain 192.0.2.1; 10.0.0.1")], ("X-Seen",), False),
    ([("X-Seen", "192.0.2.10 192.0.2.100 1192.0.2.1")], (), False),
    ([("X-Whofrom-Nonce", "192.0.2.1")], (), False),
    ([], (), False),
]


@pytest.mark.parametrize(("headers", "copied", "taken"), COPIES)
def test_where_else_it_turned_up(headers, copied, taken):
    found = fate_of(TABLE["xff"], answer(("X-Forwarded-For", f"192.0.2.1, {ME}"), *headers))
    assert (found.copied, found.taken) == (copied, taken)


def test_a_proxy_that_appends_what_was_forged_believes_it():
    found = fate_of(TABLE["xff"], answer(("X-Forwarded-For", "192.0.2.1, 192.0.2.1")))
    assert (found.code, found.taken, found.believed) == ("appended", True, False)


def test_a_proxy_that_says_it_in_a_proxy_header_believes_it():
    found = fate_of(TABLE["xff"], answer(("X-Forwarded-For", "192.0.2.1"), proxied="192.0.2.1"))
    assert (found.copied, found.taken) == ((PROXY_HEADER,), True)


def test_belief_of_the_server():
    one = TABLE["x-real-ip"]
    assert fate_of(one, answer(client="192.0.2.11")).believed
    assert not fate_of(one, answer(client=ME)).believed
    assert not fate_of(one, answer(client="192.0.2.1")).believed  # another canary's: not this one's doing


def test_who_hides():
    """Only where the server reads the header and names somebody without it."""
    one, reading = TABLE["xff"], answer(reads=("x-forwarded-for",))
    assert fate_of(one, reading, [answer(client=ME)]).hidden
    assert not fate_of(one, reading, [answer(client=ME), answer()]).hidden
    assert not fate_of(one, reading, []).hidden
    assert not fate_of(one, answer(), [answer(client=ME)]).hidden


def test_no_answer():
    assert fate_of(TABLE["xff"], None).code == "refused"


def test_every_fate_is_met():
    assert {row[2] for row in IN_PLACE} | {"refused"} == set(FATES)
