"""
Faults, on real processes: workers killed, readers of the log stopped, disks full, an end under load, rotation.

Each test asks under load and matches answers and records one to one afterwards. Numbers are small, so that CI can run
them; `python -m benchmarks.soak --faults` does the same at full size.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.echo.server.faults import (
    COMMAND,
    ENOUGH_SECONDS,
    ROOT,
    Load,
    assert_matched,
    read_log,
    reading,
    serving,
    until,
)

FLUSH_SECONDS = 0.05  # --log-flush by default: what kill -9 may lose
SLACK_SECONDS = 0.5  # for a machine that is busy with other things
PAUSE_SECONDS = 1.5  # for which a reader is stopped, a disk is full
SMALL_BUFFER = "256KiB"


# --- killed workers ---------------------------------------------------------------------------------------------------


def test_a_killed_worker_loses_its_last_moment_at_most(tmp_path):
    """Others answer meanwhile, another is started, and only answers of the last flush interval have no record."""
    log = tmp_path / "log"
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server:
        with Load(server.port, 8, pad=20_000) as load:
            killed, logged = [], 0.0
            for _ in range(3):
                load.until_more(150)
                until(
                    lambda before=logged: server.metric("whofrom_log_records_total") > before, "records are counted on"
                )
                logged = server.metric("whofrom_log_records_total")
                victim = server.workers()[0]
                killed.append(time.monotonic())
                os.kill(victim, signal.SIGKILL)
                load.until_more(50)
                until(lambda gone=victim: len(set(server.workers()) - {gone}) == 2, "another worker was started")
        assert server.metric("whofrom_worker_restarts_total") == 3
        assert server.metric("whofrom_connections_open") == 1
        assert server.stop() == 0
    found = read_log(log)
    lost = load.answered.keys() - found.ids.keys()
    late = [
        (name, round(load.answered[name] - at, 3))
        for name in lost
        for at in [max((one for one in killed if one <= load.answered[name] + SLACK_SECONDS), default=0)]
        if not -FLUSH_SECONDS - SLACK_SECONDS < load.answered[name] - at < SLACK_SECONDS
    ]
    assert not late, late
    assert len(found.torn) <= 3, found.torn
    assert found.ids.keys() <= load.sent
    assert max(found.ids.values()) == 1


def test_the_log_of_a_killed_server_is_continued_on_a_new_line(tmp_path):
    """A line torn when all processes were killed at once stands alone in the log of the next server."""
    log = tmp_path / "log"
    log.write_bytes(b'{"v":1}\n{"v":1,"torn":"')
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server:
        for _ in range(4):
            server.get("/bench")
        assert server.stop() == 0
    lines = log.read_bytes().splitlines()
    assert lines[:2] == [b'{"v":1}', b'{"v":1,"torn":"']
    assert [json.loads(line)["target"] for line in lines[2:]] == ["/bench"] * 4


def test_workers_end_when_the_supervisor_is_killed(tmp_path):
    """Nobody would start them again or tell them to stop: they finish what is in hand, log it and leave the port."""
    log = tmp_path / "log"
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server, Load(server.port, 4) as load:
        load.until_more(50)
        workers = server.workers()
        server.process.kill()
        server.process.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the workers ended")
        load.finish()
    assert_matched(load, read_log(log))


# --- readers of the log that stop -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pipe", "fifo"])
@pytest.mark.parametrize("full", ["block", "drop"])
def test_a_stopped_reader(tmp_path, kind, full):
    """Under `block` answers stop, memory does not grow, nothing is lost; under `drop` they go on, and losses add up."""
    taken = tmp_path / "taken"
    flags = ["--workers", "2", "--log-full", full, "--log-buffer", SMALL_BUFFER, "--log-flush", "10ms"]
    if kind == "fifo":
        os.mkfifo(tmp_path / "fifo")
        source, stdout = fifo_ends(tmp_path / "fifo")
        flags += ["--log", str(tmp_path / "fifo")]
    else:
        source, stdout = os.pipe()
    with reading(source, taken) as reader:
        with serving(tmp_path, *flags, stdout=stdout) as server:
            os.close(stdout)
            os.close(source)
            with Load(server.port, 8, pad=8000) as load:
                load.until_more(50)
                reader.stop()
                stopped = time.monotonic()
                if full == "block":
                    load.until_stalled()
                    held, before = len(load.answered), server.resident()
                    time.sleep(max(0.0, stopped + PAUSE_SECONDS - time.monotonic()))
                    assert len(load.answered) == held
                    assert server.resident() - before < 4 << 20
                else:
                    load.until_more(300)
                    time.sleep(max(0.0, stopped + PAUSE_SECONDS - time.monotonic()))
                    load.until_more(50)
                reader.go_on()
                load.until_more(50)
            if full == "drop":  # put where /metrics reads it once a second
                until(
                    lambda: told_of(taken) == server.metric("whofrom_log_dropped_total") > 0, "all dropped are counted"
                )
            assert server.stop() == 0
        reader.end()
    log = read_log(taken)
    if full == "block":
        assert_matched(load, log)
        return
    assert not log.torn
    assert max(log.ids.values()) == 1
    assert len(load.answered) == len(log.ids) + log.dropped


def told_of(path):
    """Return how many dropped records a log that is being written tells of."""
    return sum(map(int, re.findall(rb'"error":"(\d+) records before this one were dropped', path.read_bytes())))


def answered_of(path):
    """Return how many records of requests are in a log that is being written."""
    return path.read_bytes().count(b'"target":"/bench"')


def fifo_ends(path):
    """Return both ends of a FIFO; its reader comes to the end when all writers have gone, as with a pipe."""
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)
    os.set_blocking(reader, True)
    return reader, writer


def test_what_was_dropped_is_told_without_another_request(tmp_path):
    """Once there is room the log says how much it lost, be it that nobody asks any more."""
    taken = tmp_path / "taken"
    source, stdout = os.pipe()
    with reading(source, taken) as reader:
        flags = ("--workers", "1", "--log-full", "drop", "--log-buffer", SMALL_BUFFER)
        with serving(tmp_path, *flags, stdout=stdout) as server:
            os.close(stdout)
            os.close(source)
            reader.stop()
            with Load(server.port, 4, pad=20_000, pause=0) as load:
                load.until_more(100)
            time.sleep(5 * FLUSH_SECONDS)  # no line is gathered any more that would take the news with it
            reader.go_on()
            until(lambda: told_of(taken) + answered_of(taken) == len(load.answered), "it is told")
            assert told_of(taken)


# --- disks ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """Return a folder and the command that starts a program which sees 4 MiB of disk there, most of it taken."""
    folder = tmp_path / "disk"
    folder.mkdir()
    script = (
        f"mount -t tmpfs -o size=4m none '{folder}' && head -c 3800000 /dev/zero >'{folder}/ballast' && exec \"$@\""
    )
    for flags in (["-m"], ["-rm"]):
        before = ("unshare", *flags, "sh", "-c", script, "sh")
        if (
            shutil.which("unshare")
            and not subprocess.run([*before, "true"], check=False, capture_output=True).returncode
        ):
            return folder, before
    return pytest.skip("no tmpfs can be mounted here, not even in a namespace of its own")


@pytest.mark.parametrize("full", ["block", "drop"])
def test_a_full_disk(tmp_path, small_disk, full):
    """Once room is made what was held is written: all of it under `block`; what was lost under `drop` adds up."""
    folder, before = small_disk
    log = folder / "log"
    flags = ("--workers", "2", "--log", str(log), "--log-full", full, "--log-buffer", SMALL_BUFFER)
    with serving(tmp_path, *flags, before=before) as server:
        inside = Path(f"/proc/{server.process.pid}/root{folder}")
        kept = os.open(inside / "log", os.O_RDONLY)  # what keeps the disk when the server is gone
        with Load(server.port, 8, pad=4000) as load:
            until(lambda: "No space left on device" in server.errors.read_text(), "the disk is full")
            if full == "block":
                load.until_stalled()
            else:
                load.until_more(300)
            (inside / "ballast").unlink()
            load.until_more(20)
        assert server.stop() == 0
        taken = tmp_path / "taken"
        taken.write_bytes(os.pread(kept, 1 << 22, 0))
        os.close(kept)
    assert server.errors.read_text().count("No space left on device") <= 2 * 2  # once a worker and time
    found = read_log(taken)
    if full == "block":
        assert_matched(load, found)
        return
    assert not found.torn
    assert found.dropped > 0
    assert len(load.answered) == len(found.ids) + found.dropped


def test_a_full_disk_and_rotation(tmp_path, small_disk):
    """A log that cannot be written is begun elsewhere: a line of which the old file has a piece is in the new one."""
    folder, before = small_disk
    log, other = folder / "log", tmp_path / "elsewhere"
    with serving(tmp_path, "--workers", "2", "--log", str(log), "--log-buffer", SMALL_BUFFER, before=before) as server:
        inside = Path(f"/proc/{server.process.pid}/root{folder}")
        with Load(server.port, 8, pad=4000) as load:
            until(lambda: "No space left on device" in server.errors.read_text(), "the disk is full")
            load.until_stalled()
            (inside / "log").rename(inside / "log.1")
            (inside / "log").symlink_to(other)
            server.tell(signal.SIGHUP)
            load.until_more(50)
        kept = os.open(inside / "log.1", os.O_RDONLY)
        assert server.stop() == 0
        data = os.pread(kept, 1 << 22, 0)
        os.close(kept)
    piece = data[data.rfind(b"\n") + 1 :]
    (tmp_path / "first").write_bytes(data[: len(data) - len(piece)])
    assert_matched(load, read_log(tmp_path / "first", other))


# --- the end ----------------------------------------------------------------------------------------------------------


def test_sigterm_under_load(tmp_path):
    """Not ready, but serving; then what is in hand is finished, pipelined or not; all that was answered is logged."""
    log = tmp_path / "log"
    with serving(tmp_path, "--workers", "2", "--log", str(log), "--drain", "3s") as server:
        waited, behind = [], b"GET /bench?behind HTTP/1.1\r\nHost: h\r\n\r\n" * 2

        def wait_long():
            waited.append(server.send(b"GET /?wait=3800ms HTTP/1.1\r\nHost: h\r\n\r\n" + behind))

        in_flight = threading.Thread(target=wait_long)
        with Load(server.port, 8, keeps_heads=True) as load:
            load.until_more(100)
            in_flight.start()
            until(lambda: server.metric("whofrom_connections_open") == 10, "the long request is in flight")
            told = time.monotonic()
            server.tell(signal.SIGTERM)
            until(lambda: b" 503 " in server.get("/readyz")[:15], "it is not ready", 2.9)
            assert b" 503 " in server.get("/health")[:15]
            assert b" 200 " in server.get("/livez")[:15]
            seen = time.monotonic()
            load.until_more(50)
            assert server.process.wait(ENOUGH_SECONDS) == 0
            assert time.monotonic() - told > 3.0
        in_flight.join(ENOUGH_SECONDS)
    assert waited[0].count(b"HTTP/1.1 200 OK\r\n") == 3
    assert waited[0].count(b"\r\nConnection: close\r\n") == 1
    late = [name for name, at in load.answered.items() if at > seen + SLACK_SECONDS]
    assert late
    assert all(b"\r\nConnection: close\r\n" in load.heads[name] for name in late)
    found = read_log(log)
    assert_matched(load, found)
    long = [record for record in found.others if record["target"] in ("/?wait=3800ms", "/bench?behind")]
    assert [record["error"] for record in long] == [None] * 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_right_at_the_start(tmp_path, number):
    """A worker that is only just starting is told as well, and ends as it should."""
    with serving(tmp_path, "--workers", "2", "--log", "off") as server:
        assert server.stop(number) == 0


def test_a_closed_stdout_is_refused(tmp_path):
    """The listening socket would take its number, and records would go to it."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "-port", "0"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=ENOUGH_SECONDS,
    )
    assert done.returncode == 3
    assert b"stdout is closed" in done.stderr


