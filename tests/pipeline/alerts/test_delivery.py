"""Delivery: once, in order, each sink by itself, whatever receivers answer."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import trustme

from pipeline.alerts import Alert
from pipeline.alerts.deliver import Delivery
from pipeline.alerts.journal import GAVE_UP, KEPT, Journal, told
from pipeline.alerts.settings import ALERTMANAGER, NDJSON, WEBHOOK, Sink
from pipeline.errors import LakeFault
from tests.pipeline.alerts.receivers import alertmanager, alertmanager_program, alerts_of, receiving
from tests.pipeline.alerts.test_alert import ALERT

ALERTS = [replace(ALERT, subject=f"203.0.113.{number}") for number in range(5)]
IDS = [one.fingerprint for one in ALERTS]
PATIENCE = 20.0  # seconds for what takes milliseconds on a quiet machine
FAST = 0.02  # of the waits between tries


@contextmanager
def delivering(folder: Path, *sinks: Sink, said: list[str] | None = None) -> Iterator[Delivery]:
    words = said if said is not None else []
    delivery = Delivery(sinks, str(folder), "test", words.append, FAST)
    try:
        yield delivery
    finally:
        delivery.close()


def hook(url: str, **more: object) -> Sink:
    return Sink(WEBHOOK, "hook", url, **more)  # type: ignore[arg-type]


def test_each_alert_is_told_once_in_order(tmp_path: Path) -> None:
    with receiving() as receiver:
        for _ in range(2):
            with delivering(tmp_path, hook(receiver.url)) as delivery:
                delivery.put(ALERTS[:3])
                assert [one.fingerprint for one in delivery.put(ALERTS)] in (IDS[3:], [])
                assert delivery.drain(PATIENCE)
        assert receiver.ids == IDS


def test_a_sink_gets_what_it_wants_and_what_gets_worse(tmp_path: Path) -> None:
    with receiving() as receiver, delivering(tmp_path, hook(receiver.url, minimum="high")) as delivery:
        assert delivery.put([replace(ALERT, severity="medium")]) == []
        delivery.put([ALERT])
        assert delivery.drain(PATIENCE)
        assert receiver.ids == [ALERT.fingerprint]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_fails_is_tried_again_and_order_is_kept(status: int, tmp_path: Path) -> None:
    said: list[str] = []
    with receiving(lambda count: (status if count < 4 else 200, {}, 0.0)) as receiver:
        with delivering(tmp_path, hook(receiver.url), said=said) as delivery:
            delivery.put(ALERTS)
            assert delivery.drain(PATIENCE)
        assert receiver.ids == [IDS[0]] * 3 + IDS
    assert f"answers {status}" in said[0]
    assert said[-1] == "hook: answers again"
    assert len(said) == 2, "one complaint, not one a try"


def test_a_receiver_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    answers = lambda count: (429, {"Retry-After": "1"}, 0.0) if count == 1 else (200, {}, 0.0)  # noqa: E731
    with receiving(answers) as receiver, delivering(tmp_path, hook(receiver.url)) as delivery:
        delivery.put([ALERT])
        assert delivery.drain(PATIENCE)
        assert receiver.got[1].at - receiver.got[0].at >= 1.0


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_what_is_refused_is_said_and_not_tried_again(status: int, tmp_path: Path) -> None:
    said: list[str] = []
    with receiving(lambda count: (status if count == 1 else 200, {}, 0.0)) as receiver:
        with delivering(tmp_path, hook(receiver.url), said=said) as delivery:
            delivery.put(ALERTS[:2])
            assert delivery.drain(PATIENCE)
            assert delivery.counts()["hook"].refused == 1
        with delivering(tmp_path, hook(receiver.url)) as delivery:
            delivery.put(ALERTS[:2])
            assert delivery.drain(PATIENCE)
            assert receiver.ids == IDS[:2]
            assert delivery.again() == 1
            delivery.put(ALERTS[:2])
            assert delivery.drain(PATIENCE)
        assert receiver.ids == [*IDS[:2], IDS[0]]
    assert f"refused: answers {status}: 'no\\x1bm'" in said[0]


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    said: list[str] = []
    with receiving() as elsewhere, receiving(lambda _: (307, {"Location": elsewhere.url}, 0.0)) as receiver:
        with delivering(tmp_path, hook(receiver.url), said=said) as delivery:
            delivery.put([ALERT])
            assert delivery.drain(PATIENCE)
        assert elsewhere.got == []
    assert "not followed" in said[0]


def test_one_that_hangs_or_fails_holds_up_no_other(tmp_path: Path) -> None:
    with receiving() as good, receiving(lambda _: (200, {}, 30.0)) as slow:
        sinks = (hook(slow.url, timeout=0.3)._replace(name="slow"), Sink(WEBHOOK, "none", "http://127.0.0.1:1/"))
        said: list[str] = []
        with delivering(tmp_path, *sinks, hook(good.url), said=said) as delivery:
            delivery.put(ALERTS)
            end = time.monotonic() + PATIENCE
            while len(good.got) < len(ALERTS) and time.monotonic() < end:
                time.sleep(0.02)
            assert good.ids == IDS
            assert not delivery.drain(0.5)
            assert delivery.counts()["slow"].waiting == delivery.counts()["none"].waiting == len(ALERTS)
        assert any("no answer within 0.3 s" in one for one in said)


def test_what_was_not_told_waits_for_the_next_run(tmp_path: Path) -> None:
    with delivering(tmp_path, hook("http://127.0.0.1:1/")) as delivery:
        delivery.put(ALERTS)
        assert not delivery.drain(0.1)
    with receiving() as receiver:
        with delivering(tmp_path, hook(receiver.url)) as delivery:
            assert delivery.drain(PATIENCE)
        assert receiver.ids == IDS, "though nobody found them again"


def test_a_certificate_that_nobody_vouches_for_is_not_believed(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    said: list[str] = []
    with receiving() as receiver:
        receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
        with delivering(tmp_path, hook(receiver.url.replace("http:", "https:")), said=said) as delivery:
            delivery.put([ALERT])
            assert not delivery.drain(0.5)
        assert receiver.got == []
    assert "its certificate is not one that is trusted here" in said[0]


def test_lines_are_added_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "alerts.ndjson"
    path.write_bytes(b'{"cut')
    with delivering(tmp_path, Sink(NDJSON, "file", str(path))) as delivery:
        delivery.put(ALERTS)
        assert delivery.drain(PATIENCE)
    lines = path.read_bytes().split(b"\n")
    assert lines[0] == b'{"cut'
    assert [orjson.loads(line)["id"] for line in lines[1:-1]] == IDS


def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with delivering(tmp_path, Sink(NDJSON, "file", str(tmp_path / "folder" / "to" / "it"))) as delivery:
        delivery.put([ALERT])
        assert not delivery.drain(0.2)
        (tmp_path / "folder" / "to").mkdir()
        assert delivery.drain(PATIENCE)


@pytest.mark.skipif(alertmanager_program is None, reason="no Alertmanager")
def test_the_real_alertmanager_has_each_alert_once(tmp_path: Path) -> None:
    hostile = replace(
        ALERT, subject="x\n\"}{'\u202e" + "y" * 900, subject_kind="user", title="<b>\x00", evidence=("\x1b[2J",)
    )
    given = [*ALERTS[:2], replace(hostile, key="k")]
    with alertmanager(tmp_path) as url:
        for name in ("one", "two"):  # told a second time, as after a kill
            sink = Sink(ALERTMANAGER, name, url, link="https://whofrom.example.org/{id}")
            with delivering(tmp_path, sink) as delivery:
                delivery.put(given)
                assert delivery.drain(PATIENCE)
                assert delivery.counts()[name].sent == len(given)
        found = {one["labels"]["id"]: one for one in alerts_of(url)}
        assert found.keys() == {one.fingerprint for one in given}
        assert len(alerts_of(url)) == len(given)
        first = found[IDS[0]]
        assert first["status"]["state"] == "active"
        assert first["generatorURL"] == f"https://whofrom.example.org/{IDS[0]}"
        assert first["annotations"]["summary"] == ALERT.title


def test_a_second_process_is_told_who_has_the_sink(tmp_path: Path) -> None:
    first = Journal(str(tmp_path), "hook", "whofrom watch")
    with pytest.raises(LakeFault, match=r"whofrom watch \(process \d+\) tells hook"):
        Journal(str(tmp_path), "hook", "whofrom alerts", wait=0.1)
    Journal(str(tmp_path), "other", "whofrom alerts", wait=0.1).close()
    first.close()
    Journal(str(tmp_path), "hook", "whofrom alerts", wait=0.1).close()


def test_a_journal_that_was_cut_anywhere_is_read(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path), "hook", "test")
    journal.add(ALERTS)
    journal.end(IDS[:2], "sent")
    journal.close()
    path = tmp_path / "alerts" / "hook.ndjson"
    whole = path.read_bytes()
    for size in (*range(0, len(whole), 97), len(whole)):
        path.write_bytes(whole[:size])
        journal = Journal(str(tmp_path), "hook", "test")
        known = {one.alert.fingerprint for one in journal.pending()} | {name for name in IDS if journal.ended(name)}
        assert known == set(IDS[: whole[:size].count(b'"found"' + b"") - _cut(whole[:size])])
        assert [one.alert.fingerprint for one in journal.add(ALERTS)] == [name for name in IDS if name not in known]
        journal.close()


def _cut(data: bytes) -> int:
    return data.rpartition(b"\n")[2].count(b'"found"')


def test_a_journal_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.alerts.journal.MIN_COMPACT_BYTES", 1 << 14)
    monkeypatch.setattr("pipeline.alerts.journal.MAX_KEPT", 100)
    journal = Journal(str(tmp_path), "hook", "test")
    many: Callable[[int], Alert] = lambda number: replace(ALERT, key=str(number))  # noqa: E731
    for number in range(0, 1000, 10):
        new = [many(number + one) for one in range(10)]
        journal.add(new)
        journal.end([one.fingerprint for one in new], "sent")
    assert (tmp_path / "alerts" / "hook.ndjson").stat().st_size < 1 << 17
    journal.close()
    journal = Journal(str(tmp_path), "hook", "test")
    assert journal.ended(many(999).fingerprint) == "sent"
    assert journal.ended(many(0).fingerprint) is None
    journal.close()
    assert many(999).fingerprint in told(str(tmp_path), "hook")


def test_what_is_old_is_forgotten_or_given_up(tmp_path: Path) -> None:
    (tmp_path / "alerts").mkdir()
    journal = Journal(str(tmp_path), "hook", "test")
    journal.add(ALERTS[:2])
    journal.end(IDS[:1], "sent")
    journal.close()
    path = tmp_path / "alerts" / "hook.ndjson"
    year = datetime.now(UTC).isoformat()[:10].encode()
    path.write_bytes(
        path.read_bytes().replace(year, (datetime.now(UTC) - KEPT - timedelta(days=1)).isoformat()[:10].encode())
    )
    said: list[str] = []
    with receiving() as receiver, delivering(tmp_path, hook(receiver.url), said=said) as delivery:
        assert delivery.drain(PATIENCE)
        assert receiver.got == []
    assert said[0].endswith(f"an alert was given up: {IDS[1]}")
    assert told(str(tmp_path), "hook")[IDS[1]] == GAVE_UP
