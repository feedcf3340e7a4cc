"""What holds for every dialect, whatever its program does."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from echo.clientip import ConfigFault
from echo.clientip.dialects import DIALECTS, Answer, Arrival

HEADER = "X-Forwarded-For"
TRUSTED = ["10.0.0.0/8"]
PROGRAM = re.compile(r"[a-z]+(-[a-z]+)*")
HEADERS = (HEADER, "x-forwarded-for", "Forwarded", "X-Real-IP", "Client-Ip", "X-Forwarded-Proto")
SHORT, FACTOR = 25_000, 4  # characters; the long text is 100 KB
LINEAR = 3.0  # times what linear growth would take: quadratic time would take FACTOR times as long


def build(one, trusted=TRUSTED):
    return one.build(one.argument.replace("{header}", HEADER), trusted)


RESOLVERS = {name: build(one) for name, one in DIALECTS.items()}

addresses = st.ip_addresses().map(str)
texts = st.text(st.one_of(st.sampled_from(list('0123456789abcdef.:,;=[]%"\\ \t_-/')), st.characters(codec=None)))
sockets = st.builds(
    lambda address, port: f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
    addresses,
    st.integers(0, 65535),
)
peers = st.one_of(sockets, addresses, st.sampled_from([None, "", "@", "unix:", "unix:/run/s", "10.0.0.1:40000"]), texts)
lines = st.one_of(texts, st.lists(st.one_of(addresses, sockets, texts)).map(", ".join))
arrivals = st.builds(
    Arrival,
    peers,
    st.lists(st.tuples(st.one_of(st.sampled_from(HEADERS), texts), lines), max_size=4),
    st.one_of(st.none(), sockets, texts),
)


@pytest.mark.parametrize("name", DIALECTS)
def test_dialect_is_described(name):
    one = DIALECTS[name]
    assert one.name == name
    assert PROGRAM.fullmatch(one.program)
    assert one.version
    assert one.meaning.endswith(".")
    assert "\n" not in one.meaning


def test_names_do_not_clash():
    assert len(set(DIALECTS)) == len(DIALECTS)
    assert not [name for name in DIALECTS if ":" in name or "," in name or name != name.lower()]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("trusted", [[], TRUSTED, ["10.0.0.0/8", "2001:db8:10::/48"]])
def test_dialect_builds_with_its_usual_argument(name, trusted):
    if name == "traefik-excluded" and not trusted:
        with pytest.raises(ConfigFault, match="excludedIPs is empty"):
            build(DIALECTS[name], trusted)
    else:
        assert callable(build(DIALECTS[name], trusted))


@given(arrivals)
def test_every_arrival_is_answered_and_always_the_same(arrival):
    for name, resolve in RESOLVERS.items():
        answer = resolve(arrival)
        assert isinstance(answer, Answer), name
        assert answer.client is None or isinstance(answer.client, str), name
        assert resolve(arrival) == answer, name


# pathological: one element over and over
ELEMENTS = ["10.0.0.1, ", ",", "::1,", "[", "0", ' "\\', "a" * 9 + ", ", "for=10.0.0.1;", "1.2.3.4:", "% "]


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize("several", [False, True], ids=["one field", "many fields"])
def test_time_is_linear(name, element, several):
    resolve = RESOLVERS[name]

    def seconds(size):
        text = element * (size // len(element))
        values = [text[at : at + 100] for at in range(0, size, 100)] if several else [text]
        arrival = Arrival("10.0.0.1:40000", [(header, value) for header in HEADERS for value in values])
        return min(_timed(resolve, arrival) for _ in range(2))

    limit = FACTOR * LINEAR
    # a busy machine may spoil one measurement, and a quadratic walk spoils them all
    assert any(seconds(SHORT * FACTOR) <= limit * max(seconds(SHORT), 0.0005) for _ in range(3))


def _timed(resolve, arrival):
    start = time.thread_time()
    resolve(arrival)
    return time.thread_time() - start
