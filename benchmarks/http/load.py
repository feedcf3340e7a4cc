"""wrk as the load: closed loop, keep-alive, one thread, requests from a file."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http.cores import Cores, on_core

SCRIPT = """
local requests, count, at = {}, 0, 0

function init(args)
   local file, length = assert(io.open(args[1], "rb")), tonumber(args[2])
   local request = file:read(length)
   while request do
      count = count + 1
      requests[count] = request
      request = file:read(length)
   end
   file:close()
end

function request()
   at = at % count + 1
   return requests[at]
end

function done(summary, latency, _)
   local errors = summary.errors
   local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
   io.write(string.format('\\n{"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d}\\n',
      summary.requests, summary.duration, summary.bytes, failed))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk counted."""

    requests: int
    microseconds: int
    bytes: int
    failed: int

    @property
    def rate(self) -> float:
        """Return requests a second."""
        return self.requests / self.microseconds * 1e6


def write_script(folder: Path) -> Path:
    """Write wrk's script into a folder, return its path."""
    path = folder / "load.lua"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def run_wrk(script: Path, requests: Path, length: int, port: int, connections: int, seconds: int, cores: Cores) -> Load:
    """Ask a port for some seconds. Raises RuntimeError where an answer was not 2xx or did not come."""
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("wrk is not installed (Debian: apt install wrk)")
    command = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}/"]
    command += ["--", str(requests), str(length)]
    with on_core(cores.client):
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 20)
    load = Load(**json.loads(done.stdout.splitlines()[-1]))
    if load.failed or not load.requests:
        raise RuntimeError(f"port {port}: {load.failed} of {load.requests} requests failed")
    return load
