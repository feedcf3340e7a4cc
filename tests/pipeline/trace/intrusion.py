"""
An intrusion from its first look to the login, among people who read pages: whose stages and times are known.

The site is shop.example.com behind one balancer, 10.0.0.7; the intruder is INTRUDER, in a network where a second
source looks around, too. `python -m tests.pipeline.trace.intrusion DIR` makes the lake of docs/how-to/trace.md,
and a TOML.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.lake import Lake, rejects_of
from pipeline.lake.mark import Mark
from pipeline.rows import REJECT_SCHEMA
from tests.pipeline.conftest import table_of

START = datetime(2026, 3, 2, 3, tzinfo=UTC)
INTRUDER, SECOND, BALANCER, READER = "203.0.113.66", "203.0.113.70", "10.0.0.7", "81.2.69.160"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
SQLMAP = "sqlmap/1.8#stable (https://sqlmap.org)"
PROBES = ("/wp-login.php", "/wp-admin/", "/admin/", "/backup.zip", "/old/", "/test/", "/tmp/", "/db/", "/dev/",
          "/api/v1/", "/manager/html", "/console/")  # fmt: skip
# stage -> (minutes after START of its first request, how many)
STAGES = {
    "recon": (0, len(PROBES)),
    "enumeration": (5, 2),
    "exploit": (10, 20),
    "success": (14, 1),
    "webshell": (21, 3),
    "guessing": (30, 7),
    "login": (37, 1),
}


def rows() -> list[dict[str, Any]]:
    """The rows of the lake, in order of time."""
    return sorted([*_intruder(), *_second(), *_people()], key=lambda row: row["ts"])


def request(minutes: float, client: str, target: str, status: int, **more: Any) -> dict[str, Any]:
    """A row; what its header says of the client is what the balancer wrote."""
    forwarded = more.pop("forwarded", client)
    agent = more.get("user_agent", FIREFOX)
    return {
        "ts": START + timedelta(minutes=minutes), "client_ip": client, "peer_ip": BALANCER, "method": "GET",
        "target": target, "status": status, "host": "shop.example.com", "protocol": "HTTP/1.1", "user_agent": agent,
        "client_source": "x-forwarded-for", "client_reason": "rightmost-untrusted", "policy": "0123456789ab",
        "headers": [("host", ["shop.example.com"]), ("user-agent", [agent]), ("x-forwarded-for", [forwarded])],
        "response_bytes": 5000, "signatures": [], "source": "access.log", "source_offset": int(minutes * 6000),
        "country": "NL", "city": "Amsterdam", "asn": 64496, "as_org": "Example Hosting", **more,
    }  # fmt: skip


def _intruder() -> Iterator[dict[str, Any]]:
    for n, path in enumerate(PROBES):
        yield request(n / 60, INTRUDER, path, 404, user_agent="Mozilla/5.0 zgrab/0.x", response_bytes=153)
    for n, path in enumerate(("/.env", "/.git/config")):
        yield request(5 + n / 60, INTRUDER, path, 403, signatures=["sensitive-dotfile"])
    for n in range(20):
        yield request(
            10 + n / 10, INTRUDER, f"/item?id={n}%27+OR+1%3D1--", 500, user_agent=SQLMAP, signatures=["sqli-tautology"],
            forwarded=f"127.0.0.1, {INTRUDER}",
        )  # fmt: skip
    yield request(
        14, INTRUDER, "/item?id=1+UNION+SELECT+password+FROM+users", 200, user_agent=SQLMAP, response_bytes=91_000,
        signatures=["sqli-union"],
    )  # fmt: skip
    yield request(20, INTRUDER, "/upload.php", 200, method="POST")
    for n, command in enumerate(("id", "uname+-a", "cat+/etc/passwd")):
        yield request(21 + n / 2, INTRUDER, f"/files/x9.php?c={command}", 200, response_bytes=60 + n)
    for n in range(7):
        yield request(30 + n, INTRUDER, "/login", 401, method="POST", user="admin", login="failure")
    yield request(37, INTRUDER, "/login", 302, method="POST", user="admin", login="success")
    yield request(38, INTRUDER, "/account", 200, user="admin")


def _second() -> Iterator[dict[str, Any]]:
    for n in range(12):
        yield request(2 + n / 60, SECOND, f"/cgi-bin/{n}.cgi", 404)


def _people() -> Iterator[dict[str, Any]]:
    for n in range(60):
        yield request(n, READER, ("/", "/item?id=7", "/upload.php", "/account")[n % 4], 200, country="GB", user="carol")
    yield request(1, READER, "/files/x9.php", 404)  # a link that somebody mistyped: it was not there before
    yield request(3, "2001:db8:1:ffff::1", "/", 200, country=None)
    for n in range(20):  # without a crowd nobody can say which page is usual
        yield request(n, f"81.2.70.{n}", "/", 200, country="GB")


def make(folder: Path) -> None:
    """Make a lake, and the TOML of the site, in a folder."""
    lake = Lake(str(folder / "lake"))
    rejects = rejects_of({field.name: [] for field in REJECT_SCHEMA})
    lake.commit(lake.write(table_of(rows())), rejects, "access.log", Mark(1, 0), None)
    (folder / "whofrom.toml").write_text(f'[trust]\nranges = ["{BALANCER}"]\n')


if __name__ == "__main__":
    make(Path(sys.argv[1]))
