"""
`python -m tests.lab`: build the laboratory and leave it running, with commands to try.

A scenario's name at the prompt puts it up and makes its request. Ctrl-C or the end of input removes everything.
"""

import signal
import subprocess
import sys
from types import FrameType

from tests.lab.laboratory import Laboratory, missing
from tests.lab.namespaces import PREFIX, LabFault
from tests.lab.network import L4_VIP
from tests.lab.scenarios import ROWS, SETUPS, Row

FIRST = "1.4.1"
CURL_SECONDS = 5
COMMANDS = (
    ("ip netns list", "the machines"),
    (f"ip netns exec {PREFIX}client curl -s http://{L4_VIP}/", "what whoami would answer"),
    (f"ip netns exec {PREFIX}client curl -s http://{L4_VIP}/explain", "what whofrom says about it"),
    (f"ip netns exec {PREFIX}node11 iptables-save -t nat", "kube-proxy's rules there"),
    (f"ip netns exec {PREFIX}node17 conntrack -L", "the connections that it translates"),
    (f"ip netns exec {PREFIX}app-a tcpdump -nei eth0 port 80", "what arrives in the pod"),
)
HELP = """\
Type a scenario (3.4, or "1.4.2 node17") to put it up and make its request, ? for the list, Ctrl-D to remove everything.
While a scenario stands, in another terminal:
""" + "".join(f"  {command:66} {words}\n" for command, words in COMMANDS)


def main() -> int:
    """Run the prompt; the exit code is 2 where there can be no laboratory."""
    if reason := missing():
        sys.stderr.write(f"no laboratory here: {reason}\n")
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with Laboratory(patience=0) as lab:
            _list()
            sys.stdout.write(HELP)
            _try(lab, FIRST)
            while True:
                asked = input("lab> ").strip()
                if asked in {"?", "help"}:
                    _list()
                    sys.stdout.write(HELP)
                elif asked:
                    _try(lab, asked)
    except (EOFError, KeyboardInterrupt):
        sys.stdout.write("\nremoved\n")
    except LabFault as fault:
        sys.stderr.write(f"whofrom: error: {fault}\n")
        return 3
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _list() -> None:
    for setup in SETUPS:
        sys.stdout.write(f"{setup}\n")
        for row in ROWS:
            if row.setup == setup:
                sys.stdout.write(f"  {row.id:26} {row.words}\n")


def _try(lab: Laboratory, asked: str) -> None:
    rows = [row for row in ROWS if asked in {row.section, row.id}]
    if not rows:
        sys.stdout.write(f"no scenario {asked!r}: ? lists them\n")
    for row in rows:
        lab.use(row.setup)
        sys.stdout.write(f"\n# {row.section}: {row.words}\n$ {row.command}\n")
        sys.stdout.flush()
        if _curl(row):
            sys.stdout.write("(no answer)\n")


def _curl(row: Row) -> int:
    return subprocess.run([*row.argv, "--max-time", str(CURL_SECONDS)], check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