def test_signals_again_and_again(tmp_path):
    """Who is impatient, or rotates the log meanwhile, does not spoil the exit code."""
    log = tmp_path / "log"
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server:
        with Load(server.port, 4) as load:
            load.until_more(50)
            while server.process.poll() is None:
                for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                    server.process.send_signal(number)
                time.sleep(0.001)
        assert server.process.returncode == 0
    assert_matched(load, read_log(log))


# --- rotation ---------------------------------------------------------------------------------------------------------


def test_rotation_under_load(tmp_path):
    """The log moved away and opened again, three times: the files together hold every record once."""
    log = tmp_path / "log"
    rotated = []
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server:
        with Load(server.port, 8) as load:
            for turn in range(3):
                load.until_more(100)
                rotated.append(log.rename(tmp_path / f"log.{turn}"))
                server.tell(signal.SIGHUP)
                until(lambda: log.exists() and log.stat().st_size, "the log is opened again")
        assert server.stop() == 0
    assert_matched(load, read_log(*rotated, log))


def test_a_file_opened_again_that_is_the_same(tmp_path):
    """SIGHUP without a rotation changes nothing."""
    log = tmp_path / "log"
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server:
        with Load(server.port, 8) as load:
            for _ in range(20):
                load.until_more(10)
                server.tell(signal.SIGHUP)
        assert server.stop() == 0
    assert_matched(load, read_log(log))


