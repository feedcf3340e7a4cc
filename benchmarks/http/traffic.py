"""
What is asked: requests that differ in id, forwarded chain and browser, and agree in length.

Equal lengths make equal bodies where the body repeats the request, so that candidates can be compared with a fixed one.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

DISTINCT = 1 << 16  # requests a run goes round in; another set is drawn for each run
TARGETS = ("/", "/api", "/bench", "/explain")
# First octets of public addresses: each of three digits, none with a special-purpose range in it.
PUBLIC = (*range(130, 169), *range(173, 192), *range(204, 224))
TEMPLATE = (
    "GET {target} HTTP/1.1\r\n"
    "Host: whoami.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{browser}.0.0.0\r\n"
    "Accept: */*\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.9\r\n"
    "X-Forwarded-For: {client}, {proxy}\r\n"
    "X-Forwarded-Proto: https\r\n"
    "X-Request-Id: {id}\r\n"
    "\r\n"
)


def requests(target: str, seed: int, count: int = DISTINCT) -> list[bytes]:
    """Return requests for a target, all of one length, no two alike."""
    random = Random(seed)
    return [
        TEMPLATE.format(
            target=target,
            browser=random.randrange(100, 140),
            client=f"{random.choice(PUBLIC)}.{_octets(random)}",
            proxy=f"10.{_octets(random)}",
            id=f"{random.getrandbits(128):032x}",
        ).encode()
        for _ in range(count)
    ]


def write_requests(path: Path, target: str, seed: int) -> int:
    """Write requests to a file, one after another; return the length of each."""
    made = requests(target, seed)
    path.write_bytes(b"".join(made))
    return len(made[0])


def _octets(random: Random) -> str:
    bits = random.getrandbits(21)
    return f"{100 + (bits & 127)}.{100 + (bits >> 7 & 127)}.{100 + (bits >> 14)}"
