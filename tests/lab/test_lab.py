"""Each row of the laboratory: what the kernel shows the pod, and whether whofrom says what is true of it."""

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.laboratory import Answer, Laboratory, missing
from tests.lab.scenarios import ROWS, SETUPS, Outcome, Row

ROUNDS = 40  # of requests until every outcome was seen; of two by chance, one is missing once in 10^12
_REASON = (
    "not in CI: `make lab-test` runs it"
    if os.environ.get("CI")
    else "one after the other: `make lab-test` runs it"
    if os.environ.get("PYTEST_XDIST_WORKER")
    else missing()
)
pytestmark = [
    pytest.mark.skipif(bool(_REASON), reason=_REASON),
    pytest.mark.timeout(400),  # waits for a laboratory that runs already
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


def _syn_differences(lab: Laboratory, outcome: Outcome, record: dict[str, Any], syns: list[Any]) -> Iterator[str]:
    if outcome.hops is None:
        return
    mine = [syn for syn in syns if (syn.peer, syn.port) == (record["peer_ip"], record["peer_port"])]
    if not mine:
        yield f"no SYN from {record['peer_ip']}:{record['peer_port']} in {syns}"
    elif (seen := (mine[-1].hops, lab.sender(mine[-1]))) != (outcome.hops, outcome.sender):
        yield f"its SYN came through (hops, from) {seen}, not {(outcome.hops, outcome.sender)}"


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.id) for row in sorted(ROWS, key=lambda row: list(SETUPS).index(row.setup))]
)
def test_what_the_pod_sees_and_what_is_said_about_it(lab: Laboratory, row: Row) -> None:
    if lab.use(row.setup):
        lab.start_probes(other for other in ROWS if other.setup == row.setup and other.probe is not None)
    if not row.outcomes:
        assert not lab.answers(row)
        return

    wrong: dict[str, None] = {}  # each difference once, in order
    missed = set(row.outcomes)
    with lab.syns() as syns:
        for _ in range(ROUNDS):
            for path in ("/", "/ip", "/explain?format=json"):
                answer = lab.get(row, path)
                found = [outcome for outcome in row.outcomes if _expected(outcome) == _shown(answer.record)]
                assert found, f"the pod sees {_shown(answer.record)}: none of {row.outcomes}"
                missed.discard(found[0])
                wrong |= dict.fromkeys(_differences(found[0], path, answer))
                wrong |= dict.fromkeys(_syn_differences(lab, found[0], answer.record, syns.read()))
            if not missed:
                break
    assert not missed
    if row.probe is not None:
        code, printed = lab.probed(row)
        if code != row.probe:
            wrong[f"probe exits with {code}, not {row.probe}: {printed}"] = None
    assert not wrong, "\n".join(wrong)