def test_nobody_keeps_a_rotated_log(tmp_path):
    """No process holds the old file, which would take the disk's room for ever; nor does a worker started later."""
    log = tmp_path / "log"
    with serving(tmp_path, "--workers", "2", "--log", str(log)) as server:
        server.get("/bench")
        until(lambda: log.stat().st_size, "there is a record")
        log.rename(tmp_path / "old")
        server.tell(signal.SIGHUP)
        processes = [server.process.pid, *server.workers()]
        until(lambda: not any(holds(pid, tmp_path / "old") for pid in processes), "nobody holds the old file")
        victim = server.workers()[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(set(server.workers()) - {victim}) == 2, "another worker was started")
        for _ in range(20):
            server.get("/bench?new")
        assert server.stop() == 0
    assert b"?new" not in (tmp_path / "old").read_bytes()
    assert log.read_bytes().count(b'"/bench?new"') == 20


def holds(pid, path):
    """Return whether a process has a file open."""
    return any(link.resolve() == path for link in Path(f"/proc/{pid}/fd").iterdir())


# --- many at once -----------------------------------------------------------------------------------------------------


def test_long_records_of_several_workers_on_one_pipe(tmp_path):
    """Records of 100 KB, far beyond PIPE_BUF, are never interleaved."""
    taken = tmp_path / "taken"
    source, stdout = os.pipe()
    with reading(source, taken) as reader:
        with serving(tmp_path, "--workers", "4", "--log-flush", "1ms", stdout=stdout) as server:
            os.close(stdout)
            os.close(source)
            with Load(server.port, 8, pad=100_000, pause=0) as load:
                load.until_more(300)
            assert server.stop() == 0
        reader.end()
    assert_matched(load, read_log(taken))


def test_many_slow_connections(tmp_path):
    """Hundreds that never finish a head keep nobody waiting, are told 408, and have a record each."""
    log, count = tmp_path / "log", 300
    with serving(tmp_path, "--workers", "2", "--log", str(log), "--header-timeout", "1s") as server:
        slow = []
        try:
            for number in range(count):
                slow.append(socket.create_connection(("127.0.0.1", server.port), timeout=ENOUGH_SECONDS))
                slow[-1].sendall(b"GET /slow-%d HTT" % number)
            with Load(server.port, 4) as load:
                load.until_more(100)
                answers = [b"".join(iter(lambda one=one: one.recv(1 << 16), b"")) for one in slow]
                load.until_more(100)
        finally:
            for one in slow:
                one.close()
        assert server.metric('whofrom_timeouts_total{timeout="header"}') == count
        assert server.stop() == 0
    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 408 "] * count
    found = read_log(log)
    assert_matched(load, found)
    assert sum(record["status"] == 408 for record in found.others) == count
