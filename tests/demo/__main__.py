"""
Run the demo: start the server, send the traffic, ingest the log, print the answers, check what was planted.

Exit code 0 if every planted fact was found, 1 if not. Files stay in the folder demo/.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.demo import traffic

FOLDER = Path("demo")
CONFIG, LOG, LAKE = FOLDER / "whofrom.toml", FOLDER / "requests.ndjson", FOLDER / "lake"
WHOFROM = str(Path(sys.executable).parent / "whofrom")
CONCURRENT = 32
PIPE_COLUMNS = 118  # of the tables where the demo is not on a terminal


def say(text: str) -> None:
    print(text, flush=True)


def run(command: str, *, show: bool = True, most: int = 40) -> str:
    """Run a whofrom command as the user would type it, show command and output, and return its standard output."""
    env = {**os.environ, "COLUMNS": str(shutil.get_terminal_size((PIPE_COLUMNS, 24)).columns)}
    done = subprocess.run([WHOFROM, *shlex.split(command)], capture_output=True, text=True, check=False, env=env)
    if show:
        say(f"$ whofrom {command}")
        lines = (done.stdout + done.stderr).splitlines()
        for line in lines[:most]:
            say(f"  {line}")
        if len(lines) > most:
            say(f"  … {len(lines) - most} more lines")
        say("")
    if done.returncode:
        say(f"the command ended with {done.returncode}\n{done.stderr}")
        sys.exit(1)
    return done.stdout


def rows(command: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(f"{command} -o ndjson", show=False).splitlines()]


@contextmanager
def server() -> Iterator[int]:
    """Run `whofrom serve` on a free port of loopback; yield the port; stop it with SIGTERM and wait for its log."""
    command = f"serve --host 127.0.0.1 --port 0 --config {CONFIG} --log {LOG}"
    say(f"$ whofrom {command} &")
    with subprocess.Popen([WHOFROM, *shlex.split(command)], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = None
            for line in process.stderr:
                say(f"  {line.rstrip()}")
                found = re.search(r"Starting up on port (\d+)", line)
                if found:
                    break
            if found is None:
                say("the server did not start")
                sys.exit(1)
            yield int(found[1])
        finally:
            process.terminate()


async def send(port: int) -> tuple[int, str]:
    """Send all phases; return how many requests were answered with 200, and the /explain of the last client."""
    url = f"http://127.0.0.1:{port}"
    sessions = {
        source: aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(local_addr=(source, 0), limit=CONCURRENT),
            headers={"Host": "shop.example.com"},
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent", "Content-Type"),
        )
        for source in (traffic.INGRESS, traffic.STRANGER)
    }
    gate = asyncio.Semaphore(CONCURRENT)

    async def ask(request: traffic.Request) -> str | None:
        async with (
            gate,
            sessions[request.source].request(
                request.method, url + request.target, headers=request.headers, allow_redirects=False
            ) as answer,
        ):
            text = await answer.text()
            return text if answer.status == 200 else None

    try:
        answered = 0
        for phase in traffic.plan():
            answered += sum(text is not None for text in await asyncio.gather(*map(ask, phase)))
        explained = await ask(traffic.QUESTION)
    finally:
        for session in sessions.values():
            await session.close()
    return answered + (explained is not None), explained or ""


def facts(sent: int, explained: str, second: str) -> dict[str, bool]:
    """Return the planted facts and whether the answers hold them."""
    lake = f"--lake {LAKE}"
    countries = set(traffic.CLIENTS.values())
    (total,) = rows(f'sql {lake} "SELECT count(*) AS n, count(client_ip) AS resolved FROM requests"')
    clients = rows(f'sql {lake} "SELECT DISTINCT client_ip, country FROM requests"')
    placed = {row["client_ip"]: row["country"] for row in clients}
    seen = {row["country"] for row in rows(f"regions {lake}")}
    logins = {(row["rule"], row["subject"], row["sources"][0]) for row in rows(f"logins {lake}")}
    attackers = [row["source"] for row in rows(f"attacks {lake}")]
    admin = rows(f"sql {lake} \"SELECT peer_ip, client_ip, client_reason FROM requests WHERE target = '/admin'\"")
    forged = {(row["peer_ip"], row["client_ip"], row["client_reason"]) for row in admin}
    travel = ("impossible_travel", traffic.TRAVELLER, traffic.ABROAD)
    direct = (traffic.STRANGER, traffic.STRANGER, "peer-untrusted")
    chained = (traffic.INGRESS, traffic.FORGING_CLIENT, "rightmost-untrusted")
    return {
        f"every one of {sent:,} requests is a row with a client": (total["n"], total["resolved"]) == (sent, sent),
        "ingesting the log again adds nothing": "nothing new" in second,
        f"each of {len(traffic.CLIENTS)} clients is in its country": traffic.CLIENTS.items() <= placed.items(),
        "no other client appears": placed.keys() == {traffic.STRANGER, traffic.SCANNER, *traffic.CLIENTS},
        f"regions names all {len(countries)} countries": countries <= seen,
        f"{traffic.TRAVELLER} signed in from two continents within an hour": travel in logins,
        f"{traffic.COMMUTER}, who stayed at home, is left alone": all(
            user != traffic.COMMUTER for _, user, _ in logins
        ),
        f"the scanner {traffic.SCANNER} is the only attacker": attackers == [traffic.SCANNER],
        "the stranger's forged X-Forwarded-For was not believed": direct in forged,
        "nor the forged entry in front of the trusted chain": chained in forged,
        "and /explain names the client and the claim": traffic.FORGING_CLIENT in explained
        and traffic.FORGED in explained,
    }


def main() -> int:
    if FOLDER.exists():
        if not CONFIG.exists():
            say(f"{FOLDER}/ is there and is not the demo's; move it away")
            return 1
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()
    CONFIG.write_text(traffic.CONFIG)

    say("== 1. A server, and a few thousand requests through an L7 balancer and an ingress ==\n")
    with server() as port:
        sent, explained = asyncio.run(send(port))
    say(f"  {sent:,} requests answered\n")
    say("A client had forged an entry in front of the chain. What the server says of that request:\n")
    say(f"  GET /explain from {traffic.INGRESS}, X-Forwarded-For: {traffic.QUESTION.headers['X-Forwarded-For']}\n")
    for line in explained.splitlines():
        say(f"  {line}")

    say("\n== 2. The log becomes rows with a client and a place ==\n")
    ingest = f"ingest --lake {LAKE} --config {CONFIG} {LOG}"
    run(ingest)
    second = subprocess.run([WHOFROM, *shlex.split(ingest)], capture_output=True, text=True, check=True).stderr

    say("== 3. Where do requests come from? ==\n")
    run(f"regions --lake {LAKE} -o table --map --places 8", most=45)
    say("== 4. Did a user sign in from an unusual place? ==\n")
    run(f"logins --lake {LAKE} -o table")
    say("== 5. Who is attacking? ==\n")
    run(f"attacks --lake {LAKE} -o table")

    say("== What was planted, and was it found? ==\n")
    found = facts(sent, explained, second)
    for fact, true in found.items():
        say(f"  {'found  ' if true else 'MISSING'}  {fact}")
    say(f"\nThe log is {LOG}, the lake {LAKE}/, the trust policy {CONFIG}. Try:\n")
    say(f"  .venv/bin/whofrom regions --lake {LAKE} --by city --places 10")
    say(f'  .venv/bin/whofrom sql --lake {LAKE} "SELECT finding, client_reason, count(*) FROM requests GROUP BY ALL"')
    say(f"  .venv/bin/whofrom regions --lake {LAKE} --html demo/regions.html      # then open it in a browser")
    say(f"  .venv/bin/whofrom serve --port 8080 --config {CONFIG}      # then: curl localhost:8080/explain")
    return 0 if all(found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
