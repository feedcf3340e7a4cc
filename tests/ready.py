"""
`whofrom`, ready to be called: a process that has imported all of it forks one for each call.

To import DuckDB, Arrow and Delta takes longer than most of what is asked, and pages alone call whofrom some 250 times.
A call is a process of its own with the caller's streams, folder and environment, as it would be; what differs is that
its modules are there. How whofrom itself is started, other tests try; what stays (`serve`, `watch`, `--follow`) is
started so here too.

    bash → the program that `install` writes → socket: argv, folder, environment, streams → fork → `pipeline.cli.main`

1. The one that forks has done nothing but import, and has no thread but an allocator's, which sees to forks itself.
2. Ctrl-C and SIGTERM are passed on; a call whose caller is gone is killed.
3. It ends with the process that started it.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from pipeline.completion import VARIABLE

ROOT = Path(__file__).parents[1]

READY = (
    "explain", "probe", "topology", "ingest", "regions", "logins", "attacks", "trace", "alerts", "blocklist", "sql",
    "rejects", "lake",
)  # fmt: skip
ALLOCATORS = "jemalloc_bg_thd"
STREAMS = 3
MAX_CALL_BYTES = 1 << 20
PROGRAM = """#!{python} -IS
import os, sys
if {completes} in os.environ or sys.argv[1:2] and sys.argv[1] in {ready} and "--follow" not in sys.argv:
    import marshal, signal
    from _socket import AF_UNIX, SCM_RIGHTS, SOCK_SEQPACKET, SOL_SOCKET, socket
    calls = socket(AF_UNIX, SOCK_SEQPACKET)
    calls.connect({place})
    mask = os.umask(0)
    said = marshal.dumps((sys.argv, os.getcwd(), mask, dict(os.environ)))
    streams = b"".join(one.to_bytes(4, sys.byteorder) for one in range({streams}))
    calls.sendmsg([said], [(SOL_SOCKET, SCM_RIGHTS, streams)])
    called = int(calls.recv(16))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(called, number))
    code = int(calls.recv(16) or 255)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
os.execv({whofrom}, ["whofrom", *sys.argv[1:]])
"""


def install(folder: Path) -> Path:
    """Write a program `whofrom` to a folder, and return its path."""
    program = folder / "whofrom"
    values = {
        "python": sys.executable, "ready": READY, "completes": repr(VARIABLE), "place": repr(_forking()),
        "streams": STREAMS, "whofrom": repr(str(Path(sys.executable).parent / "whofrom")),
    }  # fmt: skip
    program.write_text(PROGRAM.format(**values), encoding="utf-8")
    program.chmod(0o755)
    return program


@cache
def _forking() -> str:
    """Start what forks, once a process of tests, and return where it is called."""
    folder = tempfile.TemporaryDirectory(prefix="whofrom-ready-")
    place = f"{folder.name}/calls"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ready", place], cwd=ROOT, env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"

    def end() -> None:
        process.communicate()
        folder.cleanup()

    atexit.register(end)
    return place


def main(place: str) -> NoReturn:
    """Fork whenever called, until stdin ends."""
    from pipeline.cli import SUBCOMMANDS

    for name in READY:
        importlib.import_module(SUBCOMMANDS[name].module)
    for name in ("pipeline.engine.duckdb", "pipeline.ingest", "pipeline.installed"):
        importlib.import_module(name)
    others = {
        (task / "comm").read_text().strip()
        for task in Path("/proc/self/task").iterdir()
        if task.name != str(os.getpid())
    }
    assert others <= {ALLOCATORS}, others
    gc.freeze()
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: rule 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as calls:
        calls.bind(place)
        calls.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([calls, 0], [], [])
            if 0 in ready:
                break
            call, _ = calls.accept()
            if not os.fork():
                calls.close()
                _answer(call)
            call.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
    with contextlib.suppress(ChildProcessError):
        while os.wait():
            pass
    os._exit(0)


def _answer(call: socket.socket) -> NoReturn:
    """Run what is called in a process of its own, and tell how it ended."""
    said, ancillary, _, _ = call.recvmsg(MAX_CALL_BYTES, socket.CMSG_SPACE(STREAMS * array.array("i").itemsize))
    streams = array.array("i", ancillary[0][2])
    called = os.fork()
    if not called:
        call.close()
        _run(marshal.loads(said), streams)  # ours
    for one in streams:
        os.close(one)
    call.send(b"%d" % called)
    ended = os.pidfd_open(called)
    ready, _, _ = select.select([ended, call], [], [])
    if ended not in ready:
        os.kill(called, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(called, 0)[1])
    if ended in ready:
        call.send(b"%d" % code)
    os._exit(0)


def _run(call: tuple[list[str], str, int, dict[str, str]], streams: array.array[int]) -> NoReturn:
    """Be whofrom."""
    argv, folder, mask, environment = call
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        lasting = number == 2 or os.isatty(number)
        wrong = "backslashreplace" if number == 2 else "strict"
        file: Any = open(number, "w" if number else "r", encoding="utf-8", errors=wrong, buffering=1 if lasting else -1)  # noqa: PTH123, SIM115
        setattr(sys, name, file)
        setattr(sys, f"__{name}__", file)
    os.chdir(folder)
    os.umask(mask)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = argv
    code = 1
    try:
        importlib.import_module("pipeline.cli").main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
