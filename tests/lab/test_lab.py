"""Each row of the laboratory: what the kernel shows the pod, and whether whofrom says what is true of it."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.laboratory import Answer, Laboratory, missing
from tests.lab.scenarios import LOST, ROWS, SETUPS, Outcome, Row
from tests.lab.syns import Syns

ROUNDS = 40  # of requests until every outcome was seen; of two by chance, one is missing once in 10^12
BUSY_SECONDS = 0.004  # a handshake that took longer is no sign of nearness to anybody: the request is made again
PATHS = ("/", "/ip", "/explain?format=json")
_REASON = (
    "not in CI: `make lab-test` runs it"
    if os.environ.get("CI")
    else "its rows share one network, and run one after the other: `make lab-test` runs it"
    if os.environ.get("PYTEST_XDIST_WORKER")
    else missing()
)
pytestmark = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON),
    pytest.mark.timeout(400),  # waits for a laboratory that runs already
]
# of each setup the requests first, alone, then the probes, all at once
CASES = [
    case
    for setup in SETUPS
    for rows in [[row for row in ROWS if row.setup == setup]]
    for case in [*((row, False) for row in rows), *((row, True) for row in rows if row.probe is not None)]
]


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    with Laboratory() as laboratory:
        yield laboratory


def _shown(record: dict[str, Any]) -> tuple[str, str, str | None, str | None]:
    """What a record says the pod saw: RemoteAddr, the socket's other end, X-Forwarded-For, X-Real-IP."""
    forwarded, real_ip = (record["headers"].get(name) for name in ("x-forwarded-for", "x-real-ip"))
    return (
        record["proxied_ip"] or record["peer_ip"],
        record["peer_ip"],
        ", ".join(forwarded) if forwarded else None,
        ", ".join(real_ip) if real_ip else None,
    )


def _expected(outcome: Outcome) -> tuple[str, str, str | None, str | None]:
    return outcome.peer, outcome.socket or outcome.peer, outcome.forwarded, outcome.real_ip


def _differences(outcome: Outcome, path: str, answer: Answer) -> Iterator[str]:
    """Where an answer and its record say something else than the outcome."""
    record, client = answer.record, outcome.client or outcome.peer
    if record["client_ip"] != client:
        yield f"the record's client_ip is {record['client_ip']}, not {client}"
    if record["finding"] != outcome.finding:
        yield f"the record's finding is {record['finding']}, not {outcome.finding}"
    if path == "/":
        told = re.search(r"^RemoteAddr: (\S+):\d+$", answer.body, re.MULTILINE)
        if told is None or told[1] != outcome.peer:
            yield f"RemoteAddr is not {outcome.peer} in {answer.body!r}"
    elif path == "/ip":
        if answer.body.strip() != client:
            yield f"/ip answers {answer.body.strip()}, not {client}"
    else:
        explanation = json.loads(answer.body)
        said = explanation["finding"]["code"], explanation["verdict"]
        if said != (outcome.finding, outcome.verdict):
            yield f"/explain says {said}, not {(outcome.finding, outcome.verdict)}"
        lost_at = (explanation["lost_at"] or {}).get("ip")
        if lost_at != (client if outcome.verdict == LOST else None):  # lost where the address in the client's place is
            yield f"/explain says that it was lost at {lost_at}"
        stories = [candidate["story"] for candidate in explanation["candidates"]]
        if outcome.story and outcome.story not in stories:
            yield f"{outcome.story} is not among the candidates {stories}"
        if outcome.socket and "proxy-header" not in [evidence["code"] for evidence in explanation["evidence"]]:
            yield f"the PROXY header is no evidence in {explanation['evidence']}"


def _ask(lab: Laboratory, row: Row, path: str, syns: Syns) -> tuple[Answer, tuple[int, str] | None]:
    """An answer, and how its connection's SYN came: (hops, whose MAC address), None if it says nothing."""
    for _ in range(ROUNDS):
        answer = lab.get(row, path)
        syn = syns.of(answer.record["peer_ip"], answer.record["peer_port"])
        if syn is None or syn.seconds is None:
            return answer, None
        if syn.seconds < BUSY_SECONDS:
            return answer, (syn.hops, lab.sender(syn))
    pytest.fail(f"no handshake within {BUSY_SECONDS} s: this machine has too much else to do")


def _requests(lab: Laboratory, row: Row) -> None:
    """Make a row's requests until each of its outcomes was seen."""
    wrong: dict[str, None] = {}  # each difference once, in order
    missed = set(row.outcomes)
    with lab.syns() as syns:
        for _ in range(ROUNDS):
            for path in PATHS:
                answer, came = _ask(lab, row, path, syns)
                found = [outcome for outcome in row.outcomes if _expected(outcome) == _shown(answer.record)]
                assert found, f"the pod sees {_shown(answer.record)}: none of {row.outcomes}"
                outcome = found[0]
                missed.discard(outcome)
                wrong |= dict.fromkeys(_differences(outcome, path, answer))
                if outcome.hops is not None and came != (outcome.hops, outcome.sender):
                    wrong[f"its SYN came (hops, from) {came}, not {(outcome.hops, outcome.sender)}"] = None
            if not missed:
                break
    assert not missed
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("row", "is_probe"), [pytest.param(*case, id=f"{case[0].id}{' probe' if case[1] else ''}") for case in CASES]
)
def test_what_whofrom_says_is_true(lab: Laboratory, row: Row, is_probe: bool) -> None:
    lab.use(row.setup)
    if is_probe:
        code, printed = lab.probed(row, [other for other in ROWS if other.setup == row.setup])
        assert code == row.probe, printed
    elif row.outcomes:
        _requests(lab, row)
    else:
        assert not lab.answers(row)
