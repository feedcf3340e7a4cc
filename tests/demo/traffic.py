"""
The requests of the demo, as the article's ingress topology delivers them; pure data.

    client → L7 balancer (127.64.0.5) → ingress-nginx (127.18.0.90) → whofrom

Loopback addresses stand in for the article's 100.64.0.5 and 172.18.0.90, so the sockets are real: the server sees the
ingress as its peer and `client, balancer` in X-Forwarded-For. A stranger who reaches the pod directly speaks from
127.203.0.9. The clients are addresses of universities and research networks, which geo databases place well; nothing is
sent to them. The scanner has a documentation address, so that no real network is accused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

INGRESS, BALANCER, STRANGER = "127.18.0.90", "127.64.0.5", "127.203.0.9"
SEED = 7  # the same requests on every run

CONFIG = """\
[network]
ingress = ["127.18.0.90"]
load_balancers = ["127.64.0.0/16"]

[trust]
strategy = "rightmost-untrusted"
headers = ["X-Forwarded-For"]
ranges = ["ingress", "load_balancers"]

[[login]]
name = "shop"
path = "/login"
method = "POST"
user = "query:user"
"""

# network of clients -> country that DB-IP City Lite gives it, checked by the demo
NETWORKS = {
    "128.112.1.": "US", "141.20.1.": "DE", "139.18.1.": "DE", "130.92.1.": "CH", "129.67.1.": "GB", "131.111.8.": "GB",
    "138.231.1.": "FR", "133.11.0.": "JP", "166.111.4.": "CN", "143.248.1.": "KR", "137.132.1.": "SG",
    "129.94.1.": "AU", "143.107.1.": "BR", "132.248.1.": "MX", "137.158.1.": "ZA", "14.139.1.": "IN",
    "193.136.1.": "PT", "158.109.1.": "ES", "130.237.1.": "SE", "128.214.1.": "FI", "147.231.1.": "CZ",
    "140.112.1.": "TW", "197.136.1.": "KE", "146.83.1.": "CL", "132.205.1.": "CA", "2001:200::": "JP",
}  # fmt: skip
CLIENTS = {f"{network}{host}": country for network, country in NETWORKS.items() for host in range(1, 10)}
PAGES = (
    "/",
    "/products/7",
    "/products/12?ref=mail",
    "/cart",
    "/style.css",
    "/logo.png",
    "/api",
    "/search?q=hiking+boots",
)
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15",
    "curl/8.14.1",
)
ORDINARY = 3000

TRAVELLER, HOME, ABROAD, LOGINS_AT_HOME = "alice", "141.20.1.1", "137.132.1.1", 12
COMMUTER, COMMUTER_HOME = "bob", "138.231.1.1"
SCANNER = "203.0.113.66"
SCANNED = (
    "/.env", "/.git/config", "/.aws/credentials", "/.ssh/id_rsa", "/.htpasswd", "/wp-login.php", "/wp-config.php.bak",
    "/xmlrpc.php", "/config.php.old", "/backup.zip", "/dump.sql", "/phpmyadmin/index.php", "/server-status",
    "/actuator/env", "/solr/admin/info/system", "/cgi-bin/luci", "/manager/html", "/boaform/admin/",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php",
)  # fmt: skip
FORGED = "8.8.8.8"  # claimed by the stranger, and by one client in front of the trusted chain
FORGING_CLIENT = "193.136.1.1"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: who opens the connection, and what is sent."""

    source: str
    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)


def through_chain(client: str, method: str, target: str, agent: str, claimed: str = "") -> Request:
    """A request of client as the pod gets it: from the ingress, with the client and the balancer appended."""
    hops = [claimed] * bool(claimed) + [client, BALANCER]
    return Request(INGRESS, method, target, {"X-Forwarded-For": ", ".join(hops), "User-Agent": agent})


def plan() -> list[list[Request]]:
    """Return the requests in phases; each phase is sent concurrently after the one before has been answered."""
    random = Random(SEED)  # traffic, not secrets
    clients = list(CLIENTS)
    ordinary = [
        through_chain(random.choice(clients), "GET", random.choice(PAGES), random.choice(AGENTS))
        for _ in range(ORDINARY)
    ]
    home = [through_chain(HOME, "POST", f"/login?user={TRAVELLER}", AGENTS[0]) for _ in range(LOGINS_AT_HOME)]
    commuter = [
        through_chain(COMMUTER_HOME, "POST", f"/login?user={COMMUTER}", AGENTS[1]) for _ in range(LOGINS_AT_HOME)
    ]
    abroad = [through_chain(ABROAD, "POST", f"/login?user={TRAVELLER}", AGENTS[2])]
    scan = [through_chain(SCANNER, "GET", path, "Mozilla/5.0 zgrab/0.x") for path in SCANNED]
    forged = [
        Request(STRANGER, "GET", "/admin", {"X-Forwarded-For": FORGED, "User-Agent": AGENTS[2]}),
        through_chain(FORGING_CLIENT, "GET", "/admin", AGENTS[2], claimed=FORGED),
    ]
    return [ordinary, home + commuter, abroad, scan, forged]


QUESTION = through_chain(FORGING_CLIENT, "GET", "/explain", "curl/8.14.1", claimed=FORGED)
