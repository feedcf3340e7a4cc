"""
The process that starts the workers, and starts them again.

    SIGTERM        workers drain: they serve on for --drain seconds, not ready, then finish what is in hand
    SIGINT         workers finish what is in hand; so does SIGTERM a second time
    SIGHUP         workers open the log file again, and so does the supervisor, for those it will start
    worker hangs   at the end, it is killed
    worker dies    another is started in its place, after a pause that grows while workers die young

The supervisor serves nothing and holds no request: it can be waited for, killed and asked for its exit code like the
one process that whoami is. Workers notice when it dies (the pipe that they share with it ends) and stop.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from echo.verbose import say

FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.05, 5.0  # before a worker is started again
LATE_SECONDS = 10.0  # after all that a worker may take to end: then it hangs, and is killed
LONG_SECONDS = 3600.0  # between looks where nothing is due
OLD_SECONDS = 10.0  # a worker that lived so long did not die of how it was started
STOP, FINISH, REOPEN = signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP  # as the workers are told
_WAITED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(slots=True)
class Child:
    """A worker's process; pid 0: it is to be started at `due`."""

    pid: int = 0
    started: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS


def hold_signals() -> None:
    """Have signals wait until a supervisor takes them; else they kill, and a container's first process misses them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)


def release_signals() -> None:
    """Have signals do what they did before `hold_signals`, where no supervisor comes."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITED)


class Supervisor:
    """Runs `count` workers, each as `run(index)` in a process of its own, whose result is its exit code."""

    def __init__(
        self,
        count: int,
        run: Callable[[int, int], int],
        restarted: Callable[[int], None],
        stopping: Callable[[], None],
        reopening: Callable[[], None],
        *,
        patience: float,
    ) -> None:
        """
        `patience` is how many seconds workers may take to end.

        `run` is given the worker's index and the end of a pipe that ends with the supervisor. `restarted` is told the
        index of a worker that is started again, `stopping` that no worker will be, `reopening` that workers open the
        log again.
        """
        self._children = [Child() for _ in range(count)]
        self._run = run
        self._restarted = restarted
        self._stopping = stopping
        self._reopening = reopening
        self._told_to_stop = False
        self._failed = False
        self._patience_seconds = patience + LATE_SECONDS
        self._end = float("inf")  # when those that still run are killed

    def start(self) -> None:
        """Start the workers; signals wait until `wait` takes them."""
        hold_signals()
        self._alive, self._keep = os.pipe()
        for index in range(len(self._children)):
            self._fork(index)

    def wait(self) -> int:
        """Take signals until all workers have ended; return the exit code, 1 if one of them failed at its end."""
        while any(child.pid for child in self._children) or not self._told_to_stop:
            taken = signal.sigtimedwait(_WAITED, self._patience())
            if taken is not None:
                self._take(taken.si_signo)
            if time.monotonic() >= self._end:
                self._kill()
            self._reap()
            self._start_due()
        os.close(self._keep)
        os.close(self._alive)
        return int(self._failed)

    def _patience(self) -> float:
        due = [self._end] if self._told_to_stop else [child.due for child in self._children if not child.pid]
        return max(0.0, min([time.monotonic() + LONG_SECONDS, *due]) - time.monotonic())

    def _kill(self) -> None:
        for index, child in enumerate(self._children):
            if child.pid:
                say(f"Worker {index} (process {child.pid}) does not end; it is killed")
                os.kill(child.pid, signal.SIGKILL)
        self._end = float("inf")

    def _take(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._reopening()  # before the workers: the file is there when they have opened it, and has one owner
            self._tell(REOPEN)
        elif number in (signal.SIGTERM, signal.SIGINT):
            first = not self._told_to_stop
            self._told_to_stop = True
            if first:
                self._stopping()
                self._end = time.monotonic() + self._patience_seconds
            self._tell(STOP if first and number == signal.SIGTERM else FINISH)

    def _tell(self, number: int) -> None:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)

    def _reap(self) -> None:
        for index, child in enumerate(self._children):
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if not pid:
                continue
            now, child.pid = time.monotonic(), 0
            code = os.waitstatus_to_exitcode(status)
            if self._told_to_stop:
                self._failed = self._failed or code != 0
                continue
            lived = now - child.started
            child.pause = FIRST_PAUSE_SECONDS if lived > OLD_SECONDS else min(MAX_PAUSE_SECONDS, child.pause * 2)
            child.due = now + child.pause
            how = f"of signal {-code}" if code < 0 else f"with exit code {code}"
            say(f"Worker {index} (process {pid}) died {how}; another is started")
            self._restarted(index)

    def _start_due(self) -> None:
        if self._told_to_stop:
            return
        for index, child in enumerate(self._children):
            if not child.pid and child.due <= time.monotonic():
                self._fork(index)

    def _fork(self, index: int) -> None:
        sys.stderr.flush()
        signal.pthread_sigmask(signal.SIG_BLOCK, (FINISH,))  # the worker takes it when it can; it would die of it now
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (FINISH,))
            self._children[index].pid = pid
            self._children[index].started = time.monotonic()
            return
        code = 1
        try:
            os.close(self._keep)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the supervisor passes it on
            code = self._run(index, self._alive)
        except BaseException:  # nothing may return into what the supervisor was doing
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
